"""A page of small pictures: the feature maps of a layer, the filters of a convolution.

The maps are as large as they can be while all of them fit; where that would make them too small to
read, only the first ones are drawn and the rest is reached by paging. Above each map stands its
label. `Montage` says where each map stands, so that a cursor or a mouse can find it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui.render.cells import Grid
from tui.render.format import cut
from tui.render.image import Mark, fitted_size, image
from tui.render.palette import DARK, Palette
from tui.render.shades import Pixels, Scale, Shades
from tui.terminal.abilities import Terminal

LEAST = 10
"""No map is drawn narrower than this many cells, unless it has fewer pixels."""


@dataclass(frozen=True)
class Montage:
    """A drawn page and where its maps stand."""

    grid: Grid
    first: int
    shown: int
    columns: int
    tile_width: int
    tile_height: int

    def place(self, index: int) -> tuple[int, int, int, int] | None:
        """x, y, width and height of the picture of map ``index``; None when it is not drawn."""
        at = index - self.first
        if not 0 <= at < self.shown:
            return None
        row, column = divmod(at, self.columns)
        x, y = column * (self.tile_width + 1), row * (self.tile_height + 1) + 1
        return x, y, self.tile_width, self.tile_height

    def index_at(self, x: int, y: int) -> int | None:
        """The map whose picture or label stands at a cell; None between them."""
        for index in range(self.first, self.first + self.shown):
            place = self.place(index)
            if place is not None:
                left, top, wide, high = place
                if left <= x < left + wide and top - 1 <= y < top + high:
                    return index
        return None


def tile_size(
    shape: tuple[int, int],
    maps: int,
    width: int,
    height: int,
    terminal: Terminal,
    zoom: int = 0,
    least: int = LEAST,
) -> tuple[int, int]:
    """The cells of one map: the largest with which all fit, or the least that can be read.

    ``zoom`` makes the maps that many steps of a quarter larger (or smaller, when negative).
    """
    glyphs = terminal.glyphs
    natural = shape[1] if glyphs == "half" else 2 * shape[1]
    least = min(natural, least if glyphs == "half" else max(2 * least - 8, least), width)
    chosen = _filling(shape, least, width, height, glyphs)
    for wide in range(width, least, -1):
        tile = fitted_size(shape, wide, max(height - 1, 1), glyphs)
        if _room(tile, width, height) >= maps:
            chosen = tile
            break
    if zoom:
        wide = round(chosen[0] * 1.25**zoom)
        chosen = fitted_size(shape, min(max(wide, 3), width), max(height - 1, 1), glyphs)
    return chosen


def _filling(
    shape: tuple[int, int], least: int, width: int, height: int, glyphs: str
) -> tuple[int, int]:
    """Maps at least ``least`` wide, widened to fill the rows as long as no row of maps is lost."""
    tile = fitted_size(shape, least, max(height - 1, 1), glyphs)
    columns, rows = max((width + 1) // (tile[0] + 1), 1), height // (tile[1] + 1)
    wider = fitted_size(shape, (width + 1) // columns - 1, max(height - 1, 1), glyphs)
    return wider if height // (wider[1] + 1) >= rows else tile


def _room(tile: tuple[int, int], width: int, height: int) -> int:
    return ((width + 1) // (tile[0] + 1)) * (height // (tile[1] + 1))


def montage(
    maps: Pixels,
    width: int,
    height: int,
    terminal: Terminal,
    *,
    first: int | None = None,
    labels: Sequence[str] | None = None,
    selected: int | None = None,
    shades: Shades = "grey",
    scale: Scale | None = None,
    zoom: int = 0,
    least: int = LEAST,
    palette: Palette = DARK,
    pixel: tuple[int, int] | None = None,
) -> Montage:
    """The maps ``(n, h, w)`` (or ``(n, 3, h, w)``) from ``first`` on, as many as fit.

    Without ``first``: the page on which the selected one stands. Each map is drawn from its least
    to its greatest value, or all of them by one ``scale``; none narrower than ``least`` cells. A
    cursor stands on ``pixel`` (row, column) of the selected one, or of the only one.
    """
    maps = np.asarray(maps)
    grid = Grid.blank(width, height)
    if not maps.size or width < 1 or height < 2:
        return Montage(grid, first or 0, 0, 1, 0, 0)
    shape = (int(maps.shape[-2]), int(maps.shape[-1]))
    tile = tile_size(shape, len(maps), width, height, terminal, zoom, least)
    columns = max((width + 1) // (tile[0] + 1), 1)
    rows = max(height // (tile[1] + 1), 1)
    if first is None:
        first = (selected or 0) - (selected or 0) % (columns * rows)
    first = min(max(first, 0), len(maps) - 1)
    shown = min(columns * rows, len(maps) - first)
    page = Montage(grid, first, shown, columns, *tile)
    for index in range(first, first + shown):
        place = page.place(index)
        if place is None:
            continue
        x, y, wide, high = place
        label = labels[index] if labels is not None else str(index)
        here = index == selected
        ink = palette.accent if here else palette.muted
        grid.put(x, y - 1, cut(f">{label}" if here else label, wide), fg=ink, bold=here)
        marks = []
        if pixel is not None and (here or len(maps) == 1):
            marks = [Mark(pixel[0], pixel[1], pixel[0] + 1, pixel[1] + 1)]
        picture = image(maps[index], wide, high, terminal, shades=shades, scale=scale, marks=marks)
        grid.paste(picture, x, y)
    return page


def mosaic(kernels: Pixels) -> Pixels:
    """Kernels ``(C, K, K)`` of one filter beside one another in a square, a line of zeros apart."""
    count, high, wide = kernels.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    result: Pixels = np.zeros(
        (rows * (high + 1) - 1, columns * (wide + 1) - 1), dtype=kernels.dtype
    )
    for i, kernel in enumerate(kernels):
        row, column = divmod(i, columns)
        y, x = row * (high + 1), column * (wide + 1)
        result[y : y + high, x : x + wide] = kernel
    return result
