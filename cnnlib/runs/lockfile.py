"""The lock file: the name of the owner in it, and ``flock`` where the system has it."""

from __future__ import annotations

import errno
import json
import os
import time
from dataclasses import asdict, dataclass

from cnnlib.runs.files import read_exactly

try:
    import fcntl
except ImportError:  # Windows: the heartbeat alone decides
    fcntl = None  # type: ignore[assignment]

_LONGEST = 4096
_TRIES, _WAIT = 10, 0.03
_NO_FLOCK = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@dataclass(frozen=True)
class Name:
    """Who holds a lock: a machine, a process there, and a word that no other holder has."""

    host: str
    pid: int
    token: str


def read_name(descriptor: int) -> Name | None:
    """The name in a lock file; None where it is empty or damaged. From any thread."""
    if hasattr(os, "pread"):
        content = os.pread(descriptor, _LONGEST, 0)
    else:
        os.lseek(descriptor, 0, os.SEEK_SET)
        content = bytes(read_exactly(descriptor, _LONGEST))
    try:
        body = json.loads(content)
        host, pid, token = body["host"], body["pid"], body["token"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if type(host) is not str or type(pid) is not int or type(token) is not str:
        return None
    if not (0 < len(host) <= 255 and host.isprintable() and 0 < pid < 2**32):
        return None
    return Name(host, pid, token)


def write_name(descriptor: int, name: Name) -> None:
    """Put a name into a lock file.

    Raises:
        OSError: it could not be written.
    """
    body = json.dumps(asdict(name)).encode("ascii")
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    if os.write(descriptor, body) < len(body):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def try_lock(descriptor: int) -> bool | None:
    """Whether the lock was taken; None where the file system knows no locks."""
    if fcntl is None:
        return None
    for attempt in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if attempt + 1 < _TRIES:
                time.sleep(_WAIT)
        except OSError as problem:
            if problem.errno in _NO_FLOCK:
                return None
            raise
    return False


def is_held(descriptor: int) -> bool | None:
    """Whether a process that this system knows holds the lock; None where nobody can tell."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
