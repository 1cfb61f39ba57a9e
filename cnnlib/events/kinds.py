"""The events of a training, each a frozen fact, and the record that holds one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A trainer took up the run; ``step`` > 0 says that it resumes an earlier one."""

    run: str
    architecture: str
    parameters: int
    train_examples: int
    valid_examples: int
    classes: tuple[str, ...]
    steps_per_epoch: int
    epochs: int
    batch_size: int
    ranks: int
    seed: int
    step: int


@dataclass(frozen=True, slots=True)
class EpochStarted:
    """An epoch begins; ``step`` is the number of steps done before it."""

    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class StepEnded:
    """One batch was learned; loss and accuracy are means over its examples, before the update."""

    epoch: int
    step: int
    loss: float
    accuracy: float
    examples: int
    learning_rate: float
    gradient_norm: float | None


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """All batches of an epoch were learned; the means weigh every example alike."""

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float
    valid_loss: float | None
    valid_accuracy: float | None
    learning_rate: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The model was tried on a whole split; ``confusion`` is (K, K) counts, rows are the truth."""

    split: Literal["train", "valid", "test"]
    epoch: int
    step: int
    loss: float
    accuracy: float
    examples: int
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """Weights and position are safe on disk; ``path`` is relative to the run, with slashes."""

    epoch: int
    step: int
    path: str
    reason: Literal["best", "epoch", "periodic", "asked", "stopped", "signal", "failed"]


@dataclass(frozen=True, slots=True)
class Paused:
    """Training waits; ``command`` is the identifier of the command that asked for it, if any."""

    step: int
    command: str | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """Training goes on after a pause."""

    step: int
    command: str | None


@dataclass(frozen=True, slots=True)
class LearningRateChanged:
    """The rate was set by hand: from here on the schedule is multiplied by ``factor``."""

    step: int
    learning_rate: float
    factor: float
    command: str | None


@dataclass(frozen=True, slots=True)
class CommandDone:
    """The command with this identifier was carried out."""

    command: str
    name: str


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """The command with this identifier was not carried out, and why."""

    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class Diverged:
    """A number left the finite ones: ``where`` (a layer, the loss), ``what`` (NaN, infinity)."""

    epoch: int
    step: int
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something is wrong that training goes on in spite of, such as a full disk."""

    step: int
    message: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The trainer lets go of the run, and why; the last event of each time it was taken up."""

    epoch: int
    step: int
    reason: Literal["finished", "stopped", "early-stopping", "diverged", "failed", "abandoned"]
    best_epoch: int | None
    best_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    message: str


Event: TypeAlias = (
    RunStarted
    | EpochStarted
    | StepEnded
    | EpochEnded
    | Evaluated
    | CheckpointSaved
    | Paused
    | Resumed
    | LearningRateChanged
    | CommandDone
    | CommandRefused
    | Diverged
    | Warned
    | RunEnded
)


@dataclass(frozen=True, slots=True)
class Record:
    """An event with its place and its moment.

    Args:
        seq: its number in the journal, counted from 1 without a gap: the number of its line.
        time: when it was written, in seconds since 1970 (UTC).
        event: what happened.
    """

    seq: int
    time: float
    event: Event
