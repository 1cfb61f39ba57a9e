"""Pictures made of character cells: an image, a feature map, a page of them.

A terminal cell is about twice as high as wide. With half blocks a cell shows two square pixels,
one above the other; without colours or UTF-8 a ramp of characters shows darkness, and a pixel is
two characters wide, so that a digit keeps its proportions. A picture is resampled by area
averaging: nothing thin disappears when it shrinks, and nothing blurs when it grows by a whole
factor.

Its colours are those of `tui.render.shades`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.render.cells import DEFAULT, Grid
from tui.render.palette import blend
from tui.render.shades import (
    NEGATIVE_RAMP,
    RAMP,
    Pixels,
    Scale,
    Shades,
    brightness,
    colours_of,
    laid_over,
)
from tui.terminal.abilities import Terminal

CURSOR = 0xFF8700
"""The colour of a pixel under a cursor, on any grey."""


@dataclass(frozen=True)
class Mark:
    """Pixels of a picture that are drawn in a colour: rows top to bottom, columns left to right.

    ``share`` is how much of the colour there is; the rest is the picture's own. A full one is a
    cursor and stands as ``[]`` where there are no colours; another one fills the blank with ``,``.
    """

    top: int
    left: int
    bottom: int
    right: int
    colour: int = CURSOR
    share: float = 1.0


def averaging(inputs: int, outputs: int) -> NDArray[np.float64]:
    """The ``(outputs, inputs)`` matrix that resamples a line of pixels by the area they cover."""
    edges = np.linspace(0.0, inputs, outputs + 1)
    starts, ends = edges[:-1, None], edges[1:, None]
    pixels = np.arange(inputs, dtype=np.float64)[None, :]
    overlap = np.minimum(ends, pixels + 1.0) - np.maximum(starts, pixels)
    overlap = np.clip(overlap, 0.0, None)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True))


def resample(pixels: Pixels, height: int, width: int) -> NDArray[np.float64]:
    """``(h, w)`` or ``(c, h, w)`` resampled to ``height`` by ``width`` by area averaging.

    A pixel that is NaN makes every pixel that it touches NaN; infinities count as NaN.
    """
    values = np.asarray(pixels, dtype=np.float64)
    broken = ~np.isfinite(values)
    rows = averaging(values.shape[-2], height)
    columns = averaging(values.shape[-1], width)
    result = rows @ np.where(broken, 0.0, values) @ columns.T
    if broken.any():
        result[rows @ broken.astype(np.float64) @ columns.T > 1e-9] = np.nan
    return result


def fitted_size(shape: tuple[int, int], width: int, height: int, glyphs: str) -> tuple[int, int]:
    """The cells ``(width, height)`` that a picture of ``shape`` (rows, columns) takes in a place.

    The picture keeps its proportions. It grows by whole factors only, so that its pixels stay
    equal, and shrinks by any.
    """
    rows, columns = shape
    across, down = (1.0, 0.5) if glyphs == "half" else (2.0, 1.0)
    room = min(width / (columns * across), height / (rows * down))
    if room >= 1.0:
        room = float(int(room))
    wide = min(width, max(1, round(columns * across * room)))
    high = min(height, max(1, math.ceil(rows * down * room - 1e-9)))
    return wide, high


def image(
    pixels: Pixels,
    width: int,
    height: int,
    terminal: Terminal,
    *,
    shades: Shades = "grey",
    scale: Scale | None = None,
    marks: Sequence[Mark] = (),
    heat: Pixels | None = None,
) -> Grid:
    """A picture as large as fits into ``width`` by ``height`` cells, in its proportions.

    ``pixels`` is ``(h, w)``, ``(1, h, w)`` or, for colours, ``(3, h, w)``: uint8 from 0 to 255, or
    floats that are drawn from the least to the greatest unless ``scale`` says otherwise. ``heat``
    (h, w) from 0 to 1 is laid over it in colours; without colours it is drawn instead.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim == 3 and pixels.shape[0] == 1:
        pixels = pixels[0]
    if width < 1 or height < 1 or not pixels.size:
        return Grid.blank(max(width, 0), max(height, 0))
    if scale is None:
        scale = Scale.of(pixels, symmetric=shades == "diverging")
    glyphs = terminal.glyphs
    wide, high = fitted_size(pixels.shape[-2:], width, height, glyphs)
    if glyphs == "ascii":
        if heat is not None:
            pixels, scale = heat, Scale(0.0, 1.0)
        if pixels.ndim == 3:
            pixels = np.tensordot([0.299, 0.587, 0.114], pixels.astype(np.float64), axes=1)
        drawn = _characters(scale.place(resample(pixels, high, wide)), shades)
        for mark in marks:
            here = _covered(mark, pixels.shape[-2:], high, wide)
            _mark_characters(drawn, here, mark, terminal)
        return drawn
    rows = min(2 * high, _rows_of_half_blocks(pixels.shape[-2:], wide, high))
    levels = scale.place(resample(pixels, rows, wide))
    colours = colours_of(levels, shades, terminal.colours)
    if heat is not None:
        colours = laid_over(colours, resample(heat, rows, wide), terminal.colours)
    for mark in marks:
        here = _covered(mark, pixels.shape[-2:], rows, wide)
        tinted = [blend(int(colour), mark.colour, mark.share) for colour in colours[here].flat]
        colours[here] = np.array(tinted, np.int32).reshape(colours[here].shape)
    return _half_blocks(colours)


