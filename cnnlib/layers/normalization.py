"""Normalisation layers: keep the numbers inside the network at mean 0 and variance 1."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Shape
from cnnlib.domain import require
from cnnlib.errors import SpecificationError
from cnnlib.kernels import Kernel, normalization
from cnnlib.layers.base import Layer, Parameter, Site, images_only


@dataclass(frozen=True, repr=False)
class BatchNorm2d(Layer):
    """Each channel to mean 0 and variance 1 over the batch (Ioffe and Szegedy 2015).

        y = weight * (x - mean[c]) / sqrt(var[c] + eps) + bias

    Axes      (N, C, H, W) to the same
    Weights   weight, bias (C,); buffers running_mean, running_var (C,), used when inferring
    Statistics are those of the whole batch, over all processes; with ``ghost`` they are those of
    groups of that many images (Hoffer et al. 2017).
    """

    kind: ClassVar[str] = "norm"
    takes_relu: ClassVar[bool] = True

    momentum: float = field(default=0.1, metadata={"help": "share of a batch in running_*"})
    eps: float = field(default=1e-5, metadata={"help": "added to the variance"})
    ghost: int = field(default=0, metadata={"help": "images that share statistics; 0: the batch"})

    def __post_init__(self) -> None:
        if not 0.0 < self.momentum <= 1.0:
            raise SpecificationError(
                "BatchNorm2d: momentum", expected="in (0, 1]", received=f"{self.momentum}"
            )
        require(self, "eps", 0.0 < self.eps < math.inf, "a number above 0")
        if self.ghost < 0 or self.ghost == 1:
            raise SpecificationError(
                "BatchNorm2d: ghost",
                expected="0, or at least 2",
                received=f"{self.ghost}",
                advice="0 takes the statistics over the whole batch, as is usual.",
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        images_only(self, input_shape)
        return input_shape

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        """weight and bias."""
        shape = input_shape[:1]
        return {"weight": Parameter(shape, (0,), "ones"), "bias": Parameter(shape, (0,), "zeros")}

    def buffers(self, input_shape: Shape) -> dict[str, NDArray[np.float64]]:
        """The running statistics: mean 0 and variance 1 before any training."""
        channels = input_shape[0]
        return {"running_mean": np.zeros(channels), "running_var": np.ones(channels)}

    @property
    def micro_batch(self) -> int | None:
        """The images that share statistics."""
        return self.ghost

    def plan(self, site: Site) -> Kernel:
        """Statistics when training, one multiply and add when inferring."""
        gamma, beta = site.array("weight"), site.array("bias")
        mean, var = site.buffer("running_mean"), site.buffer("running_var")
        d_gamma, d_beta = site.gradient("weight"), site.gradient("bias")
        if d_gamma is None or d_beta is None:
            return normalization.Affine(
                site.input_shape,
                site.n,
                gamma,
                beta,
                mean,
                var,
                eps=self.eps,
                relu=site.relu,
                input_gradient=site.input_gradient,
            )
        return normalization.BatchNorm(
            site.input_shape,
            site.n,
            gamma,
            beta,
            d_gamma,
            d_beta,
            mean,
            var,
            momentum=self.momentum,
            eps=self.eps,
            relu=site.relu,
            sum_over_ranks=(lambda _: None) if self.ghost else site.sum_over_ranks,
        )


@dataclass(frozen=True, repr=False)
class LayerNorm(Layer):
    """Each example to mean 0 and variance 1 over all its numbers (Ba et al. 2016).

    Axes      (N, C, H, W) or (N, D) to the same
    Weights   weight, bias of the shape of an example
    """

    kind: ClassVar[str] = "layernorm"

    eps: float = field(default=1e-5, metadata={"help": "added to the variance"})

    def __post_init__(self) -> None:
        require(self, "eps", 0.0 < self.eps < math.inf, "a number above 0")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        """weight and bias, stored rows first."""
        stored, public = input_shape, tuple(range(len(input_shape)))
        if len(input_shape) == 3:
            channels, height, width = input_shape
            stored, public = (height, channels, width), (1, 0, 2)
        return {
            "weight": Parameter(stored, public, "ones"),
            "bias": Parameter(stored, public, "zeros"),
        }

    def plan(self, site: Site) -> Kernel:
        """Sums over all but the batch axis."""
        return normalization.LayerNorm(
            site.input_shape,
            site.n,
            site.array("weight"),
            site.array("bias"),
            site.gradient("weight"),
            site.gradient("bias"),
            eps=self.eps,
        )
