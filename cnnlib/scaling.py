"""How the learning rate follows the size of the batch.

A schedule is found to be good at one batch size. Another size wants other rates: with k times as
many examples a step there are k times fewer steps, and the gradient is less noisy. Which rule holds
depends on the optimizer, and none holds for any size; so a rule is asked for by name.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from cnnlib.domain import require
from cnnlib.text import Described


class RateScaling(Described, ABC, family="rate scaling"):
    """A rule that multiplies all rates of a schedule by a factor."""

    @abstractmethod
    def __call__(self, batch_size: int) -> float:
        """The factor for steps of ``batch_size`` examples, over all ranks."""


@dataclass(frozen=True, repr=False)
class LinearScaling(RateScaling):
    """Rates in proportion to the batch: batch size / ``base`` (Goyal et al. 2017, for SGD)."""

    base: int = field(metadata={"help": "the batch size that the schedule is meant for"})

    def __post_init__(self) -> None:
        _require_base(self, self.base)

    def __call__(self, batch_size: int) -> float:
        """batch_size / base."""
        return batch_size / self.base


@dataclass(frozen=True, repr=False)
class SqrtScaling(RateScaling):
    """Rates with the root of the batch: sqrt(batch size / ``base``) (Krizhevsky 2014; for Adam
    and its kind Malladi et al. 2022).
    """

    base: int = field(metadata={"help": "the batch size that the schedule is meant for"})

    def __post_init__(self) -> None:
        _require_base(self, self.base)

    def __call__(self, batch_size: int) -> float:
        """The square root of batch_size / base."""
        return math.sqrt(batch_size / self.base)


def _require_base(owner: RateScaling, base: int) -> None:
    require(owner, "base", base >= 1, "a batch size of at least 1")
