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
    """A function of each number by itself; shapes stay, and what is needed is what is read."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape

    def needs(self, input_shape: Shape, needed: Shape) -> Shape:
        """Exactly what is asked for."""
        return needed


@dataclass(frozen=True, repr=False)
class ReLU(_Activation):
    """max(x, 0) (Nair and Hinton 2010); the derivative at 0 is 0."""

    kind: ClassVar[str] = "relu"

    def plan(self, site: Site) -> Kernel:
        """By itself; after a convolution or a dense layer it is fused there."""
        return activations.ReLU(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class LeakyReLU(_Activation):
    """x where x > 0, else slope * x (Maas et al. 2013)."""

    kind: ClassVar[str] = "leakyrelu"
    slope: float = field(default=0.01, metadata={"help": "slope below zero"})

    def __post_init__(self) -> None:
        require(self, "slope", math.isfinite(self.slope), "a finite number")

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.LeakyReLU(site.input_shape, site.n, site.dtype, self.slope)


@dataclass(frozen=True, repr=False)
class GELU(_Activation):
    """x times the normal distribution function, in its tanh form (Hendrycks and Gimpel 2016)."""

    kind: ClassVar[str] = "gelu"

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.GELU(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class SiLU(_Activation):
    """x times its sigmoid (Elfwing et al. 2018)."""

    kind: ClassVar[str] = "silu"

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.SiLU(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class Tanh(_Activation):
    """The hyperbolic tangent."""

    kind: ClassVar[str] = "tanh"

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.Tanh(site.input_shape, site.n, site.dtype)


@dataclass(frozen=True, repr=False)
class Sigmoid(_Activation):
    """1 / (1 + exp(-x))."""

    kind: ClassVar[str] = "sigmoid"

    def plan(self, site: Site) -> Kernel:
        """Elementwise."""
        return activations.Sigmoid(site.input_shape, site.n, site.dtype)
