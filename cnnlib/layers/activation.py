"""Activations: what makes a network more than one linear map."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from cnnlib.arrays import Shape
from cnnlib.domain import require
from cnnlib.kernels import Kernel, activations
from cnnlib.layers.base import Layer, Site


class _Activation(Layer):
    """A function of each number by itself, of images (N, C, H, W) or features (N, D); shapes stay,
    and what is needed is what is read.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape

    def needs(self, input_shape: Shape, needed: Shape) -> Shape:
        """Exactly what is asked for."""
        return needed


@dataclass(frozen=True, repr=False)
class ReLU(_Activation):
    """y = max(x, 0), number by number (Nair and Hinton 2010); the derivative at 0 is 0."""

    kind: ClassVar[str] = "relu"

    def plan(self, site: Site) -> Kernel:
        """By itself; after a layer that ``takes_relu`` it is fused there."""
        return activations.ReLU(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class LeakyReLU(_Activation):
    """y = x where x > 0, else slope * x, number by number (Maas et al. 2013)."""

    kind: ClassVar[str] = "leakyrelu"
    slope: float = field(default=0.01, metadata={"help": "slope below zero"})

    def __post_init__(self) -> None:
        require(self, "slope", math.isfinite(self.slope), "a finite number")

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.LeakyReLU(site.input_shape, site.n, site.dtype, self.slope)


@dataclass(frozen=True, repr=False)
class GELU(_Activation):
    """x times the normal distribution function, in its tanh form (Hendrycks and Gimpel 2016):

        y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x**3)))

    number by number, of images (N, C, H, W) or features (N, D).
    """

    kind: ClassVar[str] = "gelu"

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.GELU(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class SiLU(_Activation):
    """y = x / (1 + exp(-x)), x times its sigmoid, number by number (Elfwing et al. 2018)."""

    kind: ClassVar[str] = "silu"

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.SiLU(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class Tanh(_Activation):
    """y = tanh(x), number by number (LeCun et al. 1998, "Efficient BackProp", section 4.4)."""

    kind: ClassVar[str] = "tanh"

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.Tanh(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class Sigmoid(_Activation):
    """y = 1 / (1 + exp(-x)), number by number, from 0 to 1 (Rumelhart et al. 1986)."""

    kind: ClassVar[str] = "sigmoid"

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.Sigmoid(site.input_shape, site.n, site.dtype)
