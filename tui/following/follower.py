"""Follow a run: read its journal from a thread into the series that the screens draw.

A run that trains elsewhere, one that ended long ago and one that starts now look the same: a
journal that is read to its end and then read on.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

from cnnlib.errors import CnnError
from cnnlib.runs import lock
from cnnlib.runs.reading import JournalReader
from cnnlib.runs.sketch import sketch
from tui.following.series import Series
from tui.following.usage import Meter, Usage

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run


AFTER_A_GLANCE = 5.0
"""Seconds until a long past is read step by step though nobody has drawn what a glance gave."""


class Follower:
    """Tails one run into `series`, in a thread of its own between `start` and `stop`."""

    def __init__(self, run: Run, *, seconds: float = 0.2, owner_seconds: float = 2.0) -> None:
        self.run = run
        self.series = Series()
        self._reader = JournalReader(run.journal_path)
        self._seconds = seconds
        self._owner_seconds = owner_seconds
        self._owner_asked = 0.0
        self._meter: Meter | None = None
        self._measured = 0.0
        self._whole: Series | None = None  # being read, while a sketch of it is shown
        self.drawn = threading.Event()
        """Set by whoever has drawn the series: then the rest of a long past is read."""
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Follow from now on."""
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Follow no longer; returns at once."""
        self._done.set()
        self.drawn.set()

    def glance(self) -> None:
        """Take in a long past at once, though not each of its steps; they are read afterwards.

        Raises:
            RunError: the journal cannot be read.
        """
        series = Series()
        for record in sketch(self.run.journal_path):
            series.add(record)
        if series.started is not None:
            self._whole = self.series
            self.series = series
            self._ask_owner()
            series.version = self._whole.version + 1

    def poll(self) -> int:
        """Read what is new, once; returns the number of events."""
        records = self._reader.read()
        if self._reader.restarted:  # rewound or replaced: what was read before is void
            replacement = Series()
            replacement.version = self.series.version + 1
            self.series, self._whole = replacement, None
        series = self.series if self._whole is None else self._whole
        for record in records:
            series.add(record)
        if self._whole is not None:
            if self._reader.behind:
                return len(records)  # what was seen at a glance is shown until all is read
            series.version = self.series.version + 1
            self.series, self._whole = series, None
        changed = bool(records) or self._reader.damaged != self.series.damaged
        self.series.damaged = self._reader.damaged
        if self._reader.behind:
            pass  # of a past that is still being read nobody can say how it stands
        elif records or time.monotonic() - self._owner_asked > self._owner_seconds:
            changed |= self._ask_owner()
        self.series.version += changed
        return len(records)

    def _ask_owner(self) -> bool:
        self._owner_asked = time.monotonic()
        series, owner = self.series, lock.owner(self.run)
        before = _told(series.owner) if series.owner_known else ()
        series.owner, series.owner_known = owner, True
        series.owner_heard = time.time() - owner.silent_seconds if owner is not None else 0.0
        usage, series.usage = series.usage, self._measure(owner)
        was, series.is_suspended = (
            series.is_suspended,
            bool(self._meter is not None and self._meter.is_suspended()),
        )
        return (before, usage, was) != (_told(owner), series.usage, series.is_suspended)

    def _measure(self, owner: lock.Owner | None) -> Usage | None:
        """What the trainer takes, where it works on this machine."""
        if owner is None or not owner.alive or owner.host != socket.gethostname():
            self._meter = None
            return None
        now = time.monotonic()
        if self._meter is None or self._meter.pid != owner.pid:
            self._meter, self._measured = Meter(owner.pid), now
            self._meter.read()
            return None
        if now - self._measured < self._owner_seconds:
            return self.series.usage
        self._measured = now
        return self._meter.read()

    def _follow(self) -> None:
        with contextlib.suppress(OSError, CnnError):  # said by what follows
            if self.series.state != "starting":  # a trainer is awaited: nothing is to be hidden
                self.glance()
            if self._whole is not None:  # let it be drawn first
                self.drawn.wait(AFTER_A_GLANCE)
        while not self._done.is_set():
            problem = ""
            try:
                self.poll()
                if not self.run.path.is_dir():
                    problem = f"{self.run.path} is gone"
            except (OSError, CnnError) as error:
                problem = str(error)
            if problem != self.series.problem:
                self.series.problem = problem
                self.series.version += 1
            if problem or not self._reader.behind:
                self._done.wait(self._seconds)


def _told(owner: lock.Owner | None) -> tuple[object, ...]:
    """What of an owner is worth a new drawing: not the seconds of its silence."""
    return (owner.host, owner.pid, owner.present) if owner is not None else (None,)
