"""A training carried out in its run directory, event by event.

The trainer yields events; here each goes into the journal, and between two steps checkpoints
are written, signals are answered and commands are obeyed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from cnnlib import events as ev
from cnnlib.errors import CheckpointError, CnnError, RankError, RunError
from cnnlib.report import evaluate
from cnnlib.runs.commands import CommandReader, Refused, answered
from cnnlib.runs.history import RunHistory
from cnnlib.runs.journal import JournalWriter
from cnnlib.runs.lock import RunLock, TakenOver
from tui.experiment.assembly import assemble
from tui.experiment.checkpoints import restore
from tui.experiment.evaluation import write_report
from tui.experiment.keeping import Listen, mutter
from tui.experiment.loading import load_data
from tui.experiment.obeying import Obeying
from tui.experiment.saving import take, write
from tui.experiment.signals import Signals
from tui.settings.training import Settings

if TYPE_CHECKING:
    from cnnlib.ranks import Communicator
    from cnnlib.runs.directory import Run
    from cnnlib.trainer import Trainer

COMMAND_SECONDS = 0.05  # between two looks at the commands, the signals and what is written
PAUSE_SECONDS = 0.1  # the same while paused


class Training(Obeying):
    """One trainer's time with a run."""

    def __init__(
        self,
        run: Run,
        lock: RunLock,
        signals: Signals,
        journal: JournalWriter,
        history: RunHistory,
        listen: Listen,
    ) -> None:
        super().__init__(run, lock, journal, listen)
        self.signals = signals
        self.commands = CommandReader(run.commands_path, answered(history.records))
        self._told = history.records
        self._looked_at = self._due = time.monotonic()
        self._batches = 0  # of an epoch

    def carry_out(self, communicator: Communicator | None = None, ranks: int = 0) -> ev.RunEnded:
        """Train to the end, or until somebody ends it."""
        settings = Settings.from_description(self.run.description())
        self.checkpoint_seconds = settings.checkpoint_seconds
        self.keep_epochs = settings.keep_epochs
        self.splits = load_data(self.run)
        if ranks:
            settings = replace(settings, ranks=ranks)
        self.trainer = assemble(self.run.id, settings, self.splits, communicator)
        self._restore()
        with closing(cast("Generator[ev.Event]", self.trainer.run())) as happening:
            try:
                for event in happening:
                    if type(event) is ev.StepEnded:  # not one call more: it is after every step
                        self.tell(event)
                        if time.monotonic() >= self._due or self.until is not None:
                            self._after_step(event)
                        continue
                    if isinstance(event, ev.RunEnded):
                        if event.reason == "failed":
                            self._save_what_is_left()
                        self.settle()
                        self.tell(event)
                        return event
                    self.tell(event)
                    self._follow_up(event)
            except RankError:  # while it carried out a command
                self._save_what_is_left()
                raise
        raise RankError(f"run {self.run.id}", expected="an end", received="none")

    def _restore(self) -> None:
        """Go back to the last checkpoint; say what the trainer before was killed before saying."""
        restored = restore(self.run, self.trainer, self.journal, self._told)
        if restored.note:
            mutter(f"{self.run.id}: {restored.note}")
        for claim in restored.untold:
            self.tell(claim)
        self._answer_what_is_done(restored.events)
        self._settled = self.journal.count
        done = self.trainer.progress.epoch - 1
        self.keep(done if self.trainer.progress.batch == 0 else 0, done)

    def _answer_what_is_done(self, events: int) -> None:
        """A rate that the checkpoint holds was set; to set it again later would be another one."""
        done = answered(self._told)
        for record in self._told:
            event = record.event
            if record.seq <= events and isinstance(event, ev.LearningRateChanged) and event.command:
                self.commands.pass_over(event.command)
                if event.command not in done:
                    self.tell(ev.CommandDone(event.command, "SetLearningRate"))

    def _save_what_is_left(self) -> None:
        """Save after a rank has died: this process still holds everything up to the last step."""
        try:
            self.settle()
            taken = take(self.trainer, self._settled, "failed")
            self.journal.sync()
            write(self.run, taken, self.lock.require_ours)
            for claim in taken.claims:
                self.tell(claim)
        except RankError:
            return  # the ranks could not be started: nothing was learned
        except TakenOver:
            raise
        except (RunError, CheckpointError) as error:
            mutter(f"{self.run.id}: {error}")  # what ends the run is the rank that has gone

    def record_failure(self, error: BaseException) -> None:
        """Say in the journal why the training ended, as far as it can still be written."""
        asked = isinstance(error, KeyboardInterrupt)
        trainer: Trainer | None = getattr(self, "trainer", None)  # none where its making failed
        progress = trainer.progress if trainer else None
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        ended = ev.RunEnded(
            epoch=min(progress.epoch, trainer.epochs) if trainer and progress else 0,
            step=progress.step if progress else 0,
            reason="stopped" if asked else "failed",
            best_epoch=progress.best_epoch if progress else None,
            best_accuracy=progress.best_accuracy if progress else None,
            test_loss=None,
            test_accuracy=None,
            message="interrupted" if asked else (reason or type(error).__name__),
        )
        with contextlib.suppress(OSError, CnnError):  # the first error is the one to be told
            self.settle()
        with contextlib.suppress(OSError, RunError):
            record = self.journal.append(ended)
            self.journal.close()
            self.listen(record)

    def _follow_up(self, event: ev.Event) -> None:
        """What an event other than a step asks for before the next one."""
        match event:
            case ev.Evaluated(split="test"):
                self.save_what_is_owed()
                self._report()
            case ev.EpochEnded():
                self.save_epoch(event.is_best)
                self._between_steps(event)
            case ev.RunStarted():
                self._batches = event.steps_per_epoch
                self.saved()  # or just restored
                self._between_steps(event)

    def _report(self) -> None:
        found = self.trainer.test_evaluation
        if found is not None:
            labels = self.splits.test.labels
            write_report(self.run, evaluate(found.probabilities, labels, self.splits.classes))

    def _after_step(self, event: ev.StepEnded) -> None:
        """What is due after a step; the last one of an epoch leaves it to the end of the epoch."""
        if self.trainer.progress.batch < self._batches:
            self._between_steps(event)
        elif self.until is ev.StepEnded:
            self.until = ev.EpochEnded

    def _between_steps(self, event: ev.Event) -> None:
        """Checkpoints, signals and commands; a pause happens here."""
        self.lock.heartbeat()
        self.settle_if_written()
        self.pause_after(event)
        if self.signals.checkpoint:
            self.signals.checkpoint = False
            self.save_if_possible("signal")
        else:
            self.save_now_and_then()
        self._look(now=not isinstance(event, ev.StepEnded))
        while self.paused and self.ending is None:
            self.settle()
            time.sleep(PAUSE_SECONDS)
            self.lock.heartbeat()
            self.write_out()
            self._look(now=True)
        self._due = min(self._looked_at + COMMAND_SECONDS, self._saved_at + self.checkpoint_seconds)

    def _look(self, now: bool = False) -> None:
        """See whether a signal or a command has come."""
        if self.signals.stop is not None and self.ending is None:
            self.end("stopped", "signal")
        if now or time.monotonic() - self._looked_at >= COMMAND_SECONDS:
            self._looked_at = time.monotonic()
            for request in self.commands.poll():
                if isinstance(request, Refused):
                    self.tell(ev.CommandRefused(request.id, request.reason))
                else:
                    self.obey(request)
