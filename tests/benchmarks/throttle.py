"""A slow line: a proxy on the loopback that delays what passes and lets only so much through.

    python tests/benchmarks/throttle.py TO_PORT [BYTES_PER_SECOND] [ROUND_TRIP_SECONDS]

It says its own port in a line, and works until it is ended. Each direction has the rate and half of
the round trip. Like a modem it holds no more than a tenth of a second of what it has not yet sent;
what is more stays with the sender, as over a real line.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque

HELD_SECONDS = 0.1


async def pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: float, delay: float
) -> None:
    """Pass on what comes, at this rate and so much later."""
    loop = asyncio.get_running_loop()
    under_way: deque[tuple[float, bytes]] = deque()
    there = asyncio.Event()

    async def deliver() -> None:
        while True:
            await there.wait()
            while under_way:
                due, portion = under_way.popleft()
                await asyncio.sleep(max(0.0, due - loop.time()))
                writer.write(portion)
                await writer.drain()
            there.clear()

    delivery = asyncio.create_task(deliver())
    free = loop.time()
    try:
        while portion := await reader.read(max(256, int(rate * HELD_SECONDS / 8))):
            free = max(free, loop.time()) + len(portion) / rate
            under_way.append((free + delay, portion))
            there.set()
            await asyncio.sleep(max(0.0, free - loop.time() - HELD_SECONDS))
        await asyncio.sleep(delay)
    except ConnectionError:
        pass
    finally:
        delivery.cancel()
        writer.close()


async def main(port: int, rate: float, round_trip: float) -> None:
    """Listen, and connect each client to the port."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        await asyncio.gather(
            pump(reader, back, rate, round_trip / 2), pump(there, writer, rate, round_trip / 2)
        )

    server = await asyncio.start_server(connect, "127.0.0.1", 0, limit=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    to, *rest = sys.argv[1:]
    speed, trip = (float(word) for word in (*rest, *("65536", "0.1")[len(rest) :]))
    asyncio.run(main(int(to), speed, trip))
