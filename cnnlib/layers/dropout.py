"""Dropout: train many thinned networks at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from cnnlib.arrays import Shape
from cnnlib.errors import SpecificationError
from cnnlib.kernels import Kernel, dense
from cnnlib.layers.base import Layer, Site


@dataclass(frozen=True, repr=False)
class Dropout(Layer):
    """In training, each number is set to 0 with probability ``rate`` (Srivastava et al. 2014).

    What is kept is divided by 1 - rate, so the mean stays; when inferring nothing happens.
    """

    kind: ClassVar[str] = "dropout"

    rate: float = field(default=0.5, metadata={"help": "share of numbers set to 0, in [0, 1)"})

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate < 1.0:
            raise SpecificationError(
                "Dropout: rate",
                expected="at least 0 and below 1",
                received=f"{self.rate}",
                advice="0.5 drops half of the numbers.",
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape

    def plan(self, site: Site) -> Kernel:
        """A mask, of ones when inferring; a plan that fuses leaves the layer out then."""
        rate = self.rate if site.train else 0.0
        return dense.Dropout(site.input_shape, site.n, site.dtype, rate, site.place)
