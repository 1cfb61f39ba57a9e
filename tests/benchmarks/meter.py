"""A terminal that notes when each byte came: what the benchmarks of the screens measure with.

It answers the questions of the app as terminals do, at once, and keeps what it was sent with the
time at which it came. What the screen showed when is worked out afterwards, by an emulator, so that
emulating costs the measured app nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

QUESTION, ANSWER = b"\x1b[5n", b"\x1b[0n"
Holds = Callable[[str], bool]
APP = "from tui.cli import main; main()"


class ProgramEnded(Exception):
    """The program that is measured is no longer there."""


@dataclass
class Press:
    """A key that was pressed, and what the screen shows when it has had its effect."""

    when: float
    key: str
    holds: Holds


class Meter:
    """A program in a pseudo-terminal of this size."""

    def __init__(
        self, words: Sequence[str], home: Path, columns: int, rows: int, **environment: str
    ) -> None:
        self.columns, self.rows = columns, rows
        self.received: list[tuple[float, bytes]] = []
        self.presses: list[Press] = []
        usual = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
        env = {**usual, "TERM": "xterm-256color", **environment}
        if "CNN_TUI_DATA" in os.environ:
            env.setdefault("CNN_TUI_DATA", os.environ["CNN_TUI_DATA"])
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], list(words), env)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)
        self._end = threading.Event()
        self._has_ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        rest = b""
        while not self._end.is_set():
            try:
                portion = os.read(self._terminal, 65536)
            except OSError:  # nobody has the terminal any more
                portion = b""
            if not portion:
                self._has_ended.set()
                return
            self.received.append((time.perf_counter(), portion))
            *whole, rest = (rest + portion).split(QUESTION)
            rest = rest[-8:]
            if whole:
                with contextlib.suppress(OSError):  # hung up meanwhile
                    os.write(self._terminal, ANSWER * len(whole))

    def require_alive(self) -> None:
        """A program that has ended answers to no key and sends no byte: that is no measurement.

        Raises:
            ProgramEnded: it has ended; with what it showed last.
        """
        if self._has_ended.is_set():
            raise ProgramEnded(f"it ended while it was measured:\n{self.screens().last()}")

    @property
    def total(self) -> int:
        """Bytes received so far."""
        return sum(len(portion) for _, portion in self.received)

    def press(self, key: str, holds: Holds = lambda text: True) -> None:
        """Press a key; `holds` of the screen when it has had its effect."""
        self.require_alive()
        self.presses.append(Press(time.perf_counter(), key, holds))
        os.write(self._terminal, key.encode())

    def screens(self) -> Replay:
        """What the screen showed, frame by frame."""
        return Replay(self.columns, self.rows, list(self.received))

    def wait_for(self, word: str, seconds: float = 60.0) -> None:
        """Wait until the screen shows a word."""
        end = time.monotonic() + seconds
        while word not in self.screens().last():
            self.require_alive()
            if time.monotonic() > end:
                raise TimeoutError(f"never saw {word!r}:\n{self.screens().last()}")
            time.sleep(0.3)

    def bytes_during(self, seconds: float) -> int:
        """Wait so long; the bytes that came."""
        before = self.total
        time.sleep(seconds)
        self.require_alive()
        return self.total - before

    def close(self) -> None:
        """Hang up, and see that the program ends."""
        self._end.set()
        with contextlib.suppress(OSError):
            os.close(self._terminal)
        for number in (signal.SIGHUP, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            for _ in range(50):
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return
                time.sleep(0.05)


class Replay:
    """The chunks that came, fed to an emulator."""

    def __init__(self, columns: int, rows: int, received: list[tuple[float, bytes]]) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._received = received

    def text(self) -> str:
        """The screen as it is now."""
        return "\n".join(self._screen.display)

    def last(self) -> str:
        """The screen after all that came."""
        self._stream.feed(b"".join(portion for _, portion in self._received))
        return self.text()

    def delays(self, presses: Sequence[Press]) -> list[float]:
        """Seconds from each key to the chunk after which its effect was on the screen.

        A key whose effect was never seen before the next one counts as infinitely late.
        """
        found: list[float] = []
        chunks = iter(self._received)
        chunk = next(chunks, None)
        for press, after in zip(presses, [*presses[1:], None], strict=True):
            while chunk is not None and chunk[0] < press.when:
                self._stream.feed(chunk[1])
                chunk = next(chunks, None)
            seen = float("inf")
            while chunk is not None and (after is None or chunk[0] < after.when):
                self._stream.feed(chunk[1])
                when = chunk[0]
                chunk = next(chunks, None)
                if press.holds(self.text()):
                    seen = when - press.when
                    break
            found.append(seen)
        return found
