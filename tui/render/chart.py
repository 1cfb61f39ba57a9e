"""Line charts in character cells: frame, ticks, legend, marks and the lines themselves.

Each line is rasterised alone (`tui.render.raster`) and laid over the ones before it. Solid lines,
dotted lines with a mark at every point and points alone differ in shape, so colour is never needed
to tell them apart. Limits move in steps, so that a new point changes few cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tui.render.axes import (
    Limits,
    Numbers,
    Tick,
    decade_limits,
    decade_ticks,
    finite,
    round_limits,
    thin,
    ticks,
)
from tui.render.cells import DEFAULT, Grid, text_width
from tui.render.dots import Codes
from tui.render.palette import DARK, Palette
from tui.render.raster import Box, lay, raster
from tui.terminal.abilities import Marker, Terminal


@dataclass(frozen=True)
class Line:
    """One series: x must not decrease. `listed` says whether the legend names it."""

    name: str
    x: Numbers
    y: Numbers
    colour: int = DEFAULT
    style: Literal["solid", "dotted", "points"] = "solid"
    value: str = ""
    """What the legend says beside the name: the newest value."""
    listed: bool = True


@dataclass(frozen=True)
class ChartMark:
    """A vertical line at x: something happened there (with a word), an epoch ended, a cursor."""

    x: float
    text: str = ""
    kind: Literal["event", "epoch", "cursor"] = "event"


@dataclass(frozen=True)
class Axes:
    """What a chart's axes show; limits of None are round numbers about the data."""

    x: Limits | None = None
    y: Limits | None = None
    x_label: str = ""
    log_y: bool = False


@dataclass
class _Canvas:
    """The inside of the frame, in numbers and in cells."""

    left: int
    top: int
    width: int
    height: int
    x: Limits
    y: Limits
    log_y: bool = field(default=False)

    def scaled(self, y: Numbers) -> Numbers:
        """As the axis measures it."""
        return np.log10(y) if self.log_y else y

    @property
    def y_scaled(self) -> Limits:
        low, high = self.scaled(np.array(self.y, dtype=float)).tolist()
        return low, high

    def column(self, x: float) -> int:
        return self.left + _cell(x, self.x, self.width)

    def row(self, y: float) -> int:
        low, high = self.y_scaled
        value = float(self.scaled(np.array([y]))[0])
        return self.top + self.height - 1 - _cell(value, (low, high), self.height)

    def raster(self, x: Numbers, y: Numbers, marker: Marker, *, connected: bool) -> Codes:
        """Points, or lines through points, whose y is scaled already."""
        box = Box(self.width, self.height, self.x, self.y_scaled)
        return raster(x, y, box, marker, connected=connected, sign="*" if connected else ".")


def _cell(value: float, limits: Limits, cells: int) -> int:
    return round((value - limits[0]) / (limits[1] - limits[0]) * (cells - 1))


