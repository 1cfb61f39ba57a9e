"""What every optimizer is: constants, a state, and a rule for one block of the flat buffer.

An optimizer is a dataclass of its constants. What it remembers between steps stands in an
``OptimizerState``; the learning rate comes from a schedule with each step. It knows nothing of
layers: it sees one flat buffer of parameters and one of gradients, and writes into the first.

Every formula works number by number, so a process may update any slice of the buffer on its own.
The buffers are walked in blocks that stay in the cache while the few ufuncs of one update pass
over them. In the formulas p is a parameter, g its gradient and r the learning rate.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cnnlib.arrays import Array
from cnnlib.domain import require
from cnnlib.errors import CheckpointError, ShapeError
from cnnlib.text import Described

_BLOCK = 65_536  # numbers: long enough to hide the price of a call, short enough for the cache


@dataclass
class OptimizerState:
    """What an optimizer remembers: the slots go into a checkpoint, the workspace does not.

    Attributes:
        slots: one array like the parameters for each running quantity, by PyTorch's names.
        steps: how many steps were taken.
        work: two scratch rows of one block, (2, block).
    """

    slots: dict[str, Array]
    steps: int
    work: Array = field(repr=False, compare=False)

    def restore(self, slots: Mapping[str, Array], steps: int) -> None:
        """Take over stored values, into the buffers that are here already.

        Raises:
            CheckpointError: other slots than these, or of another size; nothing was changed.
        """
        if slots.keys() != self.slots.keys():
            raise CheckpointError(
                "the optimizer's state",
                expected=", ".join(self.slots) or "no slot",
                received=", ".join(slots) or "no slot",
                advice="Go on with the optimizer that wrote the checkpoint.",
            )
        for name, slot in self.slots.items():
            if slots[name].shape != slot.shape:
                raise CheckpointError(
                    f"the optimizer's {name}",
                    expected=f"shape {slot.shape}",
                    received=f"{slots[name].shape}",
                    advice="Go on with the model that wrote the checkpoint.",
                )
        for name, slot in self.slots.items():
            np.copyto(slot, slots[name])
        self.steps = steps


class Optimizer(Described, ABC, family="optimizer"):
    """A rule that moves parameters along their gradients."""

    @abstractmethod
    def _slots(self) -> tuple[str, ...]:
        """The names of the running quantities, in the order in which ``_update`` takes them."""

    @abstractmethod
    def _update(
        self, p: Array, g: Array, slots: tuple[Array, ...], work: Array, step: int, rate: float
    ) -> None:
        """Step number ``step`` (from 1) on one block; every array has the length of the block."""

    def start(self, parameters: Array) -> OptimizerState:
        """A state for this flat buffer, as it is before the first step: all slots 0."""
        return OptimizerState(
            slots={name: np.zeros_like(parameters) for name in self._slots()},
            steps=0,
            work=np.empty((2, min(_BLOCK, parameters.size)), parameters.dtype),
        )

    def step(
        self, parameters: Array, gradients: Array, state: OptimizerState, learning_rate: float
    ) -> None:
        """Move the parameters in place by one step; the gradients are only read.

        Args:
            parameters: the flat buffer that ``start`` was given, (P,).
            gradients: d loss / d parameters, (P,).
            state: what ``start`` returned.
            learning_rate: of this step.

        Raises:
            ShapeError: buffers of different sizes.
        """
        slots = tuple(state.slots.values())
        if any(array.shape != parameters.shape for array in (gradients, *slots)):
            raise ShapeError(
                type(self).__name__,
                expected=f"gradients and slots like the parameters, {parameters.shape}",
                received=f"{[array.shape for array in (gradients, *slots)]}",
            )
        state.steps += 1
        rate = float(learning_rate)  # a NumPy float64 would promote float32 to float64
        for first in range(0, parameters.size, _BLOCK):
            block = slice(first, min(first + _BLOCK, parameters.size))
            self._update(
                parameters[block],
                gradients[block],
                tuple(slot[block] for slot in slots),
                state.work[:, : block.stop - first],
                state.steps,
                rate,
            )


def decayed(p: Array, g: Array, weight_decay: float, out: Array) -> Array:
    """g + weight_decay·p, the gradient of the loss plus ½·weight_decay·‖p‖²; g itself for 0."""
    if weight_decay == 0.0:
        return g
    np.multiply(p, weight_decay, out=out)
    np.add(out, g, out=out)
    return out


def require_decay(owner: Optimizer, value: float) -> None:
    """Refuse a weight decay that is negative or not finite."""
    require(owner, "weight_decay", 0 <= value < math.inf, "a number of at least 0, such as 1e-4")


def blend_square(v: Array, g: Array, beta: float, work: Array) -> None:
    """v ← beta·v + (1 − beta)·g², in place."""
    np.multiply(g, g, out=work)
    np.multiply(work, 1.0 - beta, out=work)
    np.multiply(v, beta, out=v)
    np.add(v, work, out=v)
