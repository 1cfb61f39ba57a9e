"""Where a training stands: plain numbers which, with a replica's arrays, are all it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from cnnlib import events
from cnnlib.arrays import Array
from cnnlib.errors import CheckpointError
from cnnlib.evaluation import Evaluation
from cnnlib.replica import Replica, StepResult


class TrainingState(NamedTuple):
    """What a checkpoint holds: arrays by name, and plain numbers."""

    tensors: dict[str, Array]
    progress: dict[str, Any]


@dataclass
class Progress:
    """The position, always between two steps.

    ``batch`` counts the batches done of ``epoch``; the sums are over its examples so far.
    """

    epoch: int = 1
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    examples: int = 0
    rate: float = 0.0
    rate_factor: float = 1.0
    valid_losses: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    best_accuracy: float | None = None
    best_loss: float | None = None
    optimizer_steps: int = 0
    average_steps: int = 0

    @property
    def last_epoch(self) -> int:
        """The epoch of the last step: at its end still this one, where ``epoch`` is the next."""
        return self.epoch - 1 if self.batch == 0 and self.epoch > 1 else self.epoch

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Progress:
        """Read what a TrainingState holds.

        Raises:
            CheckpointError: other numbers than these.
        """
        try:
            return cls(**deepcopy(dict(plain)))
        except TypeError as error:
            raise CheckpointError(
                "the training's progress", expected="its own numbers", received=str(error)
            ) from None

    def count(self, result: StepResult, rate: float) -> None:
        """Take in a step."""
        self.batch += 1
        self.step += 1
        self.loss_sum += result.loss * result.examples
        self.correct += round(result.accuracy * result.examples)
        self.examples += result.examples
        self.rate = rate

    def is_best(self, valid: Evaluation | None) -> bool:
        """Whether an epoch is the best so far, by accuracy and then loss on the validation split.

        Without such a split each epoch is.
        """
        if valid is None or self.best_accuracy is None:
            return True
        if valid.accuracy != self.best_accuracy or self.best_loss is None:
            return valid.accuracy > self.best_accuracy
        return valid.loss < self.best_loss

    def end_epoch(self, valid: Evaluation | None, *, is_best: bool) -> events.EpochEnded:
        """Take in what the epoch came to, begin to count anew, and tell of it."""
        loss, accuracy = (valid.loss, valid.accuracy) if valid else (None, None)
        if is_best:
            self.best_epoch, self.best_accuracy, self.best_loss = self.epoch, accuracy, loss
        if valid:
            self.valid_losses.append(valid.loss)
        ended = events.EpochEnded(
            epoch=self.epoch,
            step=self.step,
            train_loss=self.loss_sum / self.examples,
            train_accuracy=self.correct / self.examples,
            valid_loss=loss,
            valid_accuracy=accuracy,
            learning_rate=self.rate,
            is_best=is_best,
        )
        self.epoch += 1
        self.batch = self.correct = self.examples = 0
        self.loss_sum = 0.0
        return ended


def capture(replica: Replica, progress: Progress) -> TrainingState:
    """Everything that resuming needs; the arrays are copies."""
    progress.optimizer_steps = replica.optimizer.steps
    progress.average_steps = replica.average.steps if replica.average else 0
    tensors = {name: array.copy() for name, array in replica.arrays().items()}
    return TrainingState(tensors, asdict(progress))


def reinstate(replica: Replica, progress: Progress, tensors: Mapping[str, Array]) -> None:
    """Bring a replica to a captured state.

    Raises:
        CheckpointError: the arrays are not those of this training; nothing is changed.
    """
    own = replica.arrays()
    if own.keys() != tensors.keys() or any(own[k].shape != tensors[k].shape for k in own):
        raise CheckpointError(
            "the checkpoint",
            expected="the arrays of this training",
            received="others",
            advice="Resume a run with the settings it was begun with.",
        )
    for name, array in own.items():
        np.copyto(array, tensors[name])
    replica.optimizer.steps = progress.optimizer_steps
    if replica.average:
        replica.average.steps = progress.average_steps
