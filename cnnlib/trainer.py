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
from typing import Literal

import numpy as np

from cnnlib import events
from cnnlib.arrays import Array, Examples
from cnnlib.errors import RankError, SpecificationError
from cnnlib.evaluation import Evaluation
from cnnlib.progress import Progress, TrainingState, capture, reinstate
from cnnlib.ranks import Communicator
from cnnlib.replica import Weights
from cnnlib.scaling import RateScaling
from cnnlib.schedules import Moment, Schedule
from cnnlib.stopping import EarlyStopping
from cnnlib.team import Team
from cnnlib.work import Work

__all__ = ["Evaluation", "Trainer", "TrainingState"]

Split = Literal["train", "valid", "test"]
EndReason = Literal["finished", "stopped", "early-stopping", "diverged", "failed", "abandoned"]


class Trainer:
    """Trains a network, yielding an event for whatever happens.

    Args:
        work: what is trained and how each step is taken.
        train: the examples to learn from.
        valid: examples to watch; the best epoch is the one with the greatest accuracy on them,
                and among equals the one with the least loss.
        test: examples to try the best weights on, once, at the end.
        schedule: learning rate of each step.
        epochs: how often to see all examples.
        stopping: when to end early, or None.
        scaling: how the rates of the schedule follow the batch size; None leaves them.
        ranks: processes that share the work, started on this machine.
        communicator: to ranks that are there already, such as those of MPI; then these share the
            work.
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
        scaling: RateScaling | None = None,
        ranks: int = 1,
        communicator: Communicator | None = None,
        run: str = "",
        classes: tuple[str, ...] = (),
    ) -> None:
        self.work, self.schedule, self.epochs, self.stopping = work, schedule, epochs, stopping
        ranks = communicator.size if communicator else ranks
        self.ranks, self.name, self.classes = ranks, run, classes
        self._communicator = communicator
        self._scale = scaling(work.batch_size) if scaling else 1.0
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
        return self.schedule(moment) * self._scale * progress.rate_factor

    def evaluate(self, split: str, weights: Weights = "average") -> Evaluation:
        """Try the model on a split, between two steps.

        Args:
            split: "train", "valid" or "test".
            weights: "current", "average" (current where none is kept) or "best".
        """
        probabilities = self.team.probabilities(split, weights)
        return Evaluation.of(probabilities, self.splits[split].labels)

    def evaluated(self, split: Split, found: Evaluation) -> events.Event:
        """The event that tells of an evaluation now."""
        return found.event(split, self.progress.last_epoch, self.progress.step)

    def state(self) -> TrainingState:
        """Everything that resuming needs; the arrays are copies."""
        return capture(self.team.replica, self.progress)

    def restore(self, state: TrainingState) -> None:
        """Let the next ``run`` go on from ``state``.

        Raises:
            CheckpointError: its numbers are not those of a training; nothing is changed.
        """
        self.progress = Progress.of(state.progress)
        self._restored = state.tensors

    def tensors(self, weights: Weights) -> dict[str, Array]:
        """Copies of parameters and buffers by public name; ``weights`` as for ``evaluate``."""
        replica = self.team.replica
        with replica.weights(weights):
            return {name: np.array(a, order="C") for name, a in replica.model.tensors().items()}

    def _begin(self) -> None:
        self._team = Team(self.work, self.splits, self.ranks, self._communicator)
        if not self._team.replica.batches():
            raise SpecificationError(
                "the training",
                expected=f"at least {max(2, self.ranks)} examples, for BatchNorm2d's statistics",
                received=f"{len(self.splits['train'].labels)}",
            )
        if self._restored is not None:
            reinstate(self._team.replica, self.progress, self._restored)
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
                if self._stop:
                    break
                if self.stopping and self.stopping(progress.valid_losses):
                    yield from self._end("early-stopping")
                    return
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
                progress.count(result, rate)
                yield result.event(progress.epoch, progress.step, rate)
            yield from self._end_epoch()
        done = progress.epoch > self.epochs
        yield from self._end("finished" if done or not self._stop else self._stop)

    def _end_epoch(self) -> Iterator[events.Event]:
        progress = self.progress
        valid = self.evaluate("valid") if "valid" in self.splits else None
        if valid is not None:
            yield self.evaluated("valid", valid)
        is_best = progress.is_best(valid)
        if is_best:
            self.team.keep_best()  # first: where a rank has gone, the epoch has not ended
        yield progress.end_epoch(valid, is_best=is_best)

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
            "diverged", message=f"{where} became {what}; it can go on at a lower learning rate"
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
            epoch=progress.epoch if reason == "diverged" else progress.last_epoch,
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
    for name, value in (("epochs", epochs), ("ranks", ranks)):
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
