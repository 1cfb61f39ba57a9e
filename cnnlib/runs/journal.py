"""The journal: the events of a run, one a line, appended. All else derives from it.

It is written here and read in :mod:`cnnlib.runs.reading`. Writing is cheap, because it happens
after every step: a step is stamped and laid aside, and all that were laid aside are encoded and go
to the file when a quarter of a second has passed or when something else happened. (After a step the
processor's caches hold the network: the same code costs seven times as much for one event after
each step as for a hundred in a row.) No clock runs between two events: before a validation the last
steps wait for its end. So a killed process loses the last steps, of at most a quarter of a second,
which lie beyond its checkpoint in any case. fsync (a power cut) follows events other than steps, at
most once a second, and :meth:`JournalWriter.sync`.

What a trainer does with the journal around a checkpoint and after a crash stands in
:mod:`cnnlib.runs.rewind`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cnnlib.errors import RunError
from cnnlib.events import MAX_LINE, Event, Record, StepEnded, encode
from cnnlib.runs.files import not_written, open_regular, sync_folder, whole_file
from cnnlib.runs.rewind import Rewound, copy_lines, lines_beyond, survey

FLUSH_SECONDS = 0.25
SYNC_SECONDS = 1.0
_MOST_PENDING = 16 << 20  # bytes that wait while the disk is full


class JournalWriter:
    """Appends events; only the trainer that holds the lock of the run may have one.

    Opening it cuts off a last line without its end (the writer before was killed in the middle
    of it) and goes on counting from the lines that are there. It is for one thread; another may
    call :meth:`sync_what_is_written` and nothing else, while events are held back.

    Args:
        path: the journal; created (0o600) if it is absent.
        interval: how many seconds of steps are written out together.
        permit: called before anything is written; what it raises is raised, and the file is as it
            was.

    Attributes:
        count: the number of events so far, written or still waiting.

    Raises:
        RunError: the file cannot be opened, or is no journal.
    """

    def __init__(
        self,
        path: Path,
        *,
        interval: float = FLUSH_SECONDS,
        permit: Callable[[], object] | None = None,
    ) -> None:
        self.path = path
        self._permit = permit
        self.interval = interval
        self.count = 0
        self._steps: list[Record] = []  # laid aside; empty while there is anything below
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._held: int | None = None  # the count of events when they began to be held back
        self._unsynced = False
        self._synced_at = time.monotonic()
        self._due = self._synced_at + interval  # when steps are written out
        self._descriptor = self._open()

    def _open(self) -> int:
        created = not self.path.exists()
        try:
            descriptor = open_regular(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                self.count, end, size = survey(descriptor)
                if size - end > MAX_LINE:
                    raise RunError(
                        str(self.path), expected="lines of events", received="another kind of file"
                    )
                if size > end:
                    os.ftruncate(descriptor, end)
                if created:
                    sync_folder(self.path.parent)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as problem:
            raise not_written(self.path, problem) from problem
        return descriptor

    def append(self, event: Event) -> Record:
        """Take an event into the journal, stamped with its number and the present time.

        Returns:
            The record, as a reader will see it.

        Raises:
            RunError: the disk is full or the like. The event is kept all the same and written
                by a later call, once there is room; only after 16 MiB of them is one refused.
        """
        if self._pending_bytes > _MOST_PENDING and self._held is None:
            self.flush()
        record = Record(self.count + 1, int(time.time() * 1e6) / 1e6, event)
        if type(event) is not StepEnded:
            self._take(record)
            self._unsynced = True
            self.flush()
            return record
        if self._pending or self._held is not None:  # memory counts what has to wait for long
            self._take(record)
        else:
            self.count += 1
            self._steps.append(record)
        if time.monotonic() >= self._due:
            self.flush()
        return record

    def _take(self, record: Record) -> None:
        """Encode an event behind those that wait."""
        line = encode(record).encode("ascii") + b"\n"
        if len(line) > MAX_LINE:
            raise RunError(
                f"{type(record.event).__name__}",
                expected=f"an event of at most {MAX_LINE} bytes",
                received=f"{len(line)} bytes",
            )
        self._encode_steps()
        self.count += 1
        self._pending.append(line)
        self._pending_bytes += len(line)

    def _encode_steps(self) -> None:
        """Encode the steps that were laid aside."""
        if self._steps:
            lines = "\n".join(map(encode, self._steps)).encode("ascii") + b"\n"
            self._steps = []  # not before: a second Ctrl-C may come while they are encoded
            self._pending.append(lines)
            self._pending_bytes += len(lines)

    def flush(self) -> None:
        """Hand every event to the system: other processes see them, a kill cannot lose them.

        While they are held back, nothing is written.

        Raises:
            RunError: they could not be written; they are kept, and the next call tries again.
        """
        if self._held is not None:
            return
        now = time.monotonic()
        self._due = now + self.interval
        self._encode_steps()
        if self._pending:
            if self._permit is not None:
                self._permit()
            data = b"".join(self._pending)
            written = 0
            try:
                while written < len(data):
                    written += os.write(self._descriptor, data[written:])
            except OSError as problem:
                raise not_written(self.path, problem) from problem
            finally:  # what a full disk took of a line stays; the rest of it follows later
                self._pending = [data[written:]] if written < len(data) else []
                self._pending_bytes = len(data) - written
        if self._unsynced and now - self._synced_at >= SYNC_SECONDS:
            self._fsync()

    def sync(self) -> None:
        """Flush, and see that a power cut cannot lose the events; before every checkpoint.

        Raises:
            RunError: as :meth:`flush`.
        """
        self.flush()
        self._fsync()

    def hold(self) -> None:
        """Hold back what is appended from now on: it speaks of what is yet to happen.

        Raises:
            RunError: as :meth:`flush`, for what was appended before; nothing is held back.
        """
        self.flush()
        self._held = self.count

    def sync_what_is_written(self) -> None:
        """See that a power cut cannot lose what was flushed before events were held back.

        The one method that another thread may call, and only while they are held back.

        Raises:
            RunError: as :meth:`flush`.
        """
        self._fsync()

    @property
    def holding(self) -> bool:
        """Whether events are held back."""
        return self._held is not None

    @property
    def most_is_held(self) -> bool:
        """Whether so much is held back that it should wait no longer."""
        return self.holding and self._pending_bytes > _MOST_PENDING

    def release(self) -> None:
        """What was held back has come true: write it.

        Raises:
            RunError: as :meth:`flush`; nothing is held back any more.
        """
        self._held = None
        self._unsynced |= bool(self._pending)  # a sync meanwhile was of what is in the file
        self.flush()

    def discard(self) -> None:
        """What was held back has not come true: it was never said."""
        if self._held is not None:
            self.count, self._held = self._held, None
            self._pending, self._pending_bytes = [], 0

    def _fsync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as problem:
            raise not_written(self.path, problem) from problem
        self._unsynced = False
        self._synced_at = time.monotonic()

    def rewind_to(self, count: int, step: int) -> Rewound:
        """Take back what training will say again when it restarts from a checkpoint.

        Args:
            count: the number of events that the checkpoint had seen (its ``journal.count``).
            step: the number of steps done at the checkpoint.

        Raises:
            RunError: the journal could not be rewritten; it is as it was.
        """
        self.sync()
        try:
            kept, removed = lines_beyond(self.path, count, step)
            if removed:
                with whole_file(self.path, permit=self._permit) as file:
                    copy_lines(self._descriptor, count, file)
                    file.writelines(kept)
        except OSError as problem:
            raise not_written(self.path, problem) from problem
        missing = max(0, count - self.count)
        if removed:
            os.close(self._descriptor)
            self._descriptor = self._open()
        return Rewound(removed, missing)

    def close(self) -> None:
        """Sync and let go of the file.

        Raises:
            RunError: as :meth:`flush`; the file is closed in any case.
        """
        try:
            self.sync()
        finally:
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
