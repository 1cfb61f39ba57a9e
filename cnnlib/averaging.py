"""A second set of parameters that follows the first slowly: its average is often the better net.

The average never takes part in training. A trainer updates it after each step and evaluates with
it (Polyak and Juditsky 1992; the exponential form as in Szegedy et al. 2016).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cnnlib.arrays import Array
from cnnlib.domain import require
from cnnlib.errors import ShapeError
from cnnlib.text import Described

_BLOCK = 65_536  # numbers: long enough to hide the price of a call, short enough for the cache


@dataclass
class AverageState:
    """The running average of a flat buffer; ``values`` and ``steps`` go into a checkpoint.

    Attributes:
        values: the averaged parameters, (P,).
        steps: how many updates were made.
        work: scratch of one block.
    """

    values: Array
    steps: int
    work: Array = field(repr=False, compare=False)


class Average(Described, family="average"):
    """A rule that averages parameters over the steps of a training."""


@dataclass(frozen=True, repr=False)
class ExponentialMovingAverage(Average):
    """a ← a + (1 − d)·(p − a) after each step, with d = min(decay, (1 + t)/(10 + t)).

    t counts the updates from 0. The smaller d of the first steps is a warm-up: the average
    forgets where training began instead of carrying it along.
    """

    decay: float = field(
        default=0.999, metadata={"help": "memory of the average, 0 to 1; 0.999 is about 1000 steps"}
    )

    def __post_init__(self) -> None:
        require(self, "decay", 0 <= self.decay < 1, "at least 0 and less than 1")

    def start(self, parameters: Array) -> AverageState:
        """The average before the first step: a copy of the parameters, (P,)."""
        work = np.empty(min(_BLOCK, parameters.size), parameters.dtype)
        return AverageState(parameters.copy(), 0, work)

    def update(self, parameters: Array, state: AverageState) -> None:
        """Take in the parameters after a step; only the state is written.

        Raises:
            ShapeError: a buffer of another size than the state was started with.
        """
        if parameters.shape != state.values.shape:
            raise ShapeError(
                "ExponentialMovingAverage",
                expected=f"parameters of shape {state.values.shape}",
                received=f"{parameters.shape}",
            )
        keep = min(self.decay, (1 + state.steps) / (10 + state.steps))
        state.steps += 1
        for first in range(0, parameters.size, _BLOCK):
            values = state.values[first : first + _BLOCK]
            change = state.work[: values.size]
            np.subtract(parameters[first : first + _BLOCK], values, out=change)
            np.multiply(change, 1.0 - keep, out=change)
            np.add(values, change, out=values)
