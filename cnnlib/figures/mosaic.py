"""Many small pictures on one sheet: quicker to draw, and sharper, than a panel for each."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

FINE = 16  # a tile has at least so many cells a side, so that gaps can be narrow


@dataclass(frozen=True, eq=False)
class Mosaic:
    """A sheet of tiles, row by row from the top left, with gaps that hold nothing.

    Attributes:
        picture: (H', W', C) with NaN in the gaps.
        corners: the top left corner (x, y) of each tile, in cells of the picture.
        size: the width and height of a tile in cells.
        centres: the middles of the columns and of the rows.
        inches: the width and height of the sheet.
        numbered: whether the gap above each tile has room for words.
    """

    picture: NDArray[np.float64]
    corners: list[tuple[float, float]]
    size: tuple[int, int]
    centres: tuple[list[float], list[float]]
    inches: tuple[float, float]
    numbered: bool


def mosaic(
    tiles: NDArray[np.floating[Any]],
    columns: int,
    tile: float,
    *,
    above: float = 0.13,
    numbered: bool = True,
) -> Mosaic:
    """Lay tiles out in rows.

    Args:
        tiles: (n, H, W, C).
        columns: how many stand in a row.
        tile: the width of a tile in inches.
        above: inches that are left free over each tile for words.
        numbered: without it nothing is left free over the tiles but the gap between them.
    """
    count, height, width, channels = tiles.shape
    fine = ceil(FINE / min(height, width))
    h, w = height * fine, width * fine
    inch = w / tile  # cells
    side = max(1, round(inch * (0.08 if numbered else tile * 0.1)))
    head = max(1, round(inch * above)) if numbered else side
    rows = ceil(count / columns)
    sheet = np.full(
        (rows * (h + head) + side, columns * (w + side) + side, channels), np.nan, dtype=np.float64
    )
    corners = []
    for i in range(count):
        top = (i // columns) * (h + head) + head
        left = (i % columns) * (w + side) + side
        sheet[top : top + h, left : left + w] = tiles[i].repeat(fine, 0).repeat(fine, 1)
        corners.append((left - 0.5, top - 0.5))
    xs = [c * (w + side) + side + w / 2 - 0.5 for c in range(columns)]
    ys = [r * (h + head) + head + h / 2 - 0.5 for r in range(rows)]
    inches = (sheet.shape[1] / inch, sheet.shape[0] / inch)
    return Mosaic(sheet, corners, (w, h), (xs, ys), inches, numbered)
