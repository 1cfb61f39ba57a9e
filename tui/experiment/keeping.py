"""What a training writes while it goes: its journal and its checkpoints, also past a full disk.

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
from typing import TYPE_CHECKING

from cnnlib import events as ev
from cnnlib.errors import CheckpointError, RunError
from cnnlib.runs.files import is_full
from tui.experiment.checkpoints import Reason, keep_epoch, save_best, save_last

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run
    from cnnlib.runs.journal import JournalWriter
    from cnnlib.trainer import Trainer

Listen = Callable[[ev.Record], None]

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

    def __init__(self, run: Run, journal: JournalWriter, listen: Listen) -> None:
        self.run = run
        self.journal = journal
        self.listen = listen
        self.owed = False
        self._best_owed = False
        self._complained = False
        self._saved_at = time.monotonic()

    def tell(self, event: ev.Event) -> None:
        """Write an event into the journal, now or when there is room, and give it to the listener.

        Raises:
            RunError: it cannot be written for another reason, or too many events wait already.
        """
        count = self.journal.count
        try:
            record = self.journal.append(event)
        except RunError as error:
            if not is_full(error) or self.journal.count == count:
                raise
            record = ev.Record(self.journal.count, time.time(), event)
            self._complain(error)
        self.listen(record)

    def save(self, reason: Reason) -> None:
        """Save what resuming needs, and the best network where that is new.

        Raises:
            RunError, CheckpointError: it cannot be written; the checkpoint before is whole.
        """
        if self._best_owed:
            saved = save_best(self.run, self.trainer)
            self._best_owed = False
            self.tell(saved)
        self.tell(save_last(self.run, self.trainer, self.journal, reason))
        self.saved()

    def saved(self) -> None:
        """Note that the last checkpoint is of now."""
        self._saved_at = time.monotonic()
        self.owed = self._complained = False

    def save_if_possible(self, reason: Reason) -> str:
        """The same; a full disk is said, and answered instead of raised."""
        try:
            self.save(reason)
        except (RunError, CheckpointError) as error:
            if not is_full(error):
                raise
            self.owed = True
            wait = min(RETRY_SECONDS, self.checkpoint_seconds)
            self._saved_at = time.monotonic() - self.checkpoint_seconds + wait
            self._complain(error)
            return str(error)
        return ""

    def save_epoch(self, is_best: bool) -> None:
        """Save after an epoch, and keep that checkpoint under the number of the epoch."""
        self._best_owed |= is_best
        if not self.save_if_possible("epoch"):
            self.keep()

    def save_what_is_owed(self) -> None:
        """Before a training ends: what could not be written must be by now.

        Raises:
            RunError, CheckpointError: it cannot be; the checkpoint before is whole.
        """
        if self.owed:
            self.save("epoch")

    def save_now_and_then(self) -> None:
        """Save if the time has come."""
        if time.monotonic() - self._saved_at >= self.checkpoint_seconds:
            self.save_if_possible("periodic")

    def keep(self) -> None:
        """Keep the last checkpoint under the number of its epoch, if that epoch has just ended."""
        try:
            keep_epoch(self.run, self.trainer.progress, self.keep_epochs)
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
