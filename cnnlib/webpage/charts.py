"""Charts as SVG whose colours are those of the page, light or dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 500, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 12, 40  # room around the plot


class Line(NamedTuple):
    """One curve.

    Attributes:
        name: in the legend; "" for none.
        look: class of the style sheet: "train", "valid", "batch", "even".
        x, y: (n,); points that are not finite are left out.
        low, high: (n,) of a band around it, or None.
        dots: whether each point is marked.
    """

    name: str
    look: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    dots: bool = False


class Axis(NamedTuple):
    """One direction of a chart: its ends, its words, and how its numbers are written."""

    low: float
    high: float
    words: str
    write: Callable[[float], str]
    log: bool = False

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values as shares of the way from end to end."""
        low, high = self.low, self.high
        if self.log:
            values, low, high = np.log(np.maximum(values, low)), math.log(low), math.log(high)
        return np.asarray((values - low) / ((high - low) or 1.0))

    def ticks(self) -> list[float]:
        """Round numbers between the ends: about five."""
        if self.log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            all_ticks = [m * 10.0**d for d in decades for m in (1, 2, 5)]
            inside = [tick for tick in all_ticks if self.low <= tick <= self.high]
            return inside if len(inside) < 8 else [t for t in inside if f"{t:e}".startswith("1.0")]
        span = (self.high - self.low) or 1.0
        power = 10.0 ** math.floor(math.log10(span / 5))
        step = next(power * m for m in (1, 2, 5, 10) if span / (power * m) <= 6)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [step * i for i in range(first, last + 1)]


def chart(lines: Sequence[Line], x: Axis, y: Axis, words: str) -> str:
    """A chart of curves; ``words`` say to those who cannot see it what it shows."""
    inner: list[str] = []
    for line in lines:
        known = np.isfinite(line.x) & np.isfinite(line.y)
        inner.append(_band(line, known, x, y))
        points = _points(line.x[known], line.y[known], x, y)
        if points:
            inner.append(f'<polyline class="line {line.look}" points="{" ".join(points)}"/>')
        if line.dots:
            inner += [
                f'<circle class="dot {line.look}" cx="{px}" cy="{py}" r="3"/>'
                for px, py in (point.split(",") for point in points)
            ]
    width, height = WIDTH - LEFT, HEIGHT - BOTTOM  # what lies outside of it is cut off
    plot = f'x="{LEFT}" y="0" width="{width}" height="{height}" viewBox="{LEFT} 0 {width} {height}"'
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(words)}">'
        f"<title>{escape(words)}</title>{_grid(x, y)}<svg {plot}>{''.join(inner)}</svg></svg>"
        + _legend(lines)
    )


def _across(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _up(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _points(xs: NDArray[np.float64], ys: NDArray[np.float64], x: Axis, y: Axis) -> list[str]:
    pairs = zip(x.place(xs), y.place(ys), strict=True)
    return [f"{_across(a):.1f},{_up(b):.1f}" for a, b in pairs]


def _band(line: Line, known: NDArray[np.bool_], x: Axis, y: Axis) -> str:
    if line.low is None or line.high is None or not known.any():
        return ""
    there = _points(line.x[known], np.maximum(line.high[known], y.low), x, y)
    back = _points(line.x[known], np.maximum(line.low[known], y.low), x, y)[::-1]
    return f'<polygon class="band {line.look}" points="{" ".join(there + back)}"/>'


def _grid(x: Axis, y: Axis) -> str:
    parts = []
    for tick in y.ticks():
        at = _up(float(y.place(np.array([tick]))[0]))
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{at + 3.5:.1f}" text-anchor="end">'
            f"{escape(y.write(tick))}</text>"
        )
    for tick in x.ticks():
        at = _across(float(x.place(np.array([tick]))[0]))
        parts.append(
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{HEIGHT - BOTTOM}" '
            f'y2="{HEIGHT - BOTTOM + 4}"/>'
            f'<text class="tick" x="{at:.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">'
            f"{escape(x.write(tick))}</text>"
        )
    base = _up(0)
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>')
    parts.append(
        f'<text class="tick" x="{_across(0.5):.0f}" y="{HEIGHT - 5}" text-anchor="middle">'
        f"{escape(x.words)}</text>"
    )
    return "".join(parts)


def _legend(lines: Sequence[Line]) -> str:
    entries = "".join(
        f'<span><i class="key {line.look}"></i>{escape(line.name)}</span>'
        for line in lines
        if line.name
    )
    return f'<p class="legend">{entries}</p>'
