"""What becomes of a number in the layers that follow, as long as one number reads it alone.

An activation or a normalisation turns it into one other number; a pool compares or averages it
with its neighbours. A convolution or a dense layer spreads it over many numbers: there the way
ends. So a screen can say of a convolution's number what ReLU made of it and whether it won.
"""

from __future__ import annotations

from cnnlib.explain.arithmetic import explain_place
from cnnlib.explain.parts import Arithmetic
from cnnlib.explain.places import Place, Region, as_images
from cnnlib.explain.trace import Station, Trace
from cnnlib.layers import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalAvgPool2d,
    LayerNorm,
    MaxPool2d,
    Residual,
)


def onward(trace: Trace, place: Place) -> list[Arithmetic]:
    """The numbers that the next layers make of the one at ``place``, the next layer's first.

    Where the windows of a pool overlap, it is the first window that reads the number. The way ends
    before a layer that mixes channels, that flattens or that adds two ways up.
    """
    found: list[Arithmetic] = []
    while (after := _after(trace, place)) is not None:
        parts = explain_place(trace, after)
        if not any(_reads(region, place) for region in parts.sources):
            break
        found.append(parts)
        place = after
    return found


def _after(trace: Trace, place: Place) -> Place | None:
    """Where the next layer puts what it makes of a number; None where the way ends."""
    readers = [each for each in trace.stations.values() if place.layer in each.sources]
    if len(readers) != 1:
        return None
    (station,) = readers
    layer = station.layer
    if isinstance(layer, Conv2d | Dense | Flatten | LayerNorm | Residual):
        return None
    if isinstance(layer, GlobalAvgPool2d):
        return Place(station.name, place.channel)
    if isinstance(layer, MaxPool2d | AvgPool2d):
        return _in_pool(station, layer, place)
    return Place(station.name, *place[1:])


def _in_pool(station: Station, layer: MaxPool2d | AvgPool2d, place: Place) -> Place | None:
    _, height, width = as_images(station.output_shape)
    row, column = (
        max(0, -(-(at - layer.kernel + 1) // layer.step)) for at in (place.row, place.column)
    )
    return (
        Place(station.name, place.channel, row, column) if row < height and column < width else None
    )


def _reads(region: Region, place: Place) -> bool:
    return (
        region.layer == place.layer
        and place.channel in region.channels
        and place.row in region.rows
        and place.column in region.columns
    )
