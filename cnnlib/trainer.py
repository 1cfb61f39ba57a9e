"""The trainer: a generator of events.

Whoever pulls the next event lets training go on; not pulling is pausing, and the position is always
between two steps. The order of the events is drawn in ``cnnlib.events``.

    | ended by        | EpochEnded of the epoch | test evaluated | RunEnded.reason  |
    |-----------------|-------------------------|----------------|------------------|
    | last epoch      | yes                     | yes            | finished         |
    | stopping rule   | yes                     | yes            | early-stopping   |
    | ``stop()``      | only if it was complete | unless told    | the one given    |
    | NaN or infinity | no                      | no             | diverged         |
    | a rank that died| no                      | no             | failed           |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from cnnlib import events
from cnnlib.arrays import Array, Examples
from cnnlib.errors import CheckpointError, RankError, SpecificationError
from cnnlib.metrics import confusion_matrix, log_loss
from cnnlib.replica import StepResult, Weights
from cnnlib.schedules import Moment, Schedule
from cnnlib.stopping import EarlyStopping
from cnnlib.team import Team
from cnnlib.work import Work

EndReason = Literal["finished", "stopped", "early-stopping", "diverged", "failed", "abandoned"]


@dataclass
class Progress:
    """Where a training stands, in plain numbers: with the arrays, all that resuming needs.

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
    optimizer_steps: int = 0
    average_steps: int = 0


class TrainingState(NamedTuple):
    """What a checkpoint holds: arrays by name, and plain numbers."""

    tensors: dict[str, Array]
    progress: dict[str, Any]


class Evaluation(NamedTuple):
    """A model tried on a split."""

    probabilities: Array
    loss: float
    accuracy: float
    confusion: tuple[tuple[int, ...], ...]