def _covered(mark: Mark, shape: tuple[int, int], rows: int, columns: int) -> tuple[slice, slice]:
    """The drawn rows and columns that show the pixels of a mark: at least one of each."""
    spans = []
    for first, end, pixels, drawn in (
        (mark.top, mark.bottom, shape[0], rows),
        (mark.left, mark.right, shape[1], columns),
    ):
        start = min(first * drawn // pixels, drawn - 1)
        spans.append(slice(start, max(-(-end * drawn // pixels), start + 1)))
    return spans[0], spans[1]


def _mark_characters(grid: Grid, here: tuple[slice, slice], mark: Mark, terminal: Terminal) -> None:
    chars = grid.chars[here]
    if mark.share < 1.0:
        chars[chars == " "] = ","
    else:
        chars[...] = "+"
        chars[:, 0], chars[:, -1] = ("[", "]") if chars.shape[1] > 1 else ("+", "+")
    if terminal.colours:
        grid.fg[here] = mark.colour
    grid.bold[here] = mark.share == 1.0


def _rows_of_half_blocks(shape: tuple[int, int], wide: int, high: int) -> int:
    """Pixel rows to draw in ``high`` rows of cells: odd where the picture asks for it."""
    rows = round(shape[0] * wide / shape[1])
    return rows if rows in (2 * high, 2 * high - 1) else 2 * high


def _half_blocks(colours: NDArray[np.int32]) -> Grid:
    """Two rows of colours in each row of cells, the brighter pixel drawn over the darker one.

    So the characters alone, copied as text, still show the picture.
    """
    rows, width = colours.shape
    height = (rows + 1) // 2
    upper = colours[0::2]
    lower = np.full((height, width), DEFAULT, dtype=np.int32)
    lower[: rows // 2] = colours[1::2]
    above, below = brightness(upper), brightness(lower)
    same = upper == lower
    grid = Grid.blank(width, height)
    grid.chars[...] = np.select(
        [same & (above < 128), same, above >= below], [" ", "█", "▀"], default="▄"
    )
    grid.fg[...] = np.where(above >= below, upper, lower)
    grid.bg[...] = np.where(above >= below, lower, upper)
    return grid


def _characters(levels: NDArray[np.float64], shades: Shades) -> Grid:
    """A character a cell, darker for more; below the middle a ramp of its own when diverging."""
    grid = Grid.blank(levels.shape[1], levels.shape[0])
    broken = np.isnan(levels)
    levels = np.where(broken, 0.0, levels)
    ramp, negative = np.array(list(RAMP)), np.array(list(NEGATIVE_RAMP))
    top = len(ramp) - 1
    if shades == "diverging":
        signed = 2.0 * levels - 1.0
        steps = (np.abs(signed) * top).round().astype(np.int64)
        chars = np.where(signed < 0.0, negative[steps], ramp[steps])
    else:
        chars = ramp[(levels * top).round().astype(np.int64)]
    grid.chars[...] = np.where(broken, "?", chars)
    return grid
