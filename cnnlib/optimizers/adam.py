"""Adam and AdamW: momentum over RMSprop's steps, both corrected for their start at 0."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from cnnlib.arrays import Array
from cnnlib.domain import require
from cnnlib.optimizers.base import Optimizer, blend_square, decayed, require_decay


class _AdamFamily(Optimizer):
    """What Adam and AdamW share: the moments and the step."""

    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    _decoupled: ClassVar[bool]

    def __post_init__(self) -> None:
        require(self, "beta1", 0 <= self.beta1 < 1, "at least 0 and less than 1")
        require(self, "beta2", 0 <= self.beta2 < 1, "at least 0 and less than 1")
        require(self, "eps", 0 < self.eps < math.inf, "a number above 0")
        require_decay(self, self.weight_decay)

    def _slots(self) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def _update(
        self, p: Array, g: Array, slots: tuple[Array, ...], work: Array, step: int, rate: float
    ) -> None:
        """With c₁ = 1 − beta1ᵗ and c₂ = 1 − beta2ᵗ the step r·(m/c₁) / (√(v/c₂) + eps) is
        (r·√c₂/c₁)·m / (√v + eps·√c₂): the corrections go into two scalars, not into two passes.
        """
        m, v = slots
        s, t = work
        if not self._decoupled:
            g = decayed(p, g, self.weight_decay, out=s)
        elif self.weight_decay != 0.0:
            np.multiply(p, 1.0 - rate * self.weight_decay, out=p)
        np.subtract(g, m, out=t)
        np.multiply(t, 1.0 - self.beta1, out=t)
        np.add(m, t, out=m)
        blend_square(v, g, self.beta2, work=t)
        root = math.sqrt(1.0 - self.beta2**step)
        np.sqrt(v, out=t)
        np.add(t, self.eps * root, out=t)
        np.divide(m, t, out=t)
        np.multiply(t, rate * root / (1.0 - self.beta1**step), out=t)
        np.subtract(p, t, out=p)


@dataclass(frozen=True, repr=False)
class Adam(_AdamFamily):
    """Adaptive moments (Kingma and Ba 2015, algorithm 1). t is the number of the step, from 1.

    g ← g + weight_decay·p
    m ← beta1·m + (1 − beta1)·g            v ← beta2·v + (1 − beta2)·g²
    p ← p − r · m/(1 − beta1ᵗ) / (√(v/(1 − beta2ᵗ)) + eps)
    """

    _decoupled: ClassVar[bool] = False

    beta1: float = field(default=0.9, metadata={"help": "memory of the gradient, 0 to 1"})
    beta2: float = field(default=0.999, metadata={"help": "memory of its square, 0 to 1"})
    eps: float = field(default=1e-8, metadata={"help": "keeps the division away from 0"})
    weight_decay: float = field(
        default=0.0, metadata={"help": "pull of every parameter towards 0, added to its gradient"}
    )


@dataclass(frozen=True, repr=False)
class AdamW(_AdamFamily):
    """Adam whose weight decay stands beside the gradient (Loshchilov and Hutter 2019).

    p ← p·(1 − r·weight_decay), then Adam's step with the gradient of the loss alone
    """

    _decoupled: ClassVar[bool] = True

    beta1: float = field(default=0.9, metadata={"help": "memory of the gradient, 0 to 1"})
    beta2: float = field(default=0.999, metadata={"help": "memory of its square, 0 to 1"})
    eps: float = field(default=1e-8, metadata={"help": "keeps the division away from 0"})
    weight_decay: float = field(
        default=0.01, metadata={"help": "share of itself, times the rate, that p loses in a step"}
    )
