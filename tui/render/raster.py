"""Lines as characters: braille dots, quarter blocks or ASCII. The only module that knows plotext.

plotext 6 draws a line into a matrix of cells; it is asked for one line at a time and for nothing
else, no frame and no ticks. Where braille meets braille the dots are joined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui.render.axes import Limits, Numbers
from tui.render.cells import Grid
from tui.terminal.abilities import Marker

BRAILLE = 0x2800


@dataclass(frozen=True)
class Box:
    """What is drawn into: its cells, and the limits of what it shows."""

    width: int
    height: int
    x: Limits
    y: Limits


def raster(x: Numbers, y: Numbers, box: Box, marker: Marker, *, connected: bool) -> str:
    """Rows of characters of the box's size, with these points or the lines through them."""
    import plotext  # a tenth of a second: not before a chart is drawn

    if not x.size:
        return ""
    plotext.terminal.limit(False, False)  # the box may be larger than plotext's own terminal
    figure = plotext.figure
    figure.clear.all()
    figure.plot_size(box.width, box.height)
    figure.axes(False)
    figure.legend(False)
    both = figure.ruler((0, 1), (0, 1))
    both.frequency(0)
    figure.ruler("x").lim(*box.x)
    figure.ruler("y").lim(*box.y)
    symbol = {"braille": "braille", "half": "hd", "ascii": "*"}[marker]
    signal = figure.signal(x.tolist(), y.tolist(), marker=symbol)
    figure.draw(signal.lines(connected))
    return str(figure.build().string(colorless=True))


def lay(grid: Grid, left: int, top: int, text: str, colour: int) -> None:
    """Put drawn characters over the grid, none outside it; braille dots join those there."""
    width, height = grid.width - left, grid.height - top
    rows = [line.ljust(width)[:width] for line in text.split("\n")[:height]]
    if not rows or width <= 0:
        return
    drawn = np.array([list(row) for row in rows], dtype="<U1")
    here = (slice(top, top + drawn.shape[0]), slice(left, left + drawn.shape[1]))
    new, old = drawn.view(np.uint32), grid.chars[here].copy().view(np.uint32)
    inked = (new != ord(" ")) & (new != BRAILLE)
    joined = inked & (new >> 8 == BRAILLE >> 8) & (old >> 8 == BRAILLE >> 8)
    new[joined] |= old[joined]
    grid.chars[here] = np.where(inked, drawn, grid.chars[here])
    grid.fg[here] = np.where(inked, colour, grid.fg[here])
