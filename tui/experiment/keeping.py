"""What a training writes while it goes: its journal and its checkpoints, also past a full disk.

A checkpoint is taken between two steps and written by a thread of its own, for training need not
wait for a disk. What is said meanwhile, the event of the checkpoint first, is held back until the
checkpoint is there: nobody ever reads of one that is not, and the events keep their order.

A full disk does not end a training. Events wait in memory, checkpoints are tried again every few
seconds, and both are said: on the standard error stream at once, in the journal (Warned) as soon as
there is room. Only what cannot wait fails: the last checkpoint and the report of a training that
ends. The run is then resumed from its last good checkpoint.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from cnnlib import events as ev
from cnnlib.errors import CheckpointError, RunError
from cnnlib.runs.files import is_full
from tui.experiment.checkpoints import keep_epoch
from tui.experiment.saving import Reason, Taken, take, write

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run
    from cnnlib.runs.journal import JournalWriter
    from cnnlib.runs.lock import RunLock
    from cnnlib.trainer import Trainer

Listen = Callable[[ev.Record], None]

SAID_AGAIN = (ev.EpochStarted, ev.Evaluated)  # where an epoch or its end is cut short
RETRY_SECONDS = 5.0  # between two attempts while the disk is full


def mutter(text: str) -> None:
    """Say a line on the standard error stream, which may be a file on a full disk."""
    with contextlib.suppress(OSError):
        print(" ".join(text.split()), file=sys.stderr, flush=True)


class Keeping:
    """The part of a training that writes.

    Attributes:
        checkpoint_seconds: how often to save within an epoch.
        keep_epochs: how many checkpoints of epochs to keep.
        owed: whether the last checkpoint that was due could not be written.
    """

    trainer: Trainer
    checkpoint_seconds: float
    keep_epochs: int

    def __init__(self, run: Run, lock: RunLock, journal: JournalWriter, listen: Listen) -> None:
        self.run = run
        self.lock = lock
        self.journal = journal
        self.listen = listen
        self.owed = False
        self._best_owed = False
        self._complained = False
        self._saved_at = time.monotonic()
        self._settled = 0  # events that stand if training goes on from its present position
        self._writer = ThreadPoolExecutor(1, "checkpoint")
        self._writing: tuple[Future[None], Taken] | None = None
        self._held: list[ev.Record] = []

    def tell(self, event: ev.Event) -> None:
        """Write an event into the journal, now or when there is room, and give it to the listener.

        Both wait for the checkpoint that is being written, if there is one.

        Raises:
            RunError: it cannot be written for another reason, or too many events wait already.
        """
        if self._writing is not None and self.journal.most_is_held:
            self.settle()
        count = self.journal.count
        try:
            record = self.journal.append(event)
        except RunError as error:
            if not is_full(error) or self.journal.count == count:
                raise
            record = ev.Record(self.journal.count, time.time(), event)
            self._complain(error)
        if self._writing is not None:
            self._held.append(record)
        else:
            self.listen(record)
        if type(event) not in SAID_AGAIN:
            self._settled = self.journal.count

    def save(self, reason: Reason) -> None:
        """Save what resuming needs, and the best network where that is new; it is there at once.

        Raises:
            RunError, CheckpointError: it cannot be written; the checkpoint before is whole.
        """
        self.settle()
        self.journal.sync()
        taken = take(self.trainer, self.journal.count, reason, best=self._best_owed)
        self._write(taken)
        self._best_owed = False
        for claim in taken.claims:
            self.tell(claim)
        self.saved()

    def save_soon(self, reason: Reason) -> None:
        """Save while training goes on; while the disk is full, at once or not at all.

        Raises:
            RunError, CheckpointError: it cannot be written for another reason.
        """
        self.settle()
        if self.owed or self._complained:
            self.save_if_possible(reason)
            return
        try:
            self.journal.hold()
        except RunError as error:
            self._put_off(error)
            return
        taken = take(self.trainer, self.journal.count, reason, best=self._best_owed)
        self._best_owed = False
        self._writing = self._writer.submit(self._write, taken), taken
        for claim in taken.claims:
            self.tell(claim)
        self.saved()
        self.settle_if_written()

    def _write(self, taken: Taken) -> None:
        """Write a checkpoint, and keep that of an epoch under the epoch's number.

        Raises:
            TakenOver: another trainer has the run; its checkpoints are as they were.
        """
        if self.journal.holding:
            self.journal.sync_what_is_written()
        write(self.run, taken, self.lock.require_ours)
        if taken.epoch:
            self.keep(taken.epoch, taken.epoch)

    @property
    def is_written(self) -> bool:
        """Whether a checkpoint is written by now, and waits to be told of."""
        return self._writing is not None and self._writing[0].done()

    def settle_if_written(self) -> None:
        """Say what was held back, if the checkpoint is written by now."""
        if self.is_written:
            self.settle()

    def settle(self) -> None:
        """Wait for the checkpoint that is being written, and say what was held back for it.

        Raises:
            RunError, CheckpointError: it could not be written, for another reason than a full disk.
        """
        if self._writing is None:
            return
        future, taken = self._writing
        error = future.exception()
        self._writing = None
        held, self._held = self._held, []
        if error is None:
            self._release()
            for record in held:
                self.listen(record)
            return
        self.journal.discard()
        if len(taken.claims) > 1:
            self._best_owed = True
        self._put_off(error)
        for record in held[len(taken.claims) :]:
            self.tell(record.event)

    def _release(self) -> None:
        try:
            self.journal.release()
        except RunError as error:
            if not is_full(error):
                raise
            self._complain(error)

    def close(self) -> None:
        """Let a checkpoint that is being written be written; say nothing of it."""
        self._writer.shutdown(wait=True)

    def saved(self) -> None:
        """Note that the last checkpoint is of now."""
        self._saved_at = time.monotonic()
        self.owed = self._complained = False

    def save_if_possible(self, reason: Reason) -> str:
        """Save at once; a full disk is said, and answered instead of raised."""
        try:
            self.save(reason)
        except (RunError, CheckpointError) as error:
            self._put_off(error)
            return str(error)
        return ""

    def _put_off(self, error: BaseException) -> None:
        """The disk is full: try again before long. Any other error is raised."""
        if not isinstance(error, RunError | CheckpointError) or not is_full(error):
            raise error
        self.owed = True
        wait = min(RETRY_SECONDS, self.checkpoint_seconds)
        self._saved_at = time.monotonic() - self.checkpoint_seconds + wait
        self._complain(error)

    def save_epoch(self, is_best: bool) -> None:
        """Save after an epoch, and keep that checkpoint under the number of the epoch."""
        self.settle()
        self._best_owed |= is_best
        self.save_soon("epoch")

    def save_what_is_owed(self) -> None:
        """Before a training ends: what could not be written must be by now.

        Raises:
            RunError, CheckpointError: it cannot be; the checkpoint before is whole.
        """
        self.settle()
        if self.owed:
            self.save("epoch")

    def save_now_and_then(self) -> None:
        """Save if the time has come."""
        if time.monotonic() - self._saved_at >= self.checkpoint_seconds:
            self.save_soon("periodic")

    def keep(self, epoch: int, done: int) -> None:
        """Keep the last checkpoint under the number of the epoch that has just ended, if any."""
        try:
            keep_epoch(self.run, epoch, done, self.keep_epochs)
        except OSError as problem:  # a luxury: training needs it not
            mutter(f"{self.run.id}: no checkpoint of this epoch is kept: {problem.strerror}")

    def write_out(self) -> None:
        """Write what still waits, where nothing new is said for a while."""
        try:
            self.journal.flush()
        except RunError as error:
            if not is_full(error):
                raise

    def _complain(self, error: Exception) -> None:
        """Say once that the disk is full."""
        if not self._complained:
            self._complained = True
            mutter(f"{self.run.id}: {error} Training goes on.")
            self.tell(ev.Warned(self.trainer.progress.step, f"{error} Training goes on."))