def chart(
    lines: Sequence[Line],
    width: int,
    height: int,
    *,
    terminal: Terminal,
    title: str = "",
    axes: Axes = Axes(),
    marks: Sequence[ChartMark] = (),
    palette: Palette = DARK,
) -> Grid:
    """Draw the lines into a grid of `width` by `height`; without a finite point, say so instead."""
    grid = Grid.blank(width, height)
    drawn = [_cleaned(line, axes.log_y) for line in lines]
    points = [line for line in drawn if line.x.size]
    x_limits, y_limits = _limits(points, axes)
    # Ticks decide the width of the left column, and that the ticks of x.
    inner_height = max(1, height - 1 - (2 if height >= 6 else 0))
    most = max(3, min(6, inner_height * 2 // 3)) if inner_height > 2 else 2
    y_ticks = (decade_ticks if axes.log_y else ticks)(y_limits, most)
    left = max(len(tick.label) for tick in y_ticks) + 1 if width >= 24 else 1
    canvas = _Canvas(left, 1, max(1, width - left), inner_height, x_limits, y_limits, axes.log_y)

    _frame(grid, canvas, y_ticks, axes, terminal, palette, labelled=width >= 24)
    if not points:
        note = "no data yet"
        grid.put(left + max(0, (canvas.width - len(note)) // 2), height // 2, note, palette.muted)
    for mark in marks:
        _mark(grid, canvas, mark, terminal, palette)
    _draw(grid, canvas, points, terminal)
    for mark in marks:
        _mark_text(grid, canvas, mark, palette)
    _legend(grid, title, [line for line in drawn if line.listed], terminal, palette)
    return grid


def _cleaned(line: Line, log_y: bool) -> Line:
    x, y = finite(np.asarray(line.x, dtype=float), np.asarray(line.y, dtype=float))
    if log_y:
        x, y = x[y > 0], y[y > 0]
    return Line(line.name, x, y, line.colour, line.style, line.value, line.listed)


def _limits(lines: Sequence[Line], axes: Axes) -> tuple[Limits, Limits]:
    if not lines:
        return axes.x or (0.0, 1.0), (axes.y or ((0.1, 1.0) if axes.log_y else (0.0, 1.0)))
    x_low = min(float(line.x[0]) for line in lines)
    x_high = max(float(line.x[-1]) for line in lines)
    y_low = min(float(line.y.min()) for line in lines)
    y_high = max(float(line.y.max()) for line in lines)
    y = axes.y or (decade_limits if axes.log_y else round_limits)(y_low, y_high)
    if axes.log_y and y[0] <= 0:
        y = decade_limits(y_low, y_high)
    return axes.x or round_limits(x_low, x_high), y


def _frame(
    grid: Grid,
    canvas: _Canvas,
    y_ticks: Sequence[Tick],
    axes: Axes,
    terminal: Terminal,
    palette: Palette,
    *,
    labelled: bool,
) -> None:
    """The two axes with their ticks, left of and below the canvas."""
    vertical, notch, corner, flat, down = "│┤└─┬" if terminal.unicode else "|++-+"
    for y in range(canvas.top, canvas.top + canvas.height):
        grid.put(canvas.left - 1, y, vertical, palette.border)
    for tick in y_ticks:
        y = canvas.row(tick.value)
        grid.put(canvas.left - 1, y, notch, palette.border)
        if labelled:
            grid.put(canvas.left - 1 - len(tick.label), y, tick.label, palette.muted)
    bottom = canvas.top + canvas.height
    if bottom + 1 >= grid.height:
        return
    grid.put(canvas.left - 1, bottom, corner + flat * canvas.width, palette.border)
    end = grid.width - (text_width(axes.x_label) + 1 if axes.x_label else 0)
    for tick in ticks(canvas.x, max(2, canvas.width // 7)):
        x = canvas.column(tick.value)
        grid.put(x, bottom, down, palette.border)
        start = min(max(canvas.left - 1, x - len(tick.label) // 2), grid.width - len(tick.label))
        if start + len(tick.label) < end:
            grid.put(start, bottom + 1, tick.label, palette.muted)
    grid.put(grid.width - text_width(axes.x_label), bottom + 1, axes.x_label, palette.muted)


def _mark(
    grid: Grid, canvas: _Canvas, mark: ChartMark, terminal: Terminal, palette: Palette
) -> None:
    """The line of a mark."""
    if canvas.x[0] <= mark.x <= canvas.x[1]:
        x = canvas.column(mark.x)
        signs, ink = {
            "event": ("┊:", palette.warn),
            "epoch": ("│|", palette.panel if palette.panel >= 0 else palette.faint),
            "cursor": ("│|", palette.accent),
        }[mark.kind]
        if mark.kind == "epoch" and not terminal.colours:
            return  # they would stand out as much as the curves
        for y in range(canvas.top, canvas.top + canvas.height):
            grid.put(x, y, signs[0 if terminal.unicode else 1], ink)


def _mark_text(grid: Grid, canvas: _Canvas, mark: ChartMark, palette: Palette) -> None:
    """The word of a mark, beside its line, above or below where no curve is in its way."""
    if not mark.text or not canvas.x[0] <= mark.x <= canvas.x[1]:
        return
    x, width = canvas.column(mark.x), text_width(mark.text)
    for y in (canvas.top, canvas.top + canvas.height - 1):
        for start in (x + 1, x - width):
            free = canvas.left <= start and start + width <= grid.width
            if free and (grid.chars[y, start : start + width] == " ").all():
                grid.put(start, y, mark.text, palette.warn)
                return


def _legend(
    grid: Grid, title: str, lines: Sequence[Line], terminal: Terminal, palette: Palette
) -> None:
    """The first row: the title, and at the right each line's stroke, name and newest value."""
    strokes = (
        {"solid": "──", "dotted": "·●", "points": " ●"}
        if terminal.unicode
        else {"solid": "**", "dotted": ".o", "points": " o"}
    )
    names = [line.name for line in lines]
    room = grid.width - (len(title) + 2 if title else 0) - 5 * len(lines) + 2
    values = sum(1 + len(line.value) for line in lines if line.value)
    brief = sum(map(len, names)) + values > room
    if brief:  # without values, and with names no longer than there is room for
        while names and sum(map(len, names)) > room and max(map(len, names)) > 3:
            longest = max(range(len(names)), key=lambda i: len(names[i]))
            names[longest] = names[longest][:-1]
        values = 0
    x = grid.width - sum(map(len, names)) - values - 5 * len(lines) + 2
    if x >= len(title):
        for line, name in zip(lines, names, strict=True):
            x = grid.put(x, 0, strokes[line.style] + " ", line.colour)
            x = grid.put(x, 0, name, palette.muted)
            if line.value and not brief:
                x = grid.put(x, 0, " " + line.value, palette.text, bold=True)
            x += 2
    grid.put(0, 0, title, palette.text, bold=True)


def _draw(grid: Grid, canvas: _Canvas, lines: Sequence[Line], terminal: Terminal) -> None:
    """The lines' cells: dots first, then the solid lines over them, then the marks at points."""
    thinned = [(line, *thin(line.x, line.y, canvas.x, canvas.width)) for line in lines]
    for line, x, y in thinned:
        if line.style == "dotted" and x.size > 1:
            every = 2.0 * (canvas.x[1] - canvas.x[0]) / max(1, canvas.width - 1)
            dots = np.arange(canvas.x[0], canvas.x[1] + every, every)
            dots = dots[(dots > x[0]) & (dots < x[-1])]
            dotted = np.interp(dots, x, canvas.scaled(y))
            drawn = canvas.raster(dots, dotted, terminal.marker, connected=False)
            lay(grid, canvas.left, canvas.top, drawn, line.colour)
    for line, x, y in thinned:
        if line.style == "solid":
            drawn = canvas.raster(x, canvas.scaled(y), terminal.marker, connected=True)
            lay(grid, canvas.left, canvas.top, drawn, line.colour)
    point = "●" if terminal.unicode else "o"
    for line, x, y in thinned:
        if line.style != "solid":
            for at, value in zip(x.tolist(), y.tolist(), strict=True):
                if canvas.x[0] <= at <= canvas.x[1] and canvas.y[0] <= value <= canvas.y[1]:
                    grid.put(canvas.column(at), canvas.row(value), point, line.colour)
