"""Which numbers of its input a layer reads for one number of its output."""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

from cnnlib.arrays import Shape
from cnnlib.errors import SpecificationError
from cnnlib.explain.places import as_images
from cnnlib.layers import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Layer,
    LayerNorm,
    MaxPool2d,
    Residual,
)
from cnnlib.layers.activation import GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh


class Window(NamedTuple):
    """Channels, rows and columns of an input; rows and columns may reach beyond its edges."""

    channels: range
    rows: range
    columns: range


class Unit(NamedTuple):
    """One number of a layer's output, and the shape (C, H, W) or (D,) of the layer's input."""

    input_shape: Shape
    channel: int
    row: int
    column: int


@singledispatch
def window(layer: Layer, unit: Unit) -> Window:
    """What ``layer`` reads to compute ``unit``.

    Raises:
        SpecificationError: nobody has written down what this kind of layer reads.
    """
    raise SpecificationError(
        f"the explanation of {type(layer).__name__}",
        expected="a layer of this library",
        received=repr(layer),
        advice="Register the layer in cnnlib/explain.",
    )


@window.register
def _convolution(layer: Conv2d, unit: Unit) -> Window:
    depth = unit.input_shape[0] // layer.groups
    group = unit.channel // (layer.filters // layer.groups)
    rows, columns = (
        range(first, first + layer.reach, layer.dilation)
        for first in (layer.stride * place - layer.border for place in (unit.row, unit.column))
    )
    return Window(range(group * depth, (group + 1) * depth), rows, columns)


@window.register(MaxPool2d)
@window.register(AvgPool2d)
def _pool(layer: MaxPool2d | AvgPool2d, unit: Unit) -> Window:
    rows, columns = (
        range(layer.step * place, layer.step * place + layer.kernel)
        for place in (unit.row, unit.column)
    )
    return Window(_one(unit.channel), rows, columns)


@window.register
def _global_pool(layer: GlobalAvgPool2d, unit: Unit) -> Window:
    _, height, width = as_images(unit.input_shape)
    return Window(_one(unit.channel), range(height), range(width))


@window.register
def _flatten(layer: Flatten, unit: Unit) -> Window:
    _, height, width = as_images(unit.input_shape)
    channel, place = divmod(unit.channel, height * width)
    row, column = divmod(place, width)
    return Window(_one(channel), _one(row), _one(column))


@window.register(Dense)
@window.register(LayerNorm)
def _everything(layer: Dense | LayerNorm, unit: Unit) -> Window:
    channels, height, width = as_images(unit.input_shape)
    return Window(range(channels), range(height), range(width))


@window.register(ReLU)
@window.register(LeakyReLU)
@window.register(GELU)
@window.register(SiLU)
@window.register(Tanh)
@window.register(Sigmoid)
@window.register(Dropout)
@window.register(BatchNorm2d)
@window.register(Residual)  # of what it adds up; the layers inside have places of their own
def _itself(layer: Layer, unit: Unit) -> Window:
    return Window(_one(unit.channel), _one(unit.row), _one(unit.column))


def _one(place: int) -> range:
    return range(place, place + 1)
