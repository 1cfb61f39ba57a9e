"""What a layer is: a dataclass of hyper-parameters that tells its shapes and plans itself.

A layer holds no arrays. ``output_shape`` and ``parameters`` follow from the input shape alone, so
an editor can follow a network at every key stroke; ``plan`` turns the layer into a kernel, once
sizes and arrays are known.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Shape
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.kernels import Kernel
from cnnlib.kernels.normalization import SumOverRanks
from cnnlib.text import Described

Initial = Literal["he_normal", "glorot_uniform", "zeros", "ones"]


class Parameter(NamedTuple):
    """How one array of a layer is stored and shown.

    Attributes:
        stored: shape in memory, in the order that the kernel reads.
        public: order of the stored axes as PyTorch shows them.
        initial: name of the initialisation.
        fan_in, fan_out: inputs and outputs of one unit, for the initialisation.
    """

    stored: Shape
    public: tuple[int, ...]
    initial: Initial
    fan_in: int = 1
    fan_out: int = 1

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.stored)


@dataclass(frozen=True)
class Site:
    """Where a layer is planned: sizes, arrays and neighbours.

    Attributes:
        name: of the layer, such as "conv1".
        input_shape: (C, H, W) or (D,) as it arrives, perhaps cropped.
        needed: the output shape that the rest of the network reads, perhaps cropped.
        n: examples in a micro-batch.
        dtype: of all numbers.
        train: whether gradients will be asked for and noise applied.
        input_gradient: whether anything before this layer learns, or the gradient by the images
            is asked for.
        arrays, gradients, buffers: stored arrays by name, such as "conv1.weight".
        sum_over_ranks: see kernels.normalization.
        place: the layer's number (and those of the layers that it stands in), for randomness.
        fuse: whether layers that stand together may share a kernel, and unread pixels be left out.
        relu, pool: whether a ReLU, a 2x2 max pooling follows that the kernel is to apply.
        split_input, split_output: whether columns are stored even before odd (see
            kernels.convolution).
    """

    name: str
    input_shape: Shape
    needed: Shape
    n: int
    dtype: np.dtype
    train: bool
    input_gradient: bool
    arrays: Mapping[str, Array]
    gradients: Mapping[str, Array] | None
    buffers: Mapping[str, Array]
    sum_over_ranks: SumOverRanks
    place: tuple[int, ...] = ()
    fuse: bool = True
    relu: bool = False
    pool: bool = False
    split_input: bool = False
    split_output: bool = False

    @property
    def backward(self) -> bool:
        """Whether ``backward`` may be called: to learn, or to ask for the gradient by the input."""
        return self.train or self.input_gradient

    def array(self, parameter: str) -> Array:
        """The stored array of one of the layer's parameters."""
        return self.arrays[f"{self.name}.{parameter}"]

    def gradient(self, parameter: str) -> Array | None:
        """Its gradient, or None when only inferring."""
        return None if self.gradients is None else self.gradients[f"{self.name}.{parameter}"]

    def buffer(self, name: str) -> Array:
        """An array that training updates without a gradient."""
        return self.buffers[f"{self.name}.{name}"]


class Layer(Described, family="layer"):
    """Base of all layers."""

    kind: ClassVar[str]  # short name, from which the names of layers are made: "conv" -> "conv1"
    takes_relu: ClassVar[bool] = False  # whether its kernel can apply a ReLU that follows

    @abstractmethod
    def output_shape(self, input_shape: Shape) -> Shape:
        """(C, H, W) or (D,) of the output.

        Raises:
            ShapeError: the layer cannot work on such an input.
        """

    @abstractmethod
    def plan(self, site: Site) -> Kernel:
        """The kernel that computes this layer at ``site``."""

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        """The arrays that are learned, by name."""
        return {}

    def buffers(self, input_shape: Shape) -> dict[str, NDArray[np.float64]]:
        """The arrays that training updates without a gradient, by name, with their first values."""
        return {}

    def multiply_adds(self, input_shape: Shape) -> int:
        """Multiplications with an addition for one example, forward."""
        return 0

    @property
    def micro_batch(self) -> int | None:
        """Examples that must pass together: None for any number, 0 for the whole batch."""
        return None

    def needs(self, input_shape: Shape, needed: Shape) -> Shape:
        """The part (C, H, W) of the input that is read to compute ``needed`` of the output."""
        return input_shape


def images_only(layer: Layer, input_shape: Shape) -> None:
    """Refuse an input that is not (C, H, W)."""
    if len(input_shape) != 3:
        raise ShapeError(
            type(layer).__name__,
            expected="images (channels × height × width)",
            received=f"{show(input_shape)} features",
            advice="Put it before Flatten() or GlobalAvgPool2d().",
        )


def at_least(layer: Layer, name: str, value: float, least: float) -> None:
    """Refuse an option below its least value."""
    if value < least:
        raise SpecificationError(
            f"{type(layer).__name__}: {name}",
            expected=f"at least {least}",
            received=f"{value}",
            advice=f"Give {name} a whole number from {least} on.",
        )


def show(shape: Shape) -> str:
    """A shape for people: 16×13×13."""
    return "×".join(map(str, shape))
