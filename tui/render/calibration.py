"""The reliability diagram as cells: how often the network is right, by how sure it is.

A column for each bin of confidence, as high as the share that is right; a line across it where an
honest network's would end, at the mean confidence of the bin. A bar below its line: too sure; above
it: not sure enough. Bins without examples are empty.
"""

from __future__ import annotations

from cnnlib.metrics import Calibration
from tui.render.cells import DEFAULT, Grid
from tui.render.format import fit, number, percent, short_count
from tui.render.palette import DARK, Palette
from tui.render.tables import wrap
from tui.terminal.abilities import Terminal

EIGHTHS = " ▁▂▃▄▅▆▇█"
AXIS = 5
"""Cells for the figures on the left."""


def reliability(
    found: Calibration,
    width: int,
    height: int,
    terminal: Terminal,
    palette: Palette = DARK,
) -> Grid:
    """The diagram with its axes, the examples of each bin where there is room, and the error."""
    grid = Grid.blank(width, height)
    bins = len(found.counts)
    words = (
        f"expected calibration error {number(found.error, 4)}: confidence and accuracy differ "
        f"by {percent(found.error, 2)} on average"
    )
    lines = wrap(words, width)[:2]
    wide = max((width - AXIS) // bins, 1)
    high = height - len(lines) - 3
    if high < 3 or width < AXIS + bins:
        for y, line in enumerate(lines[:height]):
            grid.put(0, y, line)
        return grid
    _axes(grid, found, wide, high, palette)
    for b in range(bins):
        x = AXIS + b * wide
        if found.counts[b]:
            accuracy, confidence = float(found.accuracy[b]), float(found.confidence[b])
            ink = palette.train if accuracy >= confidence else palette.valid
            _column(grid, x, max(wide - 1, 1), high, accuracy, terminal, ink)
            _line(grid, x, max(wide - 1, 1), high, confidence, terminal, palette)
        if wide >= 4:
            count = short_count(int(found.counts[b])) if found.counts[b] else ""
            grid.put(x, high + 1, fit(count, wide - 1, "right"), fg=palette.muted)
    if wide >= 4:
        grid.put(0, high + 1, "n", fg=palette.muted)
    rule = "─" if terminal.unicode else "-"
    legend = f"{rule * 2} mean confidence; a bar below it: too sure"
    grid.put(AXIS, high + 2, fit(legend, width - AXIS), fg=palette.muted)
    for y, line in enumerate(lines, start=high + 3):
        grid.put(0, y, line)
    return grid


def _axes(grid: Grid, found: Calibration, wide: int, high: int, palette: Palette) -> None:
    for share in (0.0, 0.5, 1.0):
        y = round((1 - share) * (high - 1))
        grid.put(0, y, f"{share:.1f}", fg=palette.muted)
    every = -(-4 // wide)  # a figure takes three cells and a gap
    for b in range(0, len(found.counts), every):
        grid.put(AXIS + b * wide, high, f"{found.edges[b]:.2f}"[1:], fg=palette.muted)
    grid.put(0, high, "conf", fg=palette.muted)


def _column(
    grid: Grid, x: int, wide: int, high: int, share: float, terminal: Terminal, ink: int
) -> None:
    if not terminal.unicode:
        filled = round(share * high)
        for y in range(high - filled, high):
            grid.put(x, y, "#" * wide, fg=ink)
        return
    full, rest = divmod(round(share * high * 8), 8)
    if terminal.marker != "braille":
        full, rest = full + (rest >= 4), 0  # the console knows no eighths
    for y in range(high - full, high):
        grid.put(x, y, "█" * wide, fg=ink)
    if rest and full < high:
        grid.put(x, high - full - 1, EIGHTHS[rest] * wide, fg=ink)


def _line(
    grid: Grid, x: int, wide: int, high: int, share: float, terminal: Terminal, palette: Palette
) -> None:
    y = min(max(high - 1 - int(share * high), 0), high - 1)
    for at in range(x, x + wide):
        filled = grid.chars[y, at] in "█#"
        bg = int(grid.fg[y, at]) if filled and terminal.unicode else DEFAULT
        ink = palette.background if bg != DEFAULT else palette.text
        grid.put(at, y, "─" if terminal.unicode else "=", fg=ink, bg=bg, bold=True)
