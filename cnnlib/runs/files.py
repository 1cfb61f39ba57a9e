"""Files are read within bounds and written whole.

Reading: only regular files, never through a symbolic link in the last place (a link could lead
out of a run, a pipe could wait for ever), never more bytes than the reader allows.
Writing: into a temporary file beside the target, fsync, rename, fsync of the folder. Whoever
looks sees the old file or the new one, also after a power cut. Files are for their owner only.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from cnnlib.errors import RunError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_LEFTOVER_SECONDS = 60.0
_FLAGS = 0
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"):  # not every system has all
    _FLAGS |= getattr(os, _flag, 0)
_FULL = (errno.ENOSPC, errno.EDQUOT)


def open_regular(path: Path, flags: int) -> int:
    """A descriptor of a regular file that is not reached through a link; created files are 0o600.

    Raises:
        OSError: as ``os.open``; also where the path is a link, a folder, a pipe or a device.
    """
    descriptor = os.open(path, flags | _FLAGS, PRIVATE_FILE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def read_exactly(descriptor: int, count: int) -> bytearray:
    """The next ``count`` bytes, or fewer where the file ends."""
    data = bytearray(count)
    got = 0
    with open(descriptor, "rb", buffering=0, closefd=False) as file, memoryview(data) as view:
        while got < count:
            portion = file.readinto(view[got:])
            if not portion:
                break
            got += portion
    del data[got:]
    return data


def read_bounded(path: Path, limit: int) -> bytes:
    """All bytes of a file.

    Args:
        path: the file.
        limit: the most bytes that are acceptable.

    Raises:
        RunError: the file is absent, unreadable, not a regular file or larger than ``limit``.
    """
    try:
        descriptor = open_regular(path, os.O_RDONLY)
        try:
            size = os.fstat(descriptor).st_size
            if size > limit:
                raise RunError(
                    str(path), expected=f"at most {limit} bytes", received=f"{size} bytes"
                )
            return bytes(read_exactly(descriptor, size))
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise RunError(
            str(path), expected="a file", received=problem.strerror or str(problem)
        ) from problem


def read_text(path: Path, limit: int) -> str:
    """The text of a UTF-8 file of at most ``limit`` bytes.

    Raises:
        RunError: as :func:`read_bounded`, and where the bytes are no UTF-8.
    """
    try:
        return read_bounded(path, limit).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise RunError(
            str(path), expected="text in UTF-8", received=f"byte {problem.start} is none"
        ) from None


def read_json(path: Path, limit: int = 64 << 20) -> Any:
    """The value in a JSON file.

    Raises:
        RunError: as :func:`read_text`, and where it is no JSON or nests too deeply.
    """
    text = read_text(path, limit)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        received = "nesting without end" if isinstance(problem, RecursionError) else str(problem)
        raise RunError(str(path), expected="JSON", received=received[:120]) from None


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        RunError: it is no TOML, or nests too deeply; the line is named.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        received = "nesting without end" if isinstance(problem, RecursionError) else str(problem)
        raise RunError(where, expected="TOML", received=received[:120]) from None


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut, where the system can."""
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def whole_file(
    path: Path, *, settle: bool = True, permit: Callable[[], object] | None = None
) -> Iterator[BinaryIO]:
    """A file to write into that takes the place of ``path`` only when the block ends well.

    Args:
        path: the file.
        settle: whether its new name must survive a power cut; its content does in any case.
        permit: called when the content is on the disk; what it raises leaves ``path`` as it was.

    Raises:
        OSError: the disk is full, the folder is absent ...; ``path`` is as it was before.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if permit is not None:
            permit()
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    if settle:
        sync_folder(path.parent)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a whole file, or leave what was there; mode 0o600.

    Args:
        path: the file; its folder exists.
        content: bytes, or text that is written as UTF-8.

    Raises:
        RunError: it could not be written (a full disk, no permission); the old file is whole.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        with whole_file(path) as file:
            file.write(data)
    except OSError as problem:
        raise not_written(path, problem) from problem


def write_together(contents: Mapping[Path, bytes | str]) -> None:
    """Write several whole files; none is put in its place before all are on the disk.

    Args:
        contents: of each file, as for :func:`write_atomically`.

    Raises:
        RunError: one could not be written (a full disk, no permission); the old files are whole.
    """
    path = Path()
    try:
        with contextlib.ExitStack() as places:
            for path, content in contents.items():
                file = places.enter_context(whole_file(path))
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
    except OSError as problem:
        raise not_written(path, problem) from problem


def not_written(path: Path, problem: OSError) -> RunError:
    """The error that says why a file could not be written."""
    return RunError(
        f"{path} could not be written",
        received=problem.strerror or str(problem),
        advice="Make room on the disk and try again." if is_full(problem) else "",
    )


def is_full(error: BaseException) -> bool:
    """Whether an error of ours says that the disk (or what the user may have of it) is full."""
    problem = error if isinstance(error, OSError) else error.__cause__
    return isinstance(problem, OSError) and problem.errno in _FULL


def remove_leftovers(folder: Path, seconds: float = _LEFTOVER_SECONDS) -> None:
    """Remove temporary files that a killed process left here more than so many seconds ago."""
    oldest = time.time() - seconds
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if path.lstat().st_mtime <= oldest:
                path.unlink()
