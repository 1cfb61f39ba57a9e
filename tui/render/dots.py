"""Straight lines as dots, many at once.

`tui.render.raster` draws one line of a chart; here hundreds of lines between a few upright axes
become one picture in a few steps of NumPy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Dots = NDArray[np.bool_]


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
