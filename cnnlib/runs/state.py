"""Where a run stands, folded from its events and from nothing else.

So any reader of a journal, at any time and on any machine, comes to the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnlib.events import (
    MAX_LINE,
    CheckpointSaved,
    DamagedEvent,
    EpochEnded,
    EpochStarted,
    Evaluated,
    LearningRateChanged,
    Paused,
    Record,
    Resumed,
    RunEnded,
    RunStarted,
    StepEnded,
    decode,
)
from cnnlib.runs.lines import LineTail

if TYPE_CHECKING:
    from cnnlib.runs.layout import Run
    from cnnlib.runs.lock import Owner

_STEP_MARK = b'"event":"StepEnded"'


@dataclass
class RunState:
    """Where a run stands after the events that :meth:`add` was given.

    Attributes:
        state: "new" (no event), "running", "paused", or how it ended: "finished", "stopped",
            "early-stopping", "diverged", "failed", "abandoned". Whether a "running" trainer still
            lives is not in the journal: see :meth:`life`.
        run, architecture, classes, parameters, train_examples, valid_examples, batch_size,
        ranks, seed: from RunStarted.
        epoch: the epoch that goes on or was the last, from 1; 0 before the first.
        epochs: how many are planned.
        step: steps done; ``total_steps`` are planned.
        steps_per_epoch: steps in one epoch.
        loss, accuracy: of the last batch.
        learning_rate: the latest.
        train_loss ... valid_accuracy: of the last epoch that ended.
        best_epoch, best_accuracy: the best epoch so far (by its ``is_best``) and its accuracy on
            the validation split.
        test_loss, test_accuracy: of the last evaluation on the test split.
        checkpoint: the last one saved, relative to the run.
        started, last_time: times of the first and the last event, seconds since 1970; 0.0: none.
        seconds: time under training, without the time between two times it was taken up.
        sessions: how many times a trainer took it up.
        message: what the last RunEnded said.
    """

    state: str = "new"
    run: str = ""
    architecture: str = ""
    classes: tuple[str, ...] = ()
    parameters: int = 0
    train_examples: int = 0
    valid_examples: int = 0
    batch_size: int = 0
    ranks: int = 0
    seed: int = 0
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps_per_epoch: int = 0
    loss: float | None = None
    accuracy: float | None = None
    learning_rate: float | None = None
    train_loss: float | None = None
    train_accuracy: float | None = None
    valid_loss: float | None = None
    valid_accuracy: float | None = None
    best_epoch: int | None = None
    best_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    checkpoint: str = ""
    started: float = 0.0
    last_time: float = 0.0
    seconds: float = 0.0
    sessions: int = 0
    message: str = ""

    @classmethod
    def of(cls, records: Iterable[Record]) -> RunState:
        """The state after these records."""
        state = cls()
        for record in records:
            state.add(record)
        return state

    @property
    def total_steps(self) -> int:
        """Steps that are planned in all."""
        return self.steps_per_epoch * self.epochs

    @property
    def ended(self) -> bool:
        """Whether the last trainer let go of the run in good order."""
        return self.state not in ("new", "running", "paused")

    def life(self, owner: Owner | None) -> str:
        """The state as a user should see it, with what the lock says.

        Returns:
            ``state``, but "interrupted" where the journal goes on and its trainer is gone (the
            run can be resumed), "silent" where it is on another host and was not heard of lately.
        """
        if self.ended:
            return self.state
        if owner is None or owner.alive is False:
            return self.state if self.state == "new" else "interrupted"
        return self.state if owner.present else "silent"

    def add(self, record: Record) -> None:
        """Take one more event into account."""
        event = record.event
        if type(event) is RunStarted:
            self.sessions += 1
            self.state = "running"
            self._begin(event)
        elif self.sessions:
            self.seconds += max(0.0, record.time - self.last_time)
        self.started = self.started or record.time
        self.last_time = record.time
        if type(event) is StepEnded:
            self.epoch, self.step = event.epoch, event.step
            self.loss, self.accuracy = event.loss, event.accuracy
            self.learning_rate = event.learning_rate
        elif type(event) is EpochStarted:
            self.epoch, self.step = event.epoch, event.step
        elif type(event) is EpochEnded:
            self._end_epoch(event)
        elif type(event) is Evaluated and event.split == "test":
            self.test_loss, self.test_accuracy = event.loss, event.accuracy
        elif type(event) is CheckpointSaved:
            self.checkpoint = event.path
        elif type(event) is LearningRateChanged:
            self.learning_rate = event.learning_rate
        elif type(event) is Paused:
            self.state = "paused"
        elif type(event) is Resumed:
            self.state = "running"
        elif type(event) is RunEnded:
            self._end(event)

    def _begin(self, event: RunStarted) -> None:
        for name in (
            "run", "architecture", "classes", "parameters", "train_examples", "valid_examples",
            "batch_size", "ranks", "seed", "epochs", "step", "steps_per_epoch",
        ):  # fmt: skip
            setattr(self, name, getattr(event, name))
        self.message = ""

    def _end_epoch(self, event: EpochEnded) -> None:
        self.epoch, self.step = event.epoch, event.step
        self.train_loss, self.train_accuracy = event.train_loss, event.train_accuracy
        self.valid_loss, self.valid_accuracy = event.valid_loss, event.valid_accuracy
        self.learning_rate = event.learning_rate
        if event.is_best:
            self.best_epoch, self.best_accuracy = event.epoch, event.valid_accuracy

    def _end(self, event: RunEnded) -> None:
        self.state, self.message = event.reason, event.message
        if event.best_epoch is not None:
            self.best_epoch, self.best_accuracy = event.best_epoch, event.best_accuracy
        if event.test_accuracy is not None:
            self.test_loss, self.test_accuracy = event.test_loss, event.test_accuracy


def read_state(run: Run) -> RunState:
    """Where a run stands, read quickly: of the steps only those that matter are decoded.

    Raises:
        RunError: the journal cannot be read.
    """
    state = RunState()
    tail = LineTail(run.journal_path, longest=MAX_LINE)
    last_step: bytes | None = None
    more = True
    while more:
        for line in tail.read():
            if line.data is None:
                continue
            if _STEP_MARK in line.data:
                last_step = line.data
                continue
            if last_step is not None:
                _add_line(state, last_step)
                last_step = None
            _add_line(state, line.data)
        more = tail.behind
    if last_step is not None:
        _add_line(state, last_step)
    return state


def _add_line(state: RunState, line: bytes) -> None:
    try:
        state.add(decode(line.decode("utf-8")))
    except (DamagedEvent, UnicodeDecodeError):
        return  # a damaged line; whoever reads the whole journal counts it
