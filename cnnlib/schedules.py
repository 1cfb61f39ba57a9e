"""The learning rate of each step, as a pure function of where the training stands.

A schedule keeps nothing: given the same ``Moment`` it gives the same rate. So resuming a training
needs no state of it, and the whole curve can be drawn before the first step.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Self

from cnnlib.domain import require
from cnnlib.errors import SpecificationError
from cnnlib.text import Described


@dataclass(frozen=True)
class Moment:
    """Where a training stands when it asks for a rate.

    Args:
        step: the step about to be taken, counted from 1 over the whole training.
        total_steps: how many steps the whole training has.
        epoch: the epoch of that step, counted from 1.
        epochs: how many epochs the whole training has.
        valid_losses: the validation loss of each epoch that has ended, oldest first.

    Raises:
        SpecificationError: a step or an epoch below 1.
    """

    step: int
    total_steps: int
    epoch: int
    epochs: int
    valid_losses: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.step < 1 or self.epoch < 1:
            raise SpecificationError(
                "Moment",
                expected="step and epoch counted from 1",
                received=f"step {self.step}, epoch {self.epoch}",
            )


class Schedule(Described, ABC, family="schedule"):
    """A curve of learning rates over a training."""

    @abstractmethod
    def __call__(self, moment: Moment) -> float:
        """The learning rate of the step at this moment."""

    @abstractmethod
    def with_rate(self, rate: float) -> Self:
        """The same curve at another main rate.

        Raises:
            SpecificationError: a rate that the schedule cannot have.
        """


def _require_rate(owner: Schedule, name: str, value: float) -> None:
    require(owner, name, 0 < value < math.inf, "a learning rate above 0, such as 1e-3")


def _require_whole(owner: Schedule, name: str, value: int, least: int) -> None:
    require(owner, name, value >= least, f"a whole number of at least {least}")


@dataclass(frozen=True, repr=False)
class Constant(Schedule):
    """The same rate at every step."""

    rate: float = field(default=1e-3, metadata={"help": "learning rate"})

    def __post_init__(self) -> None:
        _require_rate(self, "rate", self.rate)

    def __call__(self, moment: Moment) -> float:
        """The rate."""
        return self.rate

    def with_rate(self, rate: float) -> Self:
        """Constant at ``rate``."""
        return replace(self, rate=float(rate))


@dataclass(frozen=True, repr=False)
class Step(Schedule):
    """The rate falls by a factor after every so many epochs, as PyTorch's ``StepLR``.

    rate · factor^⌊(epoch − 1) / every⌋
    """

    rate: float = field(default=1e-3, metadata={"help": "learning rate of the first epochs"})
    every: int = field(default=5, metadata={"help": "epochs between two falls"})
    factor: float = field(default=0.1, metadata={"help": "what each fall multiplies the rate by"})

    def __post_init__(self) -> None:
        _require_rate(self, "rate", self.rate)
        _require_whole(self, "every", self.every, 1)
        require(self, "factor", 0 < self.factor <= 1, "above 0 and at most 1")

    def __call__(self, moment: Moment) -> float:
        """The rate after the falls so far."""
        return float(self.rate * self.factor ** ((moment.epoch - 1) // self.every))

    def with_rate(self, rate: float) -> Self:
        """The same falls from ``rate``."""
        return replace(self, rate=float(rate))


@dataclass(frozen=True, repr=False)
class Cosine(Schedule):
    """Half a cosine from ``rate`` at the first step to ``final`` after the last.

        final + (rate − final)·(1 + cos(π·(step − 1)/total_steps)) / 2

    Loshchilov and Hutter 2017 (SGDR), without restarts; PyTorch's ``CosineAnnealingLR``, taken
    each step with ``T_max`` the number of steps.
    """

    rate: float = field(default=1e-3, metadata={"help": "learning rate of the first step"})
    final: float = field(default=0.0, metadata={"help": "learning rate after the last step"})

    def __post_init__(self) -> None:
        _require_rate(self, "rate", self.rate)
        require(self, "final", 0 <= self.final <= self.rate, f"from 0 to the rate, {self.rate}")

    def __call__(self, moment: Moment) -> float:
        """The rate on the cosine."""
        gone = min((moment.step - 1) / max(moment.total_steps, 1), 1.0)
        return self.final + (self.rate - self.final) * (1.0 + math.cos(math.pi * gone)) / 2

    def with_rate(self, rate: float) -> Self:
        """The same half cosine from ``rate``."""
        return replace(self, rate=float(rate))


@dataclass(frozen=True, repr=False)
class Warmup(Schedule):
    """A straight rise over the first steps, and then another schedule.

        step/steps · (first rate of ``then``)       while step < steps
        ``then``, its step 1 being step ``steps``   from there on

    Step ``steps`` takes the first rate of ``then`` in full: the two curves meet there, and
    ``then`` has all of its curve in the steps that remain. Epochs are not shifted.
    A gradual warm-up as in Goyal et al. 2017, section 2.2.
    """

    steps: int = field(default=200, metadata={"help": "steps until the rate stands at its height"})
    then: Schedule = field(
        default=Cosine(), metadata={"help": "the schedule after the rise, such as Cosine(1e-3)"}
    )

    def __post_init__(self) -> None:
        _require_whole(self, "steps", self.steps, 1)

    def __call__(self, moment: Moment) -> float:
        """The rising share of the first rate of ``then``, or the rate of ``then``."""
        before = self.steps - 1
        later = replace(
            moment,
            step=max(moment.step - before, 1),
            total_steps=max(moment.total_steps - before, 1),
        )
        return min(moment.step / self.steps, 1.0) * self.then(later)

    def with_rate(self, rate: float) -> Self:
        """The same rise to ``then`` at ``rate``."""
        return replace(self, then=self.then.with_rate(rate))


@dataclass(frozen=True, repr=False)
class OneCycle(Schedule):
    """Straight up to the peak, and straight down to nothing: fast training at a high rate.

        x = step / (total_steps + 1)                in (0, 1): no step is wasted at rate 0
        peak · x/warmup                             while x ≤ warmup
        peak · (1 − x)/(1 − warmup)                 from there on

    Smith 2018 (arXiv:1803.09820), section 4, with a triangle for the rate and momentum left alone.
    """

    peak: float = field(default=6e-3, metadata={"help": "highest learning rate"})
    warmup: float = field(default=0.2, metadata={"help": "share of the training that goes up"})

    def __post_init__(self) -> None:
        _require_rate(self, "peak", self.peak)
        require(self, "warmup", 0 <= self.warmup < 1, "at least 0 and less than 1")

    def __call__(self, moment: Moment) -> float:
        """The rate on the triangle; 0 beyond the last step."""
        x = min(moment.step / (moment.total_steps + 1), 1.0)
        if x < self.warmup:
            return self.peak * x / self.warmup
        return self.peak * (1.0 - x) / (1.0 - self.warmup)

    def with_rate(self, rate: float) -> Self:
        """The same triangle with its peak at ``rate``."""
        return replace(self, peak=float(rate))


@dataclass(frozen=True, repr=False)
class OnPlateau(Schedule):
    """The rate falls by a factor when the validation loss has stopped falling.

    An epoch is better when its loss is below (1 − threshold) times the best so far. After more
    than ``patience`` epochs in a row that were not, the rate falls and the count begins anew.
    This is PyTorch's ``ReduceLROnPlateau`` (mode "min", no cool-down), but as a function of all
    losses so far. Without validation losses the rate stays.
    """

    rate: float = field(default=1e-3, metadata={"help": "learning rate of the first epochs"})
    factor: float = field(default=0.1, metadata={"help": "what each fall multiplies the rate by"})
    patience: int = field(
        default=5, metadata={"help": "epochs without progress that are forgiven in a row"}
    )
    threshold: float = field(
        default=1e-4, metadata={"help": "share of the best loss that counts as progress"}
    )

    def __post_init__(self) -> None:
        _require_rate(self, "rate", self.rate)
        require(self, "factor", 0 < self.factor < 1, "above 0 and less than 1")
        _require_whole(self, "patience", self.patience, 0)
        require(self, "threshold", 0 <= self.threshold < 1, "at least 0 and less than 1")

    def __call__(self, moment: Moment) -> float:
        """The rate after the falls that the losses so far have brought."""
        rate, best, waited = self.rate, math.inf, 0
        for loss in moment.valid_losses:
            if loss < best * (1.0 - self.threshold):
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.patience:
                rate, waited = rate * self.factor, 0
        return rate

    def with_rate(self, rate: float) -> Self:
        """The same falls from ``rate``."""
        return replace(self, rate=float(rate))
