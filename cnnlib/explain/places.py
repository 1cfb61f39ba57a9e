"""Where a number stands in a network: a layer's output, a channel, a row and a column.

Features (D,) are read as D channels of one pixel each, so a unit is Place(layer, unit).
"""

from __future__ import annotations

from typing import NamedTuple

from cnnlib.arrays import Shape

IMAGE = "image"  # stands where a layer's name would: the network's input


class Place(NamedTuple):
    """One number: of a layer's output, or of the image."""

    layer: str
    channel: int
    row: int = 0
    column: int = 0


class Region(NamedTuple):
    """The numbers of one layer's output that a layer reads for one number of its own.

    Attributes:
        layer: whose output is read; ``IMAGE`` for the network's input.
        channels, rows, columns: which numbers; rows and columns may lie in the zeros around it.
        size: (H, W) of what is read, so that the zeros can be told from it.
    """

    layer: str
    channels: range
    rows: range
    columns: range
    size: tuple[int, int]

    def at(self, channel: int, row: int, column: int) -> Place | None:
        """The place under (channel, row, column) of the patch; None in the zeros around."""
        i, j = self.rows[row], self.columns[column]
        if not (0 <= i < self.size[0] and 0 <= j < self.size[1]):
            return None
        return Place(self.layer, self.channels[channel], i, j)


def as_images(shape: Shape) -> tuple[int, int, int]:
    """(C, H, W) of a shape, with features as channels of one pixel."""
    if len(shape) == 3:
        channels, height, width = shape
        return channels, height, width
    return shape[0], 1, 1
