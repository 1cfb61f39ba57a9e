"""A growing file of lines, of which every byte is read once.

The journal and the commands are such files: writers append whole lines, readers come again and
again. A last line without its end is not there yet. Should the file have been replaced by another
(a resumed trainer takes back what lies beyond its checkpoint), the reader notices, says so and
starts from the beginning. It compares the bytes just before its position with what it read
there, which holds on every file system, unlike inode numbers, which are used again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from cnnlib.errors import RunError
from cnnlib.runs.files import open_regular, read_exactly

_READ = 4 << 20
_REMEMBERED = 256


class Line(NamedTuple):
    """A complete line.

    Args:
        offset: where it begins in the file, in bytes.
        data: its bytes without the end; None where it is longer than the reader allows.
    """

    offset: int
    data: bytes | None


class LineTail:
    """Reads the lines of a file that others append to.

    Args:
        path: the file; it need not exist yet.
        longest: the most bytes of a line.
        portion: the most bytes that one :meth:`read` takes.

    Attributes:
        offset: how many bytes were read for good.
        restarted: the last :meth:`read` found another file and began at its start; whatever was
            read before belongs to the old one.
        behind: the last :meth:`read` left complete lines for the next one.
    """

    def __init__(self, path: Path, *, longest: int, portion: int = _READ) -> None:
        self.path = path
        self.longest = longest
        self.portion = max(portion, longest + 1)
        self.offset = 0
        self.restarted = False
        self.behind = False
        self._before = b""  # the bytes before the offset
        self._seen: tuple[int, ...] = ()  # what the system said of the file when all was read
        self._skipping: int | None = None  # where a line began that is too long

    def read(self) -> list[Line]:
        """The complete lines since the last call; none where the file is absent.

        Raises:
            RunError: the file cannot be read or is not a regular file.
        """
        self.restarted = False
        self.behind = False
        try:
            descriptor = open_regular(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise self._unreadable(problem) from problem
        try:
            found = os.fstat(descriptor)
            seen, size = (found.st_ino, found.st_size, found.st_mtime_ns), found.st_size
            if seen == self._seen:
                return []
            if not self._is_same(descriptor, size):
                self.offset, self._before, self._skipping = 0, b"", None
                self.restarted = True
            os.lseek(descriptor, self.offset, os.SEEK_SET)
            data = bytes(read_exactly(descriptor, min(self.portion, size - self.offset)))
        except OSError as problem:
            raise self._unreadable(problem) from problem
        finally:
            os.close(descriptor)
        self._seen = seen if self.offset + len(data) == size else ()
        lines, used = self._cut(data)
        self.offset += used
        self._before = (self._before + data[max(0, used - _REMEMBERED) : used])[-_REMEMBERED:]
        self.behind = self.offset < size and used > 0 and len(data) == self.portion
        return lines

    def pass_over(self) -> None:
        """Go to the end of the last complete line that is there, without reading what is before.

        Raises:
            RunError: as :meth:`read`.
        """
        try:
            descriptor = open_regular(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return
        except OSError as problem:
            raise self._unreadable(problem) from problem
        try:
            size = os.fstat(descriptor).st_size
            begin = max(0, size - self.longest - _REMEMBERED)
            os.lseek(descriptor, begin, os.SEEK_SET)
            data = bytes(read_exactly(descriptor, size - begin))
        except OSError as problem:
            raise self._unreadable(problem) from problem
        finally:
            os.close(descriptor)
        end = data.rfind(b"\n") + 1
        if end or not begin:
            self.offset, self._skipping = begin + end, None
            self._before = data[max(0, end - _REMEMBERED) : end]

    def _unreadable(self, problem: OSError) -> RunError:
        return RunError(
            str(self.path), expected="a file of lines", received=problem.strerror or str(problem)
        )

    def _is_same(self, descriptor: int, size: int) -> bool:
        if size < self.offset:
            return False
        os.lseek(descriptor, self.offset - len(self._before), os.SEEK_SET)
        return bytes(read_exactly(descriptor, len(self._before))) == self._before

    def _cut(self, data: bytes) -> tuple[list[Line], int]:
        """The complete lines in ``data``, which begins at the offset, and the bytes they take."""
        lines: list[Line] = []
        start = 0
        if self._skipping is not None:
            start = data.find(b"\n") + 1
            if not start:
                return [], len(data)
            lines.append(Line(self._skipping, None))
            self._skipping = None
        end = data.rfind(b"\n") + 1
        if end > start:
            place = self.offset + start
            for line in data[start : end - 1].split(b"\n"):
                lines.append(Line(place, line if len(line) <= self.longest else None))
                place += len(line) + 1
            start = end
        if len(data) - start > self.longest:
            self._skipping = self.offset + start
            start = len(data)
        return lines, start
