"""Straight lines as dots, many at once: eight a cell in braille, two in half blocks, one in ASCII.

`tui.render.raster` asks plotext for one line of a chart; here hundreds of lines between a few
upright axes become one picture in a few steps of NumPy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tui.terminal.abilities import Marker

BRAILLE = 0x2800
_BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint32)
_HALF_BLOCKS = np.array([ord(char) for char in " ▀▄█"], dtype=np.uint32)
DOTS: dict[Marker, tuple[int, int]] = {"braille": (2, 4), "half": (1, 2), "ascii": (1, 1)}
"""Dots in a cell, across and down."""

Dots = NDArray[np.bool_]
Codes = NDArray[np.uint32]
"""(height, width): code points; a space where nothing is drawn."""


def strokes(places: NDArray[np.float64], columns: Sequence[int], width: int, height: int) -> Dots:
    """The dots of lines that go from axis to axis.

    Args:
        places: where each line crosses each axis, (lines, axes), from 0 at the foot to 1 at the
            head; NaN where it does not: there it is interrupted.
        columns: of dots in which the axes stand, rising.
        width: dots in a row.
        height: rows of dots.

    Returns:
        (height, width).
    """
    edges = np.zeros((height + 1, width), dtype=np.int64)
    rows = (1.0 - np.clip(places, 0.0, 1.0)) * (height - 1)
    for axis, (left, right) in enumerate(itertools.pairwise(columns)):
        both = rows[:, axis : axis + 2]
        both = both[np.isfinite(both).all(axis=1)]
        across = np.arange(left, right + 1)
        share = (across - left) / max(right - left, 1)
        half = 0.5 / max(right - left, 1)
        begin, end = (
            both[:, :1] + (both[:, 1:] - both[:, :1]) * np.clip(share + side, 0.0, 1.0)
            for side in (-half, half)
        )
        top = np.rint(np.minimum(begin, end)).astype(np.int64)
        foot = np.rint(np.maximum(begin, end)).astype(np.int64)
        at = np.broadcast_to(across, top.shape)
        np.add.at(edges, (top, at), 1)
        np.add.at(edges, (foot + 1, at), -1)
    return edges.cumsum(axis=0)[:-1] > 0


def characters(dots: Dots, marker: Marker, sign: str = "*") -> Codes:
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
