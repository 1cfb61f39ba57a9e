"""Pooling layers: one number for each window, or for each channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from cnnlib.arrays import Shape
from cnnlib.errors import ShapeError
from cnnlib.kernels import Kernel
from cnnlib.kernels.pooling import AvgPool, GlobalAvgPool, MaxPool
from cnnlib.layers.base import Layer, Site, at_least, images_only, show


@dataclass(frozen=True, repr=False)
class _Pool2d(Layer):
    """What both poolings over windows share."""

    kernel: int = field(default=2, metadata={"help": "side K of the window"})
    stride: int | None = field(
        default=None, metadata={"help": "step s between windows; None: as wide as the window"}
    )

    def __post_init__(self) -> None:
        at_least(self, "kernel", self.kernel, 1)
        at_least(self, "stride", self.step, 1)

    @property
    def step(self) -> int:
        """Step between windows."""
        return self.kernel if self.stride is None else self.stride

    def output_shape(self, input_shape: Shape) -> Shape:
        """(C, H', W'), H' = (H - K) // s + 1."""
        images_only(self, input_shape)
        channels, *sides = input_shape
        if min(sides) < self.kernel:
            raise ShapeError(
                f"{type(self).__name__}: kernel",
                expected=f"at most {min(sides)} on an input of {show(input_shape)}",
                received=f"{self.kernel}",
                advice="Use one pooling less, or padding in the convolutions before it.",
            )
        return (channels, *((side - self.kernel) // self.step + 1 for side in sides))

    def needs(self, input_shape: Shape, needed: Shape) -> Shape:
        """The rows and columns that the needed windows cover."""
        sides = ((outputs - 1) * self.step + self.kernel for outputs in needed[1:])
        return (input_shape[0], *sides)


@dataclass(frozen=True, repr=False)
class MaxPool2d(_Pool2d):
    """Keep the largest number of each window (Ranzato et al. 2007).

        y[n, c, i, j] = max over 0 <= p, q < K of x[n, c, s*i + p, s*j + q]

    Axes      x (N, C, H, W)  ->  y (N, C, H', W'),  H' = (H - K) // s + 1
    Backward  dy goes to the first largest number of its window, nothing to the others.

    >>> MaxPool2d(2).output_shape((16, 27, 27))
    (16, 13, 13)
    """

    kind: ClassVar[str] = "pool"

    def plan(self, site: Site) -> Kernel:
        """The kernel for windows of any size."""
        return MaxPool(
            site.input_shape,
            site.needed,
            self.kernel,
            self.step,
            site.n,
            site.dtype,
            train=site.backward,
        )


@dataclass(frozen=True, repr=False)
class AvgPool2d(_Pool2d):
    """The mean of each window; axes as MaxPool2d.

    >>> AvgPool2d(3, stride=2).output_shape((8, 7, 7))
    (8, 3, 3)
    """

    kind: ClassVar[str] = "avgpool"

    def plan(self, site: Site) -> Kernel:
        """The kernel for windows of any size."""
        return AvgPool(
            site.input_shape,
            site.needed,
            self.kernel,
            self.step,
            site.n,
            site.dtype,
            train=site.backward,
        )


@dataclass(frozen=True, repr=False)
class GlobalAvgPool2d(Layer):
    """The mean of each channel: images become features (Lin et al. 2014).

    >>> GlobalAvgPool2d().output_shape((64, 7, 7))
    (64,)
    """

    kind: ClassVar[str] = "globalpool"

    def output_shape(self, input_shape: Shape) -> Shape:
        """(C,)."""
        images_only(self, input_shape)
        return (input_shape[0],)

    def plan(self, site: Site) -> Kernel:
        """Sums over rows, then columns."""
        return GlobalAvgPool(site.input_shape, site.n, site.dtype)
