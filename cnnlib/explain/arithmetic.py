"""The arithmetic of one number: any pixel of any layer's output, and any unit of its features.

``explain`` answers with the parts that made the number, and they add up: it computes the number
again from the layer's input, by the layer's definition, in float64. Every answer also says which
numbers of which layer were read, so a reader can walk back from a class's score to the pixels of
the image, one number at a time:

>>> from cnnlib.layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU
>>> import numpy as np
>>> model = Sequential([Conv2d(8), ReLU(), MaxPool2d(2), Flatten(), Dense(10)], (1, 28, 28))
>>> image = np.full((1, 28, 28), 255, np.uint8)
>>> trace = Trace(model, image)
>>> pooled = explain_place(trace, Place("pool1", 3, 0, 0))
>>> explain_place(trace, pooled.winner_place).formula
'max(x, 0)'
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array
from cnnlib.explain.making import parts_of
from cnnlib.explain.parts import Arithmetic, Pixel
from cnnlib.explain.places import IMAGE, Place, as_images
from cnnlib.explain.reading import Reading
from cnnlib.explain.trace import Trace, require_inside
from cnnlib.model import Sequential


def explain(
    model: Sequential,
    image: NDArray[np.uint8] | Array,
    layer_name: str,
    channel: int,
    row: int = 0,
    column: int = 0,
    *,
    top: int = 10,
) -> Arithmetic:
    """What made the number at (channel, row, column) of a layer's output.

    Args:
        model: the network.
        image: (C, H, W), bytes or numbers in [0, 1].
        layer_name: such as "conv1"; also "residual1.conv1", and "image" for the input.
        channel: the channel, or the unit of a layer of features.
        row, column: the pixel; 0 for features.
        top: how many contributions of a dense layer are shown one by one.

    Raises:
        SpecificationError: there is no such layer.
        ShapeError: there is no such place in it, or the image does not fit the network.
    """
    return explain_place(Trace(model, image), Place(layer_name, channel, row, column), top=top)


def explain_place(trace: Trace, place: Place, *, top: int = 10) -> Arithmetic:
    """As ``explain``, on an image that went through the network already."""
    if place.layer == IMAGE:
        return _pixel(trace, place)
    station = trace.station(place.layer)
    require_inside(place, as_images(station.output_shape))
    return parts_of(station.layer, Reading(trace, station, place, top))


def _pixel(trace: Trace, place: Place) -> Pixel:
    value = trace.value(place)
    byte = round(255 * value) if 0 <= value <= 1 else 0
    is_byte = abs(value - byte / 255) < 1e-6
    return Pixel(
        place=place,
        layer="the image",
        formula="byte / 255" if is_byte else "the pixel",
        value=value,
        sources=(),
        byte=byte if is_byte else None,
    )
