"""One image through a network, with the output of every layer kept.

Beside the layers of the network these are the layers inside a ``Residual``, under the names of
their parameters: "residual1.conv1", "residual1.shortcut.conv1". Every layer is computed by itself,
by the kernel that computes it in training, as the network infers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.explain.places import IMAGE, Place, as_images
from cnnlib.layers import Layer, Residual
from cnnlib.layers.base import Site, show
from cnnlib.layers.chain import names_of
from cnnlib.model import Sequential
from cnnlib.plan import examples_first

_ONE_EXAMPLE = Draw(seed=0, purpose="forward", count=1)


class Station(NamedTuple):
    """A layer where it stands.

    Attributes:
        name: of the layer, such as "conv1" or "residual1.conv1".
        layer: the layer.
        sources: the names whose outputs it reads: one; for a Residual the ends of its two ways.
        input_shape, output_shape: (C, H, W) or (D,).
    """

    name: str
    layer: Layer
    sources: tuple[str, ...]
    input_shape: Shape
    output_shape: Shape


def stations(model: Sequential) -> dict[str, Station]:
    """Every layer of a model, those inside others included, in the order of computation."""
    found = _walk(model.layers, model.input_shape, IMAGE, "")
    return {station.name: station for station in found}


def _walk(layers: Sequence[Layer], shape: Shape, source: str, prefix: str) -> Iterator[Station]:
    for short, layer in zip(names_of(layers), layers, strict=True):
        name = prefix + short
        sources: tuple[str, ...] = (source,)
        if isinstance(layer, Residual):
            main = list(_walk(layer.layers, shape, source, f"{name}."))
            side = list(_walk(layer.shortcut, shape, source, f"{name}.shortcut."))
            yield from (*main, *side)
            sources = (_end(main, source), _end(side, source))
        output_shape = layer.output_shape(shape)
        yield Station(name, layer, sources, shape, output_shape)
        source, shape = name, output_shape


def _end(way: Sequence[Station], source: str) -> str:
    return way[-1].name if way else source


class Trace:
    """The outputs of all layers for one image.

    Args:
        model: the network.
        image: (C, H, W), bytes or numbers in [0, 1].

    Attributes:
        stations: every layer by name, in the order of computation.
        outputs: (C, H, W) or (D,) by the layer's name; ``IMAGE`` are the pixels in [0, 1].

    Raises:
        ShapeError: the image is not of the network's input shape.
    """

    def __init__(self, model: Sequential, image: NDArray[np.uint8] | Array) -> None:
        self.model = model
        self.stations = stations(model)
        self.outputs: dict[str, Array] = {IMAGE: pixels_of(model, image)}
        for station in self.stations.values():
            self.outputs[station.name] = self._output(station)

    def _output(self, station: Station) -> Array:
        x = self.outputs[station.sources[0]]
        if isinstance(station.layer, Residual):
            return np.asarray(x + self.outputs[station.sources[1]])
        store = self.model.store
        site = Site(
            name=station.name,
            input_shape=station.input_shape,
            needed=station.output_shape,
            n=1,
            dtype=store.flat.dtype,
            train=False,
            input_gradient=False,
            arrays=store.stored,
            gradients=None,
            buffers=store.buffers,
            sum_over_ranks=lambda _: None,
            fuse=False,
        )
        batch_last = np.ascontiguousarray(x.swapaxes(0, 1) if x.ndim == 3 else x)[..., None]
        y = station.layer.plan(site).forward(batch_last, _ONE_EXAMPLE)
        return np.asarray(examples_first(y)[0])

    def station(self, name: str) -> Station:
        """The layer of that name.

        Raises:
            SpecificationError: there is none.
        """
        return named(self.stations, name)

    def images(self, name: str) -> Array:
        """An output as (C, H, W), features as channels of one pixel."""
        output = self.outputs[name]
        return output.reshape(as_images(output.shape))

    def value(self, place: Place) -> float:
        """The number at a place.

        Raises:
            SpecificationError: there is no such layer; ShapeError: no such place in it.
        """
        if place.layer != IMAGE:
            self.station(place.layer)
        numbers = self.images(place.layer)
        require_inside(place, numbers.shape)
        return float(numbers[place[1:]])


def named(known: dict[str, Station], name: str) -> Station:
    """The layer of that name.

    Raises:
        SpecificationError: there is none.
    """
    if name not in known:
        raise SpecificationError(
            "the name of a layer", expected=f"one of {', '.join(known)}", received=repr(name)
        )
    return known[name]


def require_inside(place: Place, shape: Shape) -> None:
    """Refuse a place beyond an output of shape (C, H, W)."""
    if not all(0 <= index < side for index, side in zip(place[1:], shape, strict=True)):
        raise ShapeError(
            f"a place in {place.layer}",
            expected=f"channel, row and column within {show(shape)}",
            received=f"{', '.join(map(str, place[1:]))}",
        )


def pixels_of(model: Sequential, image: NDArray[np.uint8] | Array) -> Array:
    """An image (C, H, W) as the network's numbers: bytes to [0, 1], others as they are; a copy.

    Raises:
        ShapeError: the image is not of the network's input shape.
    """
    if tuple(image.shape) != model.input_shape:
        raise ShapeError(
            "the image",
            expected=f"the network's input, {show(model.input_shape)}",
            received=f"{show(tuple(image.shape))}",
        )
    dtype = model.store.flat.dtype
    if image.dtype == np.uint8:
        return np.asarray(image * dtype.type(1.0 / 255.0))
    return np.array(image, dtype)
