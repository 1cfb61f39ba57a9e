"""The receptive field: the pixels of the image that can change a number."""

from __future__ import annotations

from typing import NamedTuple

from cnnlib.explain.places import IMAGE, Place, as_images
from cnnlib.explain.trace import Station, named, require_inside, stations
from cnnlib.explain.windows import Unit, window
from cnnlib.layers import Dense, Flatten, GlobalAvgPool2d, LayerNorm, Residual
from cnnlib.model import Sequential


class Box(NamedTuple):
    """Pixels image[:, top:bottom, left:right]."""

    top: int
    left: int
    bottom: int
    right: int


class _Read(NamedTuple):
    """Numbers of one output: the rows and columns, and of features which unit (None: any)."""

    unit: int | None
    rows: frozenset[int]
    columns: frozenset[int]


def receptive_field(
    model: Sequential, layer_name: str, row: int = 0, column: int = 0, *, unit: int | None = None
) -> Box:
    """The smallest box of image pixels outside which nothing changes a number.

    Follows the windows of all layers back to the image. It is the theoretical field: how much a
    pixel in it counts is another question (see ``saliency``).

    Args:
        model: the network.
        layer_name: such as "conv2".
        row, column: the number, in any channel; 0 for features.
        unit: of features, which; None asks for all of them together. Makes a difference between
            ``Flatten`` and the next layer that mixes units.

    Returns:
        (top, left, bottom, right), of which bottom and right are the first outside; all 0 for a
        number that reads nothing but padding.

    Raises:
        SpecificationError: there is no such layer; ShapeError: no such place in it.
    """
    if layer_name == IMAGE:
        require_inside(Place(IMAGE, 0, row, column), model.input_shape)
        return Box(row, column, row + 1, column + 1)
    known = stations(model)
    shape = as_images(named(known, layer_name).output_shape)
    require_inside(Place(layer_name, unit or 0, row, column), shape)
    reads = {layer_name: _Read(unit, frozenset([row]), frozenset([column]))}
    for name in reversed(known):
        if name in reads:
            before = _read_before(known[name], reads[name])
            if before.rows and before.columns:
                for source in known[name].sources:
                    reads[source] = _together(before, reads.get(source, before))
    if IMAGE not in reads:
        return Box(0, 0, 0, 0)
    _, rows, columns = reads[IMAGE]
    return Box(min(rows), min(columns), max(rows) + 1, max(columns) + 1)


def _together(one: _Read, other: _Read) -> _Read:
    """The smallest product of rows and columns that holds both."""
    return _Read(
        one.unit if one.unit == other.unit else None,
        one.rows | other.rows,
        one.columns | other.columns,
    )


def _read_before(station: Station, read: _Read) -> _Read:
    """What a layer reads of its input for some numbers of its output."""
    layer, shape = station.layer, station.input_shape
    _, height, width = as_images(shape)
    mixes = isinstance(layer, Dense | LayerNorm | GlobalAvgPool2d)
    if mixes or (isinstance(layer, Flatten) and read.unit is None):
        return _Read(None, frozenset(range(height)), frozenset(range(width)))
    if isinstance(layer, Residual):
        return read
    unit = read.unit or 0
    rows = {i for row in read.rows for i in window(layer, Unit(shape, unit, row, 0)).rows}
    columns = {
        j for column in read.columns for j in window(layer, Unit(shape, unit, 0, column)).columns
    }
    return _Read(
        None if isinstance(layer, Flatten) else read.unit,
        frozenset(i for i in rows if 0 <= i < height),
        frozenset(j for j in columns if 0 <= j < width),
    )
