"""Lines as characters: braille dots, half blocks or ASCII. The only module that knows plotext.

plotext 6 draws a line into a matrix of cells; it is asked for one line at a time and for nothing
else, no frame and no ticks. Where braille meets braille the dots are joined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui.render.axes import Limits, Numbers
from tui.render.cells import Grid
from tui.render.dots import BRAILLE, Codes, characters
from tui.terminal.abilities import Marker

_FAR = 30  # boxes beyond an edge at which a point is moved nearer


@dataclass(frozen=True)
class Box:
    """What is drawn into: its cells, and the limits of what it shows."""

    width: int
    height: int
    x: Limits
    y: Limits


def raster(
    x: Numbers, y: Numbers, box: Box, marker: Marker, *, connected: bool, sign: str = "*"
) -> Codes:
    """The cells of a box with these points, or the lines from each to the next.

    ``sign`` stands for a dot in ASCII.
    """
    if marker == "half":  # consoles whose fonts have no quarter blocks: two dots in a cell
        finer = Box(box.width, 2 * box.height, box.x, box.y)
        dots = raster(x, y, finer, "ascii", connected=connected) != ord(" ")
        return characters(dots, marker)
    (low_x, high_x), (low_y, high_y) = box.x, box.y  # plotext walks all the way to a far point
    x = np.clip(x, low_x - _FAR * (high_x - low_x), high_x + _FAR * (high_x - low_x))
    y = np.clip(y, low_y - _FAR * (high_y - low_y), high_y + _FAR * (high_y - low_y))
    rows = _drawn(x, y, box, "braille" if marker == "braille" else sign, connected)
    codes = np.full((box.height, box.width), ord(" "), dtype=np.uint32)
    for row, text in zip(codes, rows, strict=False):
        chars = text[: box.width]
        row[: len(chars)] = [ord(char) for char in chars]
    codes[codes == BRAILLE] = ord(" ")
    return codes


def _drawn(x: Numbers, y: Numbers, box: Box, symbol: str, connected: bool) -> list[str]:
    import plotext  # a tenth of a second: not before a chart is drawn

    if not x.size:
        return []
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
    figure.draw(figure.signal(x.tolist(), y.tolist(), marker=symbol).lines(connected))
    return str(figure.build().string(colorless=True)).split("\n")


def lay(grid: Grid, left: int, top: int, codes: Codes, colour: int) -> None:
    """Put drawn characters over the grid, none outside it; braille dots join those there."""
    new = codes[: max(grid.height - top, 0), : max(grid.width - left, 0)].copy()
    if not new.size:
        return
    here = (slice(top, top + new.shape[0]), slice(left, left + new.shape[1]))
    old = grid.chars[here].copy().view(np.uint32)
    inked = new != ord(" ")
    joined = inked & (new >> 8 == BRAILLE >> 8) & (old >> 8 == BRAILLE >> 8)
    new[joined] |= old[joined]
    grid.chars[here] = np.where(inked, new.view("<U1"), grid.chars[here])
    grid.fg[here] = np.where(inked, colour, grid.fg[here])
