"""What is known of a run: columns of numbers per step, a row per epoch, marks, log lines, state.

Plain data without Textual and without files. The follower's thread alone adds events; the screens
read on their tick, and `version` tells them whether anything is new.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

import numpy as np

from cnnlib import events as ev
from cnnlib.events import Record
from cnnlib.runs import lock
from tui.following.columns import Column
from tui.following.log_lines import describe, log_line
from tui.following.usage import Usage

LOG_LINES = 2000
LIVE = ("starting", "training", "paused", "suspended")
"""The states in which a trainer is at work."""
RESUMABLE = ("interrupted", "silent", "no trainer", "stopped", "failed")
"""The states in which a trainer can take the run up again."""
FINDING = ("Snapshot", "EvaluateNow")
"""Commands whose answer is what the trainer said just before it."""
PATIENCE = 30.0
"""Seconds that a launched trainer has to say its first word."""


@dataclass(frozen=True)
class EpochRow:
    """What is known of a finished epoch."""

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float
    valid_loss: float | None
    valid_accuracy: float | None
    learning_rate: float
    seconds: float
    is_best: bool


@dataclass(frozen=True)
class Mark:
    """Something to mark on the time axis of a chart."""

    step: int
    text: str


class Series:
    """What is known of a run."""

    def __init__(self) -> None:
        self.version = 0
        self.started: ev.RunStarted | None = None
        self.ended: ev.RunEnded | None = None
        self.evaluated: dict[str, ev.Evaluated] = {}
        """The last evaluation on each split."""
        self.steps, self.losses, self.accuracies, self.rates = (Column() for _ in range(4))
        self.epochs: list[EpochRow] = []
        self.marks: list[Mark] = []
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self.log_count = 0
        """Lines ever logged: what a log view compares with what it has shown."""
        self.paused = False
        self.step = 0
        self.epoch = 0
        self.owner: lock.Owner | None = None
        self.owner_known = False
        self.owner_heard = 0.0
        """When the owner last gave a sign of life, in seconds since 1970."""
        self.is_suspended = False
        """Whether a signal holds the trainer, as SIGSTOP does."""
        self.usage: Usage | None = None
        """What the trainer takes of this machine, where it works here and that can be known."""
        self.answers = 0
        """How often the trainer answered to what it was asked."""
        self.answer = ""
        """Its last answer: what it found or saved, or why it refused."""
        self._found = ""
        self.damaged = 0
        """Lines of the journal that could not be read."""
        self.problem = ""
        """Why the run cannot be read, if it cannot."""
        self._awaited_since: float | None = None
        self._epoch_began = 0.0
        self._active_since: float | None = None
        self._active_before = 0.0
        self._last_time = 0.0
        self._first_step = 0
        self._recent: deque[tuple[float, int]] = deque(maxlen=200)  # (time, examples of the step)

    # What the screens ask

    @property
    def state(self) -> str:
        """One word: no run, starting, training, paused, suspended, silent ..., or why it ended."""
        if self.problem:
            return "unreadable"
        if self._is_awaited:
            return "starting"
        if self.ended is not None:
            return self.ended.reason
        if not self.owner_known:
            return "reading"
        if self.owner is None or not self.owner.present:
            if self.owner is not None and self.owner.alive is None:
                return "silent"  # on another machine, and not heard of lately
            return "interrupted" if self.started is not None else "no trainer"
        if self.is_suspended:
            return "suspended"
        if self.started is None:
            return "starting"
        return "paused" if self.paused else "training"

    @property
    def _is_awaited(self) -> bool:
        since = self._awaited_since
        return since is not None and time.time() - since < PATIENCE

    @property
    def is_live(self) -> bool:
        """Whether a trainer is at work on the run."""
        return self.state in LIVE

    @property
    def is_resumable(self) -> bool:
        """Whether a trainer can take the run up again."""
        return self.state in RESUMABLE

    @property
    def total_steps(self) -> int:
        """Steps of the whole run, 0 while unknown."""
        return self.started.steps_per_epoch * self.started.epochs if self.started else 0

    @property
    def images_per_second(self) -> float | None:
        """Over the last steps, or over the whole run once it ended; None while unknown."""
        if self.ended is not None and self.started is not None:
            images = (self.ended.step - self._first_step) * self.started.batch_size
            return images / self.seconds if self.seconds and images > 0 else None
        recent = tuple(self._recent)
        if len(recent) < 3 or recent[-1][0] <= recent[0][0]:
            return None
        return sum(examples for _, examples in recent[1:]) / (recent[-1][0] - recent[0][0])

    @property
    def seconds(self) -> float:
        """Time spent training, without pauses."""
        return self._active(self._last_time)

    @property
    def seconds_left(self) -> float | None:
        """Expected time to the end, from the time the steps so far took; None when unknown."""
        speed = self.images_per_second
        if self.started is None or not speed or self.state != "training":
            return None
        return (self.total_steps - self.step) * self.started.batch_size / speed

    @property
    def best(self) -> EpochRow | None:
        """The best epoch so far."""
        return next((row for row in reversed(self.epochs) if row.is_best), None)

    @property
    def last_loss(self) -> float | None:
        """Of the last step."""
        return float(self.losses.values[-1]) if self.losses.values.size else None

    def expect_trainer(self, expected: bool = True) -> None:
        """A trainer was launched and has not yet said a word; or (False) it never will."""
        self._awaited_since = time.time() if expected else None
        self.version += 1

    # What the follower writes

    def add(self, record: Record) -> None:
        """Take one event in."""
        now, event = record.time, record.event
        match event:
            case ev.RunStarted():
                self._begin(event, now)
            case ev.StepEnded():
                self.step, self.epoch = event.step, event.epoch
                self.steps.append(event.step)
                self.losses.append(event.loss)
                self.accuracies.append(event.accuracy)
                self.rates.append(event.learning_rate)
                self._recent.append((now, event.examples))
            case ev.EpochStarted():
                self.epoch, self._epoch_began = event.epoch, self._active(now)
            case ev.EpochEnded():
                self._end_epoch(event, now)
            case ev.Evaluated():
                self.evaluated[event.split] = event
                self._found = describe(event) or ""
            case ev.CheckpointSaved():
                self._found = describe(event) or ""
            case ev.CommandDone(name=name):
                self.answers += 1
                self.answer = self._found if name in FINDING else ""
            case ev.CommandRefused():
                self.answers += 1
                self.answer = describe(event) or ""
            case ev.Paused():
                self.paused = True
                self._stop_clock(now)
            case ev.Resumed():
                self.paused = False
                self._active_since = now
                self._recent.clear()
            case ev.LearningRateChanged():
                self.marks.append(Mark(event.step, f"lr {event.learning_rate:.2g}"))
            case ev.RunEnded():
                self.ended, self.paused = event, False
                self._stop_clock(now)
            case _:
                pass
        self._last_time = now
        line = log_line(record)
        if line is not None:
            self.note(line)

    def note(self, line: str) -> None:
        """Append a line to the log."""
        self.log.append(line)
        self.log_count += 1

    def _begin(self, event: ev.RunStarted, now: float) -> None:
        """A start or a resumption: what was trained after the resumed step is trained again."""
        self.started, self.ended, self.paused = event, None, False
        if self._awaited_since is not None and now >= self._awaited_since - 1.0:
            self._awaited_since = None
        if self.steps.values.size == 0:
            self._first_step = event.step
        self.step = event.step
        kept = int(np.searchsorted(self.steps.values, event.step, side="right"))
        self.steps, self.losses, self.accuracies, self.rates = (
            column.kept(kept) for column in (self.steps, self.losses, self.accuracies, self.rates)
        )
        self.epochs = [row for row in self.epochs if row.step <= event.step]
        self.marks = [mark for mark in self.marks if mark.step <= event.step]
        if event.step:
            self.marks.append(Mark(event.step, "resumed"))
        self._stop_clock(self._last_time)  # the time between two trainers does not count
        self._active_since, self._epoch_began = now, self._active_before
        self._recent.clear()

    def _end_epoch(self, event: ev.EpochEnded, now: float) -> None:
        row = EpochRow(
            epoch=event.epoch,
            step=event.step,
            train_loss=event.train_loss,
            train_accuracy=event.train_accuracy,
            valid_loss=event.valid_loss,
            valid_accuracy=event.valid_accuracy,
            learning_rate=event.learning_rate,
            seconds=self._active(now) - self._epoch_began,
            is_best=event.is_best,
        )
        self.epochs = [*(old for old in self.epochs if old.epoch != event.epoch), row]

    def _active(self, now: float) -> float:
        """Seconds of training until then, without pauses and the time between two trainers."""
        since = self._active_since
        return self._active_before + (now - since if since is not None else 0.0)

    def _stop_clock(self, now: float) -> None:
        if self._active_since is not None:
            self._active_before += now - self._active_since
            self._active_since = None
