"""Residual: layers that learn what to add to their input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.kernels import Kernel
from cnnlib.kernels.dense import batch_last
from cnnlib.kernels.rows import parts
from cnnlib.layers.base import Layer, Parameter, Site, show
from cnnlib.layers.chain import Chain, names_of, shapes_of


@dataclass(frozen=True, repr=False)
class Residual(Layer):
    """y = f(x) + x, where f are ``layers`` (He et al. 2016).

    Where f changes the shape, ``shortcut`` are layers g that change x alike: y = f(x) + g(x).

    >>> from cnnlib.layers import Conv2d, ReLU
    >>> Residual([Conv2d(8, padding="same"), ReLU()]).output_shape((8, 14, 14))
    (8, 14, 14)
    """

    kind: ClassVar[str] = "residual"
    takes_relu: ClassVar[bool] = True

    layers: tuple[Layer, ...] = field(metadata={"help": "the layers f"})
    shortcut: tuple[Layer, ...] = field(
        default=(), metadata={"help": "the layers g; none: the input itself"}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "shortcut", tuple(self.shortcut))
        if not self.layers:
            raise SpecificationError(
                "Residual: layers",
                expected="at least one",
                received="none",
                advice='Begin with Residual([Conv2d(16, padding="same"), ReLU()]).',
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of f(x), which that of the shortcut must equal."""
        main = shapes_of(self.layers, input_shape)[-1]
        side = shapes_of(self.shortcut, input_shape)[-1]
        if main != side:
            raise ShapeError(
                "Residual",
                expected=f"layers and shortcut of one shape ({show(main)})",
                received=f"{show(side)} from the shortcut",
                advice="Add shortcut=[Conv2d(filters, kernel=1, stride=...)] with the same output.",
            )
        return main

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        """Those of the layers by their names, those of the shortcut behind "shortcut."."""
        return self._of_all(input_shape, lambda layer, shape: layer.parameters(shape))

    def buffers(self, input_shape: Shape) -> dict[str, NDArray[np.float64]]:
        """Named as the parameters are."""
        return self._of_all(input_shape, lambda layer, shape: layer.buffers(shape))

    def multiply_adds(self, input_shape: Shape) -> int:
        """The sum over all layers inside."""
        return sum(
            layer.multiply_adds(shape)
            for layers in (self.layers, self.shortcut)
            for layer, shape in zip(layers, shapes_of(layers, input_shape), strict=False)
        )

    @property
    def micro_batch(self) -> int | None:
        """The strictest wish of the layers inside."""
        return strictest(layer.micro_batch for layer in (*self.layers, *self.shortcut))

    def plan(self, site: Site) -> Kernel:
        """Two chains and a sum."""
        return _Sum(self, site)

    def _of_all(
        self, input_shape: Shape, ask: Callable[[Layer, Shape], dict[str, Any]]
    ) -> dict[str, Any]:
        found = {}
        for prefix, layers in (("", self.layers), ("shortcut.", self.shortcut)):
            shapes = shapes_of(layers, input_shape)
            for name, layer, shape in zip(names_of(layers), layers, shapes, strict=False):
                for key, value in ask(layer, shape).items():
                    found[f"{prefix}{name}.{key}"] = value
        return found


class _Sum:
    """y = f(x) + g(x), and ReLU where it follows; backward dx = f'(dy) + g'(dy)."""

    def __init__(self, layer: Residual, site: Site) -> None:
        bare = replace(site, relu=False)
        inside = replace(bare, name=f"{site.name}.", place=(*site.place, 0))
        self._main = Chain(layer.layers, inside)
        beside = replace(bare, name=f"{site.name}.shortcut.", place=(*site.place, 1))
        self._side = Chain(layer.shortcut, beside) if layer.shortcut else None
        self.output_shape = self._main.output_shape
        self._y = np.empty(batch_last(self.output_shape, site.n), site.dtype)
        self._parts = parts(len(self._y), self._y[0].size)
        self._dx = np.empty(batch_last(site.input_shape, site.n), site.dtype)
        self._zeros = np.zeros_like(self._y[self._parts[0]]) if site.relu else None
        self._input_gradient = site.input_gradient

    def forward(self, x: Array, draw: Draw) -> Array:
        """x to f(x) + g(x)."""
        main = self._main.forward(x, draw)
        side = x if self._side is None else self._side.forward(x, draw)
        for part in self._parts:
            y = np.add(main[part], side[part], out=self._y[part])
            if self._zeros is not None:
                np.maximum(y, self._zeros[: len(y)], out=y)
        return self._y

    def backward(self, dy: Array) -> Array | None:
        """dy to dx. What a ReLU that follows lets pass is written over y."""
        if self._zeros is not None:
            for part in self._parts:
                alive = np.greater(self._y[part], self._zeros[: part.stop - part.start])
                np.multiply(dy[part], alive, out=self._y[part])
            dy = self._y
        main = self._main.backward(dy)
        side = dy if self._side is None else self._side.backward(dy)
        if not self._input_gradient or main is None or side is None:
            return None
        return np.add(main, side, out=self._dx)


def strictest(wishes: Any) -> int | None:
    """The micro-batch that suits all: the whole batch (0) before a number before any (None)."""
    numbers = [wish for wish in wishes if wish is not None]
    if 0 in numbers:
        return 0
    return min(numbers, default=None)
