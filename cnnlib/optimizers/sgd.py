"""Stochastic gradient descent: against the gradient, with or without momentum."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cnnlib.arrays import Array
from cnnlib.domain import require
from cnnlib.optimizers.base import Optimizer, decayed, require_decay


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum when asked.

        g ← g + weight_decay·p
        b ← momentum·b + g                     (dampening 0)
        p ← p − r·b                            nesterov: p − r·(g + momentum·b)

    See Sutskever et al. 2013 for both kinds of momentum; this is PyTorch's form, in which the
    rate stands outside b.
    """

    momentum: float = field(
        default=0.0, metadata={"help": "share of the last step's direction that is kept, 0 to 1"}
    )
    nesterov: bool = field(
        default=False, metadata={"help": "look ahead: use the gradient beyond the momentum step"}
    )
    weight_decay: float = field(
        default=0.0, metadata={"help": "pull of every parameter towards 0, added to its gradient"}
    )

    def __post_init__(self) -> None:
        require(self, "momentum", 0 <= self.momentum < 1, "at least 0 and less than 1")
        require(
            self,
            "nesterov",
            not self.nesterov or self.momentum > 0,
            "False without momentum",
            "Write SGD(momentum=0.9, nesterov=True).",
        )
        require_decay(self, self.weight_decay)

    def _slots(self) -> tuple[str, ...]:
        return ("momentum_buffer",) if self.momentum > 0 else ()

    def _update(
        self, p: Array, g: Array, slots: tuple[Array, ...], work: Array, step: int, rate: float
    ) -> None:
        s, t = work
        g = decayed(p, g, self.weight_decay, out=s)
        if slots:
            (b,) = slots
            np.multiply(b, self.momentum, out=b)
            np.add(b, g, out=b)
            if self.nesterov:
                np.multiply(b, self.momentum, out=t)
                np.add(t, g, out=t)
                g = t
            else:
                g = b
        np.multiply(g, rate, out=t)
        np.subtract(p, t, out=p)
