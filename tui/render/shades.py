"""Shades of pictures: how values become the few colours, or characters, that a terminal shows.

Greys are the 26 of the 256-colour palette, so a picture looks the same over SSH as it does on a
true-colour terminal, and two neighbours of one shade merge into one run. With 16 colours only the
four greys of that palette are used. A value that is no number is never drawn as a grey: it is red,
or ``?``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Shades = Literal["grey", "heat", "diverging"]
Pixels = NDArray[np.generic]

RAMP = " .:-=+*#%@"
NEGATIVE_RAMP = " '`~-<%&&$"
NOT_A_NUMBER = 0xFF0000
"""The colour of a pixel that is NaN."""

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


def laid_over(
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


def brightness(colours: NDArray[np.int32]) -> NDArray[np.float64]:
    """From 0 to 255, as the eye weighs the three colours (Rec. 601); below 0 for none."""
    red, green, blue = (colours >> 16) & 255, (colours >> 8) & 255, colours & 255
    return np.where(colours < 0, -1.0, 0.299 * red + 0.587 * green + 0.114 * blue)
