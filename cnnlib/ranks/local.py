"""Ranks as processes of one machine: shared memory for arrays, sockets for words and waiting.

To add up an array each rank writes its own into a slot, all meet, and each adds up all slots in
order. The slots alternate between two sets, so one meeting a sum is enough: nobody can write into a
set again before all have met once more, that is, have finished reading it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.errors import RankError
from cnnlib.ranks.communicator import Message
from cnnlib.ranks.shared import Line, SharedMemory, aligned

_SLOT = 1 << 20  # bytes of a slot; longer arrays go in parts
ONE_THREAD = {
    name: "1"
    for name in (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    )
}
"""The environment in which BLAS uses one thread: the ranks are the parallelism."""


class LocalRanks:
    """A communicator over the processes of one machine.

    Args:
        rank: of this process.
        size: number of ranks.
        slots: shared memory of ``slots_size(size)`` bytes.
        lines: to all other ranks (rank 0), or the one to rank 0.
        processes: the other ranks, for rank 0.
    """

    def __init__(
        self,
        rank: int,
        size: int,
        slots: SharedMemory,
        lines: list[Line],
        processes: list[subprocess.Popen[bytes]] | None = None,
    ) -> None:
        self.rank, self.size = rank, size
        self._slots, self._lines = slots, lines
        self._processes = processes or []
        self._set = 0

    @classmethod
    def start(cls, size: int, module: str, block: SharedMemory) -> LocalRanks:
        """Start ranks 1 ... size - 1 as ``python -m module`` and be rank 0.

        Each is given three descriptors on its command line: the slots, ``block`` and its line.

        Raises:
            RankError: a process could not be started.
        """
        slots = SharedMemory(slots_size(size))
        lines, processes = [], []
        try:
            for rank in range(1, size):
                here, there = socket.socketpair()
                lines.append(Line(here, f"rank {rank}"))
                words = [str(rank), str(size), str(slots.descriptor), str(block.descriptor)]
                with there:
                    processes.append(
                        subprocess.Popen(
                            [sys.executable, "-m", module, *words, str(there.fileno())],
                            stdin=subprocess.DEVNULL,
                            pass_fds=(slots.descriptor, block.descriptor, there.fileno()),
                            env=_environment(),
                        )
                    )
        except OSError as error:
            cls(0, size, slots, lines, processes).close()
            raise RankError(
                f"rank {len(processes) + 1}",
                expected="a process",
                received=str(error),
                advice="Train with fewer ranks.",
            ) from None
        return cls(0, size, slots, lines, processes)

    @classmethod
    def join(cls, rank: int, size: int, slots: int, line: int) -> LocalRanks:
        """Be one of the other ranks, with the descriptors that ``start`` gave."""
        end = socket.socket(fileno=line)
        memory = SharedMemory(slots_size(size), slots)
        return cls(rank, size, memory, [Line(end, "rank 0")])

    def sum(self, array: NDArray[Any]) -> None:
        """Replace ``array`` by its sum over all ranks, added in the order of the ranks."""
        for part in _parts(array):
            slots = self._slots_like(part)
            np.copyto(slots[self.rank], part)
            self._meet()
            np.add(slots[0], slots[1], out=part)
            for slot in slots[2:]:
                np.add(part, slot, out=part)

    def share(self, array: NDArray[Any]) -> None:
        """Replace ``array`` by that of rank 0."""
        for part in _parts(array):
            slots = self._slots_like(part)
            if self.rank == 0:
                np.copyto(slots[0], part)
            self._meet()
            if self.rank:
                np.copyto(part, slots[0])

    def tell(self, message: Message) -> None:
        """Rank 0: give a message to all others."""
        for line in self._lines:
            line.send(message)

    def hear(self) -> Message:
        """The others: wait for the next message."""
        return self._lines[0].receive()

    def close(self) -> None:
        """Hang up: a rank that hears nobody ends."""
        for line in self._lines:
            line.close()
        for process in self._processes:
            try:
                process.wait(2.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._lines:
            self._slots.close()
        self._lines, self._processes = [], []

    def pids(self) -> list[int]:
        """The processes of the other ranks."""
        return [process.pid for process in self._processes]

    def _meet(self) -> None:
        """Go on when all ranks are here."""
        if self.rank:
            self._lines[0].meet_first()
            self._lines[0].meet_last()
            return
        for line in self._lines:
            line.meet_last()
        for line in self._lines:
            line.meet_first()

    def _slots_like(self, part: NDArray[Any]) -> list[NDArray[Any]]:
        first = self._set * self.size
        self._set = 1 - self._set
        return [
            self._slots.array((first + rank) * _SLOT, part.shape, part.dtype)
            for rank in range(self.size)
        ]


def slots_size(size: int) -> int:
    """Bytes of shared memory for ``size`` ranks."""
    return aligned(2 * size * _SLOT)


def leave_signals_to_rank_0() -> None:
    """Ignore what a terminal or a scheduler sends to all processes: rank 0 answers it."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
        with suppress(AttributeError, ValueError):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _parts(array: NDArray[Any]) -> list[NDArray[Any]]:
    flat = array.reshape(-1)
    length = _SLOT // array.itemsize
    return [flat[start : start + length] for start in range(0, flat.size, length)]


def _environment() -> dict[str, str]:
    home = str(Path(__file__).resolve().parents[2])
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(paths)}
