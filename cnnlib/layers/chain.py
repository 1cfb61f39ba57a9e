"""Layers one after another become kernels one after another.

Four things are decided here, once, for a network at a given size:

*Fusion.* A convolution takes a ReLU and a 2x2 max pooling that stand behind it into its own
kernel; a dense layer, a batch normalisation and a residual sum take a ReLU.

*Cropping.* A pooling that leaves a last row or column unread makes the convolution before it
compute less, which reads less of its own input, and so on back to the image.

*Order of columns.* Between two pooled convolutions columns stand even before odd.

*The end of backward.* Before the first layer with weights nothing learns: no gradient goes there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.kernels import Kernel
from cnnlib.kernels.tails import ConvolutionPool
from cnnlib.layers.activation import ReLU
from cnnlib.layers.base import Layer, Site
from cnnlib.layers.convolution import Conv2d
from cnnlib.layers.dropout import Dropout
from cnnlib.layers.pooling import MaxPool2d


def names_of(layers: Sequence[Layer]) -> tuple[str, ...]:
    """A name for each layer: its kind and its number among the layers of that kind."""
    counts: Counter[str] = Counter()
    names = []
    for layer in layers:
        counts[layer.kind] += 1
        names.append(f"{layer.kind}{counts[layer.kind]}")
    return tuple(names)


def shapes_of(layers: Sequence[Layer], input_shape: Shape) -> list[Shape]:
    """The shapes before, between and after the layers."""
    shapes = [input_shape]
    for layer in layers:
        shapes.append(layer.output_shape(shapes[-1]))
    return shapes


@dataclass(frozen=True)
class _Step:
    """Consecutive layers, ``layers[start:stop]``, that become one kernel."""

    start: int
    stop: int
    relu: bool = False
    pool: bool = False


class Chain:
    """The kernels of some layers, strung together; itself a kernel.

    Args:
        layers: the layers.
        site: where they stand. ``site.name`` is the prefix of their names, empty or ending in ".".
        crop_input: whether the input will be given as ``input_shape`` says, without the rows and
            columns that nobody reads; else it comes whole.
    """

    def __init__(self, layers: Sequence[Layer], site: Site, *, crop_input: bool = False) -> None:
        names = names_of(layers)
        shapes = shapes_of(layers, site.input_shape)
        steps = _fuse(layers, site.train) if site.fuse else _one_by_one(layers)
        needed = _needed(layers, steps, shapes, site)
        learns = [bool(layers[step.start].parameters(shapes[step.start])) for step in steps]
        first = learns.index(True) if True in learns else len(steps)
        self._backward_from = 0 if site.input_gradient else first
        self.kernels: list[Kernel] = []
        self.names: list[str] = []  # of the last layer in each kernel
        shape = needed[0] if crop_input else site.input_shape
        self.input_shape = shape
        split = False  # whether the columns so far stand even before odd
        for number, step in enumerate(steps):
            layer = layers[step.start]
            inner = replace(
                site,
                name=site.name + names[step.start],
                input_shape=shape,
                needed=_doubled(needed[number + 1]) if step.pool else needed[number + 1],
                input_gradient=site.input_gradient or (site.train and number > first),
                place=(*site.place, step.start),
                relu=step.relu,
                pool=step.pool,
                split_input=split,
                split_output=step.pool and number + 1 < len(steps) and steps[number + 1].pool,
            )
            kernel = layer.plan(inner)
            shape = kernel.output_shape
            split = isinstance(kernel, ConvolutionPool) and kernel.split_output
            self.kernels.append(kernel)
            self.names.append(names[step.stop - 1])
        self.output_shape = shape

    def forward(self, x: Array, draw: Draw) -> Array:
        """Through all kernels."""
        for kernel in self.kernels:
            x = kernel.forward(x, draw)
        return x

    def backward(self, dy: Array) -> Array | None:
        """Back through the kernels, as far as anything learns."""
        d: Array | None = dy
        for kernel in reversed(self.kernels[self._backward_from :]):
            if d is not None:
                d = kernel.backward(d)
        return d


def _kept(layers: Sequence[Layer], train: bool) -> list[int]:
    return [
        place
        for place, layer in enumerate(layers)
        if not (isinstance(layer, Dropout) and (not train or layer.rate == 0.0))
    ]


def _one_by_one(layers: Sequence[Layer]) -> list[_Step]:
    return [_Step(place, place + 1) for place in range(len(layers))]


def _fuse(layers: Sequence[Layer], train: bool) -> list[_Step]:
    steps: list[_Step] = []
    kept = set(_kept(layers, train))
    place = 0
    while place < len(layers):
        if place not in kept:
            place += 1
            continue
        layer, stop, relu, pool = layers[place], place + 1, False, False
        while stop < len(layers) and stop in kept:
            follower = layers[stop]
            if isinstance(follower, ReLU) and not relu and layer.takes_relu:
                relu = True
            elif _is_plain_pool(follower) and not pool and isinstance(layer, Conv2d):
                pool = True
            else:
                break
            stop += 1
        steps.append(_Step(place, stop, relu, pool))
        place = stop
    return steps


def _is_plain_pool(layer: Layer) -> bool:
    return isinstance(layer, MaxPool2d) and layer.kernel == layer.step == 2


def _doubled(pooled: Shape) -> Shape:
    """What a 2x2 pooling reads."""
    channels, height, width = pooled
    return (channels, 2 * height, 2 * width)


def _needed(
    layers: Sequence[Layer], steps: Sequence[_Step], shapes: Sequence[Shape], site: Site
) -> list[Shape]:
    """What is read of the input and of each step's output."""
    needed = [shapes[-1]]
    for step in reversed(steps):
        shape = needed[0]
        for place in range(step.stop - 1, step.start - 1, -1):
            shape = layers[place].needs(shapes[place], shape) if site.fuse else shapes[place]
        needed.insert(0, shape)
    return needed