class Trainer:
    """Trains a network, yielding an event for whatever happens.

    Args:
        work: what is trained and how each step is taken.
        train: the examples to learn from.
        valid: examples to watch; the best epoch is the one with the greatest accuracy on them.
        test: examples to try the best weights on, once, at the end.
        schedule: learning rate of each step.
        epochs: how often to see all examples.
        stopping: when to end early, or None.
        ranks: processes that share the work.
        run: name for the events.
        classes: names of the classes, for the events.

    >>> from cnnlib.schedules import OneCycle
    >>> trainer = Trainer(work, train, schedule=OneCycle(6e-3), epochs=2)      # doctest: +SKIP
    >>> for event in trainer.run(): print(event)                               # doctest: +SKIP
    """

    def __init__(
        self,
        work: Work,
        train: Examples,
        valid: Examples | None = None,
        test: Examples | None = None,
        *,
        schedule: Schedule,
        epochs: int,
        stopping: EarlyStopping | None = None,
        ranks: int = 1,
        run: str = "",
        classes: tuple[str, ...] = (),
    ) -> None:
        self.work, self.schedule, self.epochs, self.stopping = work, schedule, epochs, stopping
        self.ranks, self.name, self.classes = ranks, run, classes
        splits = {"train": train, "valid": valid, "test": test}
        self.splits: dict[str, Examples] = {
            name: split for name, split in splits.items() if split is not None and len(split.labels)
        }
        _require(work, self.splits, epochs=epochs, ranks=ranks)
        self.progress = Progress()
        self.test_evaluation: Evaluation | None = None
        self._restored: Mapping[str, Array] | None = None
        self._team: Team | None = None
        self._stop: EndReason | None = None
        self._test_after_stop = True

    @property
    def team(self) -> Team:
        """The ranks at work.

        Raises:
            RankError: ``run`` has not begun, or has ended.
        """
        if self._team is None:
            raise RankError("the ranks", expected="a training under way", received="none")
        return self._team

    def run(self) -> Iterator[events.Event]:
        """Train from the present position; see ``cnnlib.events`` for the order of the events."""
        self._stop = None
        try:
            self._begin()
            yield self._started()
            yield from self._train()
        except RankError as error:
            yield self._ended("failed", message=str(error))
        finally:
            self._close()

    def stop(
        self, reason: Literal["stopped", "abandoned"] = "stopped", *, test: bool = True
    ) -> None:
        """End after the present step; ``test`` says whether to try the test examples first."""
        self._stop, self._test_after_stop = reason, test

    def scale_learning_rate(self, factor: float) -> None:
        """From the next step on, multiply the schedule's rate by ``factor``."""
        self.progress.rate_factor = factor

    def learning_rate(self) -> float:
        """The rate of the next step."""
        progress = self.progress
        moment = Moment(
            step=progress.step + 1,
            total_steps=self.team.replica.batches() * self.epochs,
            epoch=progress.epoch,
            epochs=self.epochs,
            valid_losses=tuple(progress.valid_losses),
        )
        return self.schedule(moment) * progress.rate_factor

    def evaluate(self, split: str, weights: Weights = "average") -> Evaluation:
        """Try the model on a split, between two steps.

        Args:
            split: "train", "valid" or "test".
            weights: "current", "average" (current where none is kept) or "best".
        """
        probabilities = self.team.probabilities(split, weights)
        labels = np.asarray(self.splits[split].labels)
        predicted = probabilities.argmax(axis=1)
        confusion = confusion_matrix(labels, predicted, probabilities.shape[1])
        return Evaluation(
            probabilities,
            float(log_loss(probabilities, labels)),
            float(np.trace(confusion) / len(labels)),
            tuple(tuple(map(int, row)) for row in confusion),
        )

    def evaluated(
        self, split: Literal["train", "valid", "test"], found: Evaluation
    ) -> events.Event:
        """The event that tells of an evaluation."""
        return events.Evaluated(
            split=split,
            epoch=self.progress.epoch,
            step=self.progress.step,
            loss=found.loss,
            accuracy=found.accuracy,
            examples=len(found.probabilities),
            confusion=found.confusion,
        )

    def state(self) -> TrainingState:
        """Everything that resuming needs; the arrays are copies."""
        replica = self.team.replica
        self.progress.optimizer_steps = replica.optimizer.steps
        self.progress.average_steps = replica.average.steps if replica.average else 0
        tensors = {name: array.copy() for name, array in replica.arrays().items()}
        return TrainingState(tensors, asdict(self.progress))

    def restore(self, state: TrainingState) -> None:
        """Let the next ``run`` go on from ``state``.

        Raises:
            CheckpointError: its numbers are not those of a training; nothing is changed.
        """
        try:
            self.progress = Progress(**state.progress)
        except TypeError as error:
            raise CheckpointError(
                "the training's progress", expected="its own numbers", received=str(error)
            ) from None
        self._restored = state.tensors

    def best_tensors(self) -> dict[str, Array]:
        """Parameters and buffers of the best epoch so far, by public name."""
        return self._tensors("best")

    def evaluated_tensors(self) -> dict[str, Array]:
        """Parameters and buffers that an evaluation now would use, by public name."""
        return self._tensors("average")

    def _tensors(self, weights: Weights) -> dict[str, Array]:
        replica = self.team.replica
        with replica.weights(weights):
            return {name: np.array(a, order="C") for name, a in replica.model.tensors().items()}

    def _begin(self) -> None:
        self._team = Team(self.work, self.splits, self.ranks)
        replica = self._team.replica
        if self._restored is not None:
            own = replica.arrays()
            if own.keys() != self._restored.keys() or any(
                own[name].shape != self._restored[name].shape for name in own
            ):
                raise CheckpointError(
                    "the checkpoint",
                    expected="the arrays of this training",
                    received="others",
                    advice="Resume a run with the settings it was begun with.",
                )
            for name, array in own.items():
                np.copyto(array, self._restored[name])
            replica.optimizer.steps = self.progress.optimizer_steps
            if replica.average:
                replica.average.steps = self.progress.average_steps
        self._team.agree()

    def _close(self) -> None:
        if self._team is not None:
            self._restored = self.state().tensors
            self._team.close()
            self._team = None

    def _train(self) -> Iterator[events.Event]:
        progress = self.progress
        while progress.epoch <= self.epochs:
            if progress.batch == 0:
                yield events.EpochStarted(progress.epoch, progress.step)
            while progress.batch < self.team.replica.batches():
                if self._stop:
                    yield from self._end(self._stop)
                    return
                rate = self.learning_rate()
                result = self.team.step(progress.epoch, progress.batch, rate)
                if not result.finite:
                    yield from self._diverged()
                    return
                yield self._stepped(result, rate)
            yield from self._end_epoch()
            if self.stopping and self.stopping(progress.valid_losses):
                yield from self._end("early-stopping")
                return
        yield from self._end("finished")

    def _stepped(self, result: StepResult, rate: float) -> events.Event:
        progress = self.progress
        progress.batch += 1
        progress.step += 1
        progress.loss_sum += result.loss * result.examples
        progress.correct += round(result.accuracy * result.examples)
        progress.examples += result.examples
        progress.rate = rate
        return events.StepEnded(
            epoch=progress.epoch,
            step=progress.step,
            loss=result.loss,
            accuracy=result.accuracy,
            examples=result.examples,
            learning_rate=rate,
            gradient_norm=result.gradient_norm,
        )

    def _end_epoch(self) -> Iterator[events.Event]:
        progress = self.progress
        valid = self.evaluate("valid") if "valid" in self.splits else None
        if valid is not None:
            yield self.evaluated("valid", valid)
            progress.valid_losses.append(valid.loss)
        accuracy = None if valid is None else valid.accuracy
        is_best = (
            accuracy is None or progress.best_accuracy is None or accuracy >= progress.best_accuracy
        )
        if is_best:
            progress.best_epoch, progress.best_accuracy = progress.epoch, accuracy
            self.team.keep_best()
        ended = events.EpochEnded(
            epoch=progress.epoch,
            step=progress.step,
            train_loss=progress.loss_sum / progress.examples,
            train_accuracy=progress.correct / progress.examples,
            valid_loss=None if valid is None else valid.loss,
            valid_accuracy=accuracy,
            learning_rate=progress.rate,
            is_best=is_best,
        )
        progress.epoch += 1
        progress.batch = progress.correct = progress.examples = 0
        progress.loss_sum = 0.0
        yield ended

    def _end(self, reason: EndReason) -> Iterator[events.Event]:
        test = None
        if "test" in self.splits and (self._stop is None or self._test_after_stop):
            weights: Weights = "average" if self.progress.best_epoch is None else "best"
            test = self.test_evaluation = self.evaluate("test", weights)
            yield self.evaluated("test", test)
        yield self._ended(reason, test)

    def _diverged(self) -> Iterator[events.Event]:
        where, what = self.team.replica.not_finite()
        yield events.Diverged(self.progress.epoch, self.progress.step + 1, where, what)
        yield self._ended(
            "diverged", message=f"{where} became {what}; resume at a lower learning rate"
        )

    def _started(self) -> events.Event:
        replica, work = self.team.replica, self.work
        return events.RunStarted(
            run=self.name,
            architecture=work.architecture,
            parameters=replica.model.flat_parameters.size,
            train_examples=len(self.splits["train"].labels),
            valid_examples=len(self.splits["valid"].labels) if "valid" in self.splits else 0,
            classes=self.classes,
            steps_per_epoch=replica.batches(),
            epochs=self.epochs,
            batch_size=work.batch_size,
            ranks=self.ranks,
            seed=work.seed,
            step=self.progress.step,
        )

    def _ended(
        self, reason: EndReason, test: Evaluation | None = None, message: str = ""
    ) -> events.Event:
        progress = self.progress
        return events.RunEnded(
            epoch=min(progress.epoch, self.epochs),
            step=progress.step,
            reason=reason,
            best_epoch=progress.best_epoch,
            best_accuracy=progress.best_accuracy,
            test_loss=test.loss if test else None,
            test_accuracy=test.accuracy if test else None,
            message=message,
        )


def _require(work: Work, splits: Mapping[str, Examples], *, epochs: int, ranks: int) -> None:
    """Refuse numbers that cannot be trained with, before anything is started."""
    limits = {
        "epochs": epochs,
        "ranks": ranks,
        "batch_size": work.batch_size,
        "micro_batch": work.micro_batch or 1,
    }
    for name, value in limits.items():
        if value < 1:
            raise SpecificationError(
                f"the training: {name}", expected="at least 1", received=f"{value}"
            )
    if "train" not in splits:
        raise SpecificationError("the training", expected="examples", received="none")
    if ranks > work.batch_size:
        raise SpecificationError(
            "the training: ranks",
            expected=f"at most the batch size, {work.batch_size}",
            received=f"{ranks}",
            advice="Use fewer ranks or a larger batch.",
        )
