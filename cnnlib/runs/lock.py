"""One owner: at most one trainer has a run, and everybody can see which.

On the owner's host the truth is ``flock``: the system frees it the moment the process dies, however
it dies, so there a stale lock does not exist. The file also says who holds it (host, process, as
JSON), for the error message and for other hosts, where flock may mean nothing. For them the owner
touches the file every few seconds: a recent touch says "running there", an old one "silent since".

A trainer on another host takes a run over only after a minute of silence. Should the silent owner
wake up after all (a suspended laptop), its next :meth:`RunLock.heartbeat` finds another name in
the file and raises, before two trainers write into one run. So does
:meth:`RunLock.require_ours`, which is asked right before a file takes the place of another.

Reading who owns a run tries the lock for a moment, without waiting; ``acquire`` therefore tries
a few times before it gives up.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
import weakref
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cnnlib.errors import RunError
from cnnlib.runs.files import not_written, open_regular
from cnnlib.runs.lockfile import Name, is_held, read_name, try_lock, write_name

if TYPE_CHECKING:
    from cnnlib.runs.layout import Run

HEARTBEAT_SECONDS = 2.0
SILENT_SECONDS = 60.0


class TakenOver(RunError):
    """Another trainer has the run now: nothing more may be written into it."""


@dataclass(frozen=True)
class Owner:
    """Who has a run, or had it last without letting go of it.

    Args:
        host: the name of its machine.
        pid: its process there.
        alive: whether that process lives; None where that cannot be told from here.
        silent_seconds: time since it last showed a sign of life.
    """

    host: str
    pid: int
    alive: bool | None
    silent_seconds: float

    @property
    def present(self) -> bool:
        """Whether the run is to be taken as owned: alive here, or heard of lately elsewhere."""
        return self.silent_seconds < SILENT_SECONDS if self.alive is None else self.alive


def owner(run: Run) -> Owner | None:
    """Who owns a run; None where nobody does or the last owner let go of it.

    ``alive`` is False for an owner on this host that was killed. Never raises: a lock file
    that cannot be read names nobody.
    """
    try:
        descriptor = open_regular(run.lock_path, os.O_RDONLY)
    except OSError:
        return None
    try:
        held = is_held(descriptor)
        name = read_name(descriptor)
        silent = max(0.0, time.time() - os.fstat(descriptor).st_mtime)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    if name is None:
        return None
    if held:
        alive: bool | None = True
    elif held is False and name.host == socket.gethostname():
        alive = False
    else:
        alive = None
    return Owner(name.host, name.pid, alive, silent)


class RunLock:
    """The right to train a run.

    ::

        with RunLock(run) as lock:      # raises RunError where somebody has it
            ...
            lock.heartbeat()            # between steps, also while paused

    Processes forked by the owner do not inherit the lock: it goes when the owner dies.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._descriptor: int | None = None
        self._token = ""
        self._beaten_at = self._beaten_on = 0.0  # by the clock of this boot, by that of the wall

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            RunError: another trainer has it (its host and process are named), or the file cannot
                be written.
        """
        if self.held:
            return
        path = self.run.lock_path
        try:
            descriptor = open_regular(path, os.O_RDWR | os.O_CREAT)
        except OSError as problem:
            raise not_written(path, problem) from problem
        try:
            self._take(descriptor)
        except OSError as problem:
            os.close(descriptor)
            raise not_written(path, problem) from problem
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._beaten_at, self._beaten_on = time.monotonic(), time.time()
        _held.add(self)

    def _take(self, descriptor: int) -> None:
        locked = try_lock(descriptor)
        name = read_name(descriptor)
        if locked is False:
            raise self._owned(name)
        elsewhere = name is not None and (locked is None or name.host != socket.gethostname())
        silent = time.time() - os.fstat(descriptor).st_mtime
        if elsewhere and silent < SILENT_SECONDS:
            raise self._owned(name, silent)
        self._token = secrets.token_hex(8)
        write_name(descriptor, Name(socket.gethostname(), os.getpid(), self._token))
        if not self._is_ours(descriptor):
            raise self._owned(None)

    def _owned(self, name: Name | None, silent: float | None = None) -> RunError:
        who = f"process {name.pid} on {name.host}" if name else "another trainer"
        if silent is not None:
            who += f", heard of {silent:.0f} seconds ago"
        return RunError(
            f"run {self.run.id} is being trained",
            received=f"an owner: {who}",
            advice="Attach to it, or stop it first.",
        )

    def heartbeat(self) -> None:
        """Show a sign of life; cheap enough for every step (works once in two seconds).

        Two seconds by either clock: that of the boot stands still while a machine is suspended.

        Raises:
            TakenOver: the lock is no longer ours: another host took the run over while this one
                was silent, or somebody removed the file. Training must end without writing.
            RunError: nothing is held, or the file cannot be touched.
        """
        now, today = time.monotonic(), time.time()
        if (
            now - self._beaten_at < HEARTBEAT_SECONDS
            and abs(today - self._beaten_on) < HEARTBEAT_SECONDS
        ):
            return
        self.require_ours()
        self._beaten_at, self._beaten_on = now, today
        try:
            if self._descriptor is not None and os.utime in os.supports_fd:
                os.utime(self._descriptor)
            else:
                os.utime(self.run.lock_path)
        except OSError as problem:
            raise not_written(self.run.lock_path, problem) from problem

    def require_ours(self) -> None:
        """See that the run is still ours, whenever that was seen last. From any thread.

        Raises:
            TakenOver, RunError: as :meth:`heartbeat`.
        """
        descriptor = self._descriptor
        if descriptor is None:
            raise RunError(f"run {self.run.id}", expected="a lock that is held", received="none")
        received = "another one, or no lock at all"
        try:
            if self._is_ours(descriptor):
                return
        except OSError as problem:
            received = problem.strerror or str(problem)
        raise TakenOver(
            f"run {self.run.id} was taken over",
            expected="our own name in its lock",
            received=received,
            advice="This trainer ends here; the run belongs to the other one.",
        )

    def _is_ours(self, descriptor: int) -> bool:
        name = read_name(descriptor)
        if name is None or name.token != self._token:
            return False
        try:
            there, here = os.stat(self.run.lock_path), os.fstat(descriptor)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def release(self) -> None:
        """Let go: the file stays, without a name in it. Does nothing where nothing is held."""
        descriptor, self._descriptor = self._descriptor, None
        _held.discard(self)
        if descriptor is None:
            return
        try:
            with contextlib.suppress(OSError):
                name = read_name(descriptor)
                if name is not None and name.token == self._token:
                    os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _forget(self) -> None:
        """In a forked child: close the copy of the descriptor, the lock is the parent's."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


_held: weakref.WeakSet[RunLock] = weakref.WeakSet()


def _forget_all() -> None:
    for lock in list(_held):
        lock._forget()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
