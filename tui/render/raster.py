"""Lines and points as dots in cells: eight a cell in braille, two in half blocks, one in ASCII.

A chart is drawn again at every key and on every tick, so a line of any number of points is a few
steps of NumPy. Where braille meets braille the dots are joined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.render.axes import Limits, Numbers
from tui.render.cells import Grid
from tui.terminal.abilities import Marker

BRAILLE = 0x2800
_BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint32)
_HALF_BLOCKS = np.array([ord(char) for char in " ▀▄█"], dtype=np.uint32)
DOTS: dict[Marker, tuple[int, int]] = {"braille": (2, 4), "half": (1, 2), "ascii": (1, 1)}
"""Dots in a cell, across and down."""

Codes = NDArray[np.uint32]
"""(height, width): code points; a space where nothing is drawn."""


@dataclass(frozen=True)
class Box:
    """What is drawn into: its cells, and the limits of what it shows."""

    width: int
    height: int
    x: Limits
    y: Limits


def raster(
    x: Numbers, y: Numbers, box: Box, marker: Marker, *, connected: bool, sign: str = "*"
) -> Codes:
    """The cells of a box with these points, or the lines from each to the next, cut at its edges.

    ``sign`` stands for a dot in ASCII.
    """
    across, down = DOTS[marker]
    width, height = box.width * across, box.height * down
    dots = np.zeros((height, width), dtype=np.bool_)
    column = _dots_from(x, box.x, width)
    row = (height - 1) - _dots_from(y, box.y, height)
    if connected and x.size > 1:
        column, row = _along(*_cut(column, row, width, height))
    columns, rows = np.rint(column).astype(np.int64), np.rint(row).astype(np.int64)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    dots[rows[inside], columns[inside]] = True
    return characters(dots, marker, sign)


def _dots_from(values: Numbers, limits: Limits, count: int) -> Numbers:
    """Places between 0, the lower limit, and count - 1; what is far outside stays near enough."""
    low, high = limits
    return np.clip((values - low) / (high - low), -1e6, 1e6) * (count - 1)


def _cut(
    column: Numbers, row: Numbers, width: int, height: int
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """What of the stretches between neighbours is inside: where each begins, and how far it goes.

    Liang and Barsky: A new concept and method for line clipping. ACM Trans. Graph. 3 (1984).
    """
    first, last = np.zeros(column.size - 1), np.ones(column.size - 1)
    for start, count in ((column, width), (row, height)):
        step = np.diff(start)
        with np.errstate(divide="ignore", invalid="ignore"):
            enter, leave = (-0.5 - start[:-1]) / step, (count - 0.5 - start[:-1]) / step
        enter, leave = np.where(step < 0, (leave, enter), (enter, leave))
        parallel = step == 0
        outside = parallel & ((start[:-1] < -0.5) | (start[:-1] > count - 0.5))
        first = np.maximum(first, np.where(parallel, np.where(outside, 2.0, 0.0), enter))
        last = np.minimum(last, np.where(parallel, 1.0, leave))
    seen = first <= last
    first, last = first[seen], last[seen]
    across, along = np.diff(column)[seen], np.diff(row)[seen]
    return (
        column[:-1][seen] + first * across,
        row[:-1][seen] + first * along,
        (last - first) * across,
        (last - first) * along,
    )


def _along(
    column: Numbers, row: Numbers, across: Numbers, along: Numbers
) -> tuple[Numbers, Numbers]:
    """A dot for each column or row that a stretch passes, whichever are more, and both ends."""
    steps = np.ceil(np.maximum(np.abs(across), np.abs(along))).astype(np.int64)
    counts = steps + 1
    ends = np.cumsum(counts)
    which = np.repeat(np.arange(counts.size), counts)
    share = (np.arange(which.size) - (ends - counts)[which]) / np.maximum(steps, 1)[which]
    return column[which] + share * across[which], row[which] + share * along[which]


def characters(dots: NDArray[np.bool_], marker: Marker, sign: str = "*") -> Codes:
    """Dots, which fill whole cells, as the characters of the cells."""
    across, down = DOTS[marker]
    height, width = dots.shape[0] // down, dots.shape[1] // across
    cells = dots.reshape(height, down, width, across).transpose(0, 2, 1, 3)
    if marker == "braille":
        bits = (cells * _BRAILLE_BITS).sum(axis=(2, 3), dtype=np.uint32)
        return np.where(bits, bits + np.uint32(BRAILLE), np.uint32(ord(" ")))
    if marker == "half":
        return _HALF_BLOCKS[cells[:, :, 0, 0] + 2 * cells[:, :, 1, 0]]
    return np.where(cells[:, :, 0, 0], np.uint32(ord(sign)), np.uint32(ord(" ")))


def lay(grid: Grid, left: int, top: int, codes: Codes, colour: int) -> None:
    """Put drawn characters over the grid, none outside it; braille dots join those there."""
    new = codes[: max(grid.height - top, 0), : max(grid.width - left, 0)].copy()
    if not new.size:
        return
    here = (slice(top, top + new.shape[0]), slice(left, left + new.shape[1]))
    old = grid.chars[here].copy().view(np.uint32)
    inked = new != ord(" ")
    joined = inked & (new >> 8 == BRAILLE >> 8) & (old >> 8 == BRAILLE >> 8)
    new[joined] |= old[joined]
    grid.chars[here] = np.where(inked, new.view("<U1"), grid.chars[here])
    grid.fg[here] = np.where(inked, colour, grid.fg[here])
