"""What a process on this machine takes: its share of the processors, its memory.

Read from Linux's /proc, its child processes (the ranks) included; on other systems, and for a
process on another machine, there is nothing to say.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """What a process and its children take.

    Attributes:
        cores: processors in use, 1.0 for one of them.
        memory: bytes; what several processes share counts once where the system says so.
        processes: how many there are.
    """

    cores: float
    memory: int
    processes: int


class Meter:
    """Looks at a process again and again; the first look has nothing to compare with."""

    def __init__(self, pid: int, proc: Path = PROC) -> None:
        self.pid = pid
        self._proc = proc
        self._before: tuple[float, dict[int, float]] | None = None

    def read(self) -> Usage | None:
        """What the process took since the look before; None where that cannot be known."""
        now = time.monotonic()
        seconds = {
            pid: spent for pid in self._family() if (spent := self._seconds(pid)) is not None
        }
        before, self._before = self._before, (now, seconds)
        if not seconds or before is None or now <= before[0]:
            return None
        spent = sum(max(0.0, value - before[1].get(pid, 0.0)) for pid, value in seconds.items())
        memory = sum(self._memory(pid) for pid in seconds)
        return Usage(spent / (now - before[0]), memory, len(seconds))

    def _family(self) -> list[int]:
        """The process and all below it."""
        found: list[int] = []
        waiting = [self.pid]
        while waiting and len(found) < 256:
            pid = waiting.pop()
            found.append(pid)
            with contextlib.suppress(OSError, ValueError):
                for tasks in (self._proc / str(pid) / "task").glob("*/children"):
                    waiting += [int(word) for word in tasks.read_text().split()]
        return found

    def is_suspended(self) -> bool:
        """Whether a signal (SIGSTOP) holds the process itself."""
        return self._stat(self.pid)[:1] == ["T"]

    def _seconds(self, pid: int) -> float | None:
        """Processor time of a process so far."""
        fields = self._stat(pid)
        try:
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (ValueError, IndexError):
            return None

    def _stat(self, pid: int) -> list[str]:
        """What the system says of a process: its state, and many numbers; else nothing."""
        try:
            stat = (self._proc / str(pid) / "stat").read_text()
        except (OSError, ValueError):
            return []
        return stat.rpartition(")")[2].split()  # the name before it may hold anything

    def _memory(self, pid: int) -> int:
        """Bytes of a process, its part of what is shared; else all that is resident."""
        for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
            with contextlib.suppress(OSError, ValueError, IndexError):
                for line in (self._proc / str(pid) / name).read_text().splitlines():
                    if line.startswith(key):
                        return 1024 * int(line.split()[1])
        return 0
