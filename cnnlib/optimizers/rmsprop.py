"""RMSprop: every parameter has a step of its own, by the size of its recent gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from cnnlib.arrays import Array
from cnnlib.domain import require
from cnnlib.optimizers.base import Optimizer, blend_square, decayed, require_decay


@dataclass(frozen=True, repr=False)
class RMSprop(Optimizer):
    """Steps divided by the running size of the gradient (Tieleman and Hinton 2012, lecture 6e).

    g ← g + weight_decay·p
    v ← alpha·v + (1 − alpha)·g²
    b ← momentum·b + g / (√v + eps)        b is the last term alone without momentum
    p ← p − r·b
    """

    alpha: float = field(default=0.99, metadata={"help": "memory of the squared gradient, 0 to 1"})
    eps: float = field(default=1e-8, metadata={"help": "keeps the division away from 0"})
    momentum: float = field(
        default=0.0, metadata={"help": "share of the last step's direction that is kept, 0 to 1"}
    )
    weight_decay: float = field(
        default=0.0, metadata={"help": "pull of every parameter towards 0, added to its gradient"}
    )

    def __post_init__(self) -> None:
        require(self, "alpha", 0 <= self.alpha < 1, "at least 0 and less than 1")
        require(self, "eps", 0 < self.eps < math.inf, "a number above 0")
        require(self, "momentum", 0 <= self.momentum < 1, "at least 0 and less than 1")
        require_decay(self, self.weight_decay)

    def _slots(self) -> tuple[str, ...]:
        return ("square_avg", "momentum_buffer") if self.momentum > 0 else ("square_avg",)

    def _update(
        self, p: Array, g: Array, slots: tuple[Array, ...], work: Array, step: int, rate: float
    ) -> None:
        s, t = work
        g = decayed(p, g, self.weight_decay, out=s)
        v = slots[0]
        blend_square(v, g, self.alpha, work=t)
        np.sqrt(v, out=t)
        np.add(t, self.eps, out=t)
        np.divide(g, t, out=t)
        if len(slots) == 2:
            b = slots[1]
            np.multiply(b, self.momentum, out=b)
            np.add(b, t, out=b)
            np.multiply(b, rate, out=t)
        else:
            np.multiply(t, rate, out=t)
        np.subtract(p, t, out=p)
