"""Flatten and Dense: from images to features to classes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from cnnlib.arrays import Shape
from cnnlib.errors import ShapeError
from cnnlib.kernels import Kernel, dense
from cnnlib.layers.base import Layer, Parameter, Site, at_least, images_only, show


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """Images (N, C, H, W) as features (N, C*H*W), channel by channel, row by row.

    >>> Flatten().output_shape((16, 5, 5))
    (400,)
    """

    kind: ClassVar[str] = "flatten"

    def output_shape(self, input_shape: Shape) -> Shape:
        """(C*H*W,)."""
        images_only(self, input_shape)
        return (math.prod(input_shape),)

    def plan(self, site: Site) -> Kernel:
        """One copy."""
        return dense.Flatten(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class Dense(Layer):
    """Every output is a weighted sum of every input.

        y[n, o] = b[o] + sum over i of w[o, i] * x[n, i]

    Axes      x (N, D)  ->  y (N, units)
    Weights   weight (units, D), bias (units,)

    >>> Dense(10).output_shape((400,))
    (10,)
    """

    kind: ClassVar[str] = "dense"
    takes_relu: ClassVar[bool] = True

    units: int = field(metadata={"help": "number of outputs"})
    bias: bool = field(default=True, metadata={"help": "add b[o]"})
    initial: Literal["he_normal", "glorot_uniform"] = field(
        default="glorot_uniform", metadata={"help": "first weights: He et al. 2015, Glorot 2010"}
    )

    def __post_init__(self) -> None:
        at_least(self, "units", self.units, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        """(units,)."""
        if len(input_shape) != 1:
            raise ShapeError(
                "Dense",
                expected="features",
                received=f"images of {show(input_shape)}",
                advice="Put Flatten() or GlobalAvgPool2d() before it.",
            )
        return (self.units,)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        """weight (units, D) and bias."""
        inputs = input_shape[0]
        weight = Parameter((self.units, inputs), (0, 1), self.initial, inputs, self.units)
        if not self.bias:
            return {"weight": weight}
        return {"weight": weight, "bias": Parameter((self.units,), (0,), "zeros")}

    def multiply_adds(self, input_shape: Shape) -> int:
        """units * D."""
        return self.units * input_shape[0]

    def plan(self, site: Site) -> Kernel:
        """A product of matrices, with ReLU where it follows."""
        return dense.Dense(
            site.array("weight"),
            site.gradient("weight"),
            site.array("bias") if self.bias else None,
            site.gradient("bias") if self.bias else None,
            site.n,
            relu=site.relu,
            input_gradient=site.input_gradient,
        )
