"""Pictures made of character cells: an image, a feature map, a page of them.

A terminal cell is about twice as high as wide. With half blocks a cell shows two square pixels,
one above the other; without colours or UTF-8 a ramp of characters shows darkness, and a pixel is
two characters wide, so that a digit keeps its proportions. A picture is resampled by area
averaging: nothing thin disappears when it shrinks, and nothing blurs when it grows by a whole
factor.

Greys are the 26 of the 256-colour palette, so a picture looks the same over SSH as it does on a
true-colour terminal, and two neighbours of one shade merge into one run. With 16 colours only the
four greys of that palette are used. A pixel that is no number is never drawn as a grey: it is red,
or ``?``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tui.render.cells import DEFAULT, Grid
from tui.render.palette import blend
from tui.terminal import Terminal

Shades = Literal["grey", "heat", "diverging"]
Pixels = NDArray[np.generic]

RAMP = " .:-=+*#%@"
NEGATIVE_RAMP = " '`~-<%&&$"
NOT_A_NUMBER = 0xFF0000
"""The colour of a pixel that is NaN."""
CURSOR = 0xFF8700
"""The colour of a pixel under a cursor, on any grey."""


_GREY_LEVELS = np.array([0, *range(8, 239, 10), 255], dtype=np.int32)
_GREY_EDGES = (_GREY_LEVELS[:-1] + _GREY_LEVELS[1:]) / 2.0
_GREYS = _GREY_LEVELS * 0x010101
_FOUR_GREYS = np.array([0x000000, 0x555555, 0xAAAAAA, 0xFFFFFF], dtype=np.int32)
_HEAT = np.array(
    [0x000000, 0x00005F, 0x5F0087, 0x87005F, 0xAF005F, 0xD7005F, 0xFF5F00, 0xFFAF00, 0xFFFF87],
    dtype=np.int32,
)
_BELOW = [0xAFFFFF, 0x5FD7FF, 0x00AFFF, 0x0087D7, 0x005F87]
_ABOVE = [0x875F00, 0xD78700, 0xFFAF00, 0xFFD75F, 0xFFFFAF]
_DIVERGING = np.array([*_BELOW, 0x121212, *_ABOVE], dtype=np.int32)


@dataclass(frozen=True)
class Scale:
    """The values that are drawn darkest and brightest."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Pixels, *, symmetric: bool = False) -> Scale:
        """The range of the finite values; about zero where ``symmetric``; 0 to 1 where empty."""
        if values.dtype == np.uint8 and not symmetric:
            return cls(0.0, 255.0)
        finite = np.asarray(values, dtype=np.float64)
        finite = finite[np.isfinite(finite)]
        if not finite.size:
            return cls(0.0, 1.0)
        if symmetric:
            reach = float(np.abs(finite).max())
            return cls(-reach, reach)
        return cls(float(finite.min()), float(finite.max()))

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values between 0 (low) and 1 (high); NaN stays. Where low equals high: 0.5, or 0 at 0."""
        if self.high > self.low:
            return np.clip((values - self.low) / (self.high - self.low), 0.0, 1.0)
        level = 0.0 if self.high <= 0.0 <= self.low else 0.5
        return np.where(np.isnan(values), np.nan, level)


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
        colours = _laid_over(colours, resample(heat, rows, wide), terminal.colours)
    for mark in marks:
        here = _covered(mark, pixels.shape[-2:], rows, wide)
        tinted = [blend(int(colour), mark.colour, mark.share) for colour in colours[here].flat]
        colours[here] = np.array(tinted, np.int32).reshape(colours[here].shape)
    return _half_blocks(colours)


def _laid_over(
    colours: NDArray[np.int32], heat: NDArray[np.float64], depth: int
) -> NDArray[np.int32]:
    """Colours under a glow: the hotter, the less is left of them."""
    glow = colours_of(np.clip(heat, 0.0, 1.0), "heat", depth)
    share = np.clip(1.4 * heat, 0.0, 0.8)
    mixed = np.zeros_like(colours)
    for shift in (16, 8, 0):
        low, high = (colours >> shift) & 255, (glow >> shift) & 255
        mixed |= (low + (high - low) * share).round().astype(np.int32) << shift
    return mixed


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


def colours_of(levels: NDArray[np.float64], shades: Shades, depth: int) -> NDArray[np.int32]:
    """Levels between 0 and 1 (with three planes: colours) as ``(h, w)`` of ``0xRRGGBB``."""
    broken = np.asarray(np.isnan(levels))
    levels = np.where(broken, 0.0, levels)
    if levels.ndim == 3:
        planes = (levels * 255.0).round().astype(np.int32)
        colours = (planes[0] << 16) | (planes[1] << 8) | planes[2]
        broken = np.asarray(broken.any(axis=0))
    else:
        if shades == "grey" and depth > 16:
            colours = _GREYS[np.searchsorted(_GREY_EDGES, levels * 255.0)]
        else:
            stops = {"grey": _FOUR_GREYS, "heat": _HEAT, "diverging": _DIVERGING}[shades]
            colours = stops[(levels * (len(stops) - 1)).round().astype(np.int64)]
    return np.where(broken, NOT_A_NUMBER, colours).astype(np.int32)


def _half_blocks(colours: NDArray[np.int32]) -> Grid:
    """Two rows of colours in each row of cells, the brighter pixel drawn over the darker one.

    So the characters alone, copied as text, still show the picture.
    """
    rows, width = colours.shape
    height = (rows + 1) // 2
    upper = colours[0::2]
    lower = np.full((height, width), DEFAULT, dtype=np.int32)
    lower[: rows // 2] = colours[1::2]
    above, below = _brightness(upper), _brightness(lower)
    same = upper == lower
    grid = Grid.blank(width, height)
    grid.chars[...] = np.select(
        [same & (above < 128), same, above >= below], [" ", "█", "▀"], default="▄"
    )
    grid.fg[...] = np.where(above >= below, upper, lower)
    grid.bg[...] = np.where(above >= below, lower, upper)
    return grid


def _brightness(colours: NDArray[np.int32]) -> NDArray[np.float64]:
    """From 0 to 255, as the eye weighs the three colours (Rec. 601); below 0 for none."""
    red, green, blue = (colours >> 16) & 255, (colours >> 8) & 255, colours & 255
    return np.where(colours < 0, -1.0, 0.299 * red + 0.587 * green + 0.114 * blue)


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
