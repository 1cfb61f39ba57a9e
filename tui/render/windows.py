"""The arithmetic of a window as cells: a patch, the kernel, their products and sums; a pool.

Patch, kernel and products stand as tables of one width beside one another where there is room, else
below one another; the part round the cursor where even that is too much. A zero of the padding is
a dot. The sums below are those of the numbers, not of what is left of them when they are rounded.
"""

from __future__ import annotations

import numpy as np

from cnnlib.explain.parts import Largest, Mean, WeightedWindow
from tui.render.bars import bar
from tui.render.cells import Grid
from tui.render.format import fit
from tui.render.number_tables import Sheet, Table, figure, tables_of
from tui.render.tables import window
from tui.render.terms import signed


def weighted_window(parts: WeightedWindow, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    channel, row, column = spot
    grid = Grid.blank(sheet.width, sheet.height)
    palette = sheet.palette
    region = parts.sources[0]
    ahead = region.at(*spot)
    under = "a zero of the padding" if ahead is None else f"row {ahead.row}, column {ahead.column}"
    head = f"channel {region.channels[channel]} of {region.layer}"
    if len(parts.patch) > 1:
        head += f" ({channel + 1} of {len(parts.patch)})"
    dot = "·" if sheet.terminal.unicode else "."
    grid.put(0, 0, fit(f"{head}; [ ] is {under}", sheet.width), fg=palette.accent)
    sums = _sums(parts, channel)
    spare = sheet.height - 1
    times = "×" if sheet.terminal.unicode else "x"
    tables = [
        Table("patch", parts.patch[channel], "grey", ~parts.inside, dot),
        Table(f"{times} kernel", parts.kernel[channel], "diverging"),
        Table("= products", parts.products[channel], "diverging"),
    ]
    drawn, beside = tables_of(tables, (row, column), sheet.width, max(spare - len(sums), 2), sheet)
    gap = 1 if spare > drawn.height + len(sums) + 1 else 0
    grid.paste(drawn, 0, 1 + gap)
    many = len(parts.channel_sums) > 1
    free = (sheet.width - beside.x, beside.high)  # the place of the fourth table
    corner = many and free[0] >= 24 and free[1] >= 3
    if corner:
        grid.paste(_channel_bars(parts, channel, *free, sheet), beside.x, 1 + gap + beside.y)
    for y, (text, ink, bold) in enumerate(sums, start=1 + gap + drawn.height + gap):
        fg = palette.text if ink else palette.muted
        grid.put(0, y, fit(text, sheet.width), fg=fg, bold=bold)
    rest = 1 + gap + drawn.height + gap + len(sums)
    if sheet.height - rest > 3 and many and not corner:
        bars = _channel_bars(parts, channel, sheet.width, sheet.height - rest - 1, sheet)
        grid.paste(bars, 0, rest + 1)
    return grid


def _sums(parts: WeightedWindow, channel: int) -> list[tuple[str, bool, bool]]:
    """(text, in the colour of text, bold) of the lines below the tables."""
    names = parts.sources[0].channels
    lines = []
    terms = []
    if len(parts.patch) > 1:
        own = figure(float(parts.channel_sums[channel]))
        lines.append((f"sum of the products of channel {names[channel]}: {own}", True, False))
        whole = figure(float(parts.channel_sums.sum()))
        terms.append(f"{whole} of all {len(parts.patch)} channels")
    else:
        terms.append(f"{figure(float(parts.channel_sums[0]))} sum of the products")
    if parts.bias is not None:
        terms.append(signed(parts.bias, "bias"))
    lines.append((f"{' '.join(terms)} = {figure(parts.value)}", True, True))
    return lines


def _channel_bars(
    parts: WeightedWindow, channel: int, width: int, height: int, sheet: Sheet
) -> Grid:
    """The sums of all channels as bars, in columns; the part round the cursor."""
    palette = sheet.palette
    sums = parts.channel_sums
    columns = max(min(width // 30, -(-len(sums) // height)), 1)
    wide = (width - 2 * (columns - 1)) // columns
    reach = max(float(np.abs(sums).max()), 1e-30)
    first = window(channel, 0, len(sums), columns * height)
    grid = Grid.blank(width, height)
    digits = max(len(str(each)) for each in parts.sources[0].channels)
    for at in range(first, min(first + columns * height, len(sums))):
        x, y = (at - first) // height * (wide + 2), (at - first) % height
        value = float(sums[at])
        ink = palette.accent if at == channel else palette.muted
        mark = ">" if at == channel else " "
        label = f"{mark}{parts.sources[0].channels[at]:>{digits}} {figure(value):>8} "
        grid.put(x, y, label, fg=ink, bold=at == channel)
        shade = palette.train if value >= 0 else palette.valid
        room = wide - len(label)
        grid.put(x + len(label), y, bar(abs(value) / reach, room, sheet.terminal), fg=shade)
    return grid


def largest(parts: Largest, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    rows, columns = parts.window.shape
    place = parts.winner_place
    return _one_window(
        Table(f"{rows}x{columns} window of {place.layer}", parts.window, "grey"),
        spot,
        f"{figure(parts.value)} wins: row {place.row}, column {place.column} of {place.layer}",
        sheet,
    )


def mean(parts: Mean, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    rows, columns = parts.window.shape
    return _one_window(
        Table(f"{rows}x{columns} window of {parts.sources[0].layer}", parts.window, "grey"),
        spot,
        f"sum {figure(parts.total)} / {parts.count} = {figure(parts.value)}",
        sheet,
    )


def _one_window(each: Table, spot: tuple[int, int, int], verdict: str, sheet: Sheet) -> Grid:
    grid = Grid.blank(sheet.width, sheet.height)
    drawn, _ = tables_of([each], spot[1:], sheet.width, max(sheet.height - 3, 2), sheet)
    grid.paste(drawn, 0, 1)
    grid.put(0, drawn.height + 2, fit(verdict, sheet.width), bold=True)
    return grid
