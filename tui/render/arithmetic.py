"""The arithmetic of one number, laid out: what was read, with what weights, and how it adds up.

A window stands as tables of one width: patch, kernel and products beside one another where there
is room, else below one another; the part round the cursor where even that is too much. Numbers are
rounded alike within a table; their sums are those of the numbers behind them. A zero of the
padding is a dot. The number under the cursor stands in brackets.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from cnnlib.explain.parts import (
    Applied,
    Arithmetic,
    Copied,
    Largest,
    Mean,
    Normalized,
    Pixel,
    Summed,
    WeightedSum,
    WeightedWindow,
)
from cnnlib.explain.places import IMAGE, Place
from tui.render.bars import bar
from tui.render.cells import DEFAULT, Grid, text_width
from tui.render.format import count, fit, plain
from tui.render.number_tables import Sheet, Table, figure, tables_of
from tui.render.tables import Cell, Column, ellipsis_of, table, window, wrap


def named(place: Place, features: bool = False) -> str:
    """``conv1 map 3, row 12, column 7``; of features ``dense1 unit 3``."""
    if features:
        return f"{place.layer} unit {place.channel}"
    kind = "channel" if place.layer == IMAGE else "map"
    return f"{place.layer} {kind} {place.channel}, row {place.row}, column {place.column}"


def arithmetic(
    parts: Arithmetic,
    spot: tuple[int, int, int],
    onward: Sequence[Arithmetic],
    sheet: Sheet,
) -> Grid:
    """One number as the parts that made it and what it became.

    ``spot`` is the channel, row and column of the part under the cursor.
    """
    grid = Grid.blank(sheet.width, sheet.height)
    palette, ellipsis = sheet.palette, ellipsis_of(sheet.terminal)
    result = f"= {figure(parts.value)}"
    room = sheet.width - text_width(result) - 1
    features = isinstance(parts, WeightedSum)
    grid.put(0, 0, fit(named(parts.place, features), room, ellipsis=ellipsis).rstrip(), bold=True)
    grid.put(room + 1, 0, result, fg=palette.accent, bold=True)
    rule = f"{parts.layer}: {parts.formula}"
    grid.put(0, 1, fit(rule, sheet.width, ellipsis=ellipsis), fg=palette.muted)
    tail = [plain(line, sheet.terminal) for line in _onward(parts, onward)]
    tail = tail[: max((sheet.height - 8) // 3, 0)]
    room = Sheet(sheet.width, max(sheet.height - 2 - len(tail), 0), sheet.terminal, palette)
    body = _body(parts, spot, room)
    grid.paste(body, 0, 2)
    rows = np.flatnonzero((body.chars != " ").any(axis=1) | (body.bg != DEFAULT).any(axis=1))
    used = 2 + (int(rows[-1]) + 1 if rows.size else 0)
    for y, line in enumerate(tail, start=min(used + 1, sheet.height - len(tail))):
        grid.put(0, y, fit(line, sheet.width, ellipsis=ellipsis), fg=palette.good)
    return grid


def _onward(parts: Arithmetic, onward: Sequence[Arithmetic]) -> list[str]:
    lines = []
    before = parts.place
    for each in onward:
        lines.append(_sentence(each, before))
        before = each.place
    return lines


def _sentence(parts: Arithmetic, before: Place) -> str:
    """What a later layer made of the number at ``before``."""
    where = f"then {parts.place.layer}"
    if isinstance(parts, Largest):
        spot = f"row {parts.place.row}, column {parts.place.column}"
        winner = parts.winner_place
        if winner[1:] == before[1:]:
            return f"{where}: wins the pool of {spot}"
        lost = f"row {winner.row}, column {winner.column} ({figure(parts.value)})"
        return f"{where}: loses the pool of {spot} to {lost}"
    if isinstance(parts, Mean):
        return f"{where}: one of {parts.count} with the mean {figure(parts.value)}"
    return f"{where}: {parts.formula} = {figure(parts.value)}"


@singledispatch
def _body(parts: Arithmetic, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    return _lines([("", f"{figure(parts.value)}")], None, sheet)


# Windows


@_body.register
def _weighted_window(parts: WeightedWindow, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
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
        terms.append(_signed(parts.bias, "bias"))
    lines.append((f"{' '.join(terms)} = {figure(parts.value)}", True, True))
    return lines


def _signed(value: float, what: str) -> str:
    """``+ 0.5000 bias`` or ``- 0.5000 bias``."""
    return f"{'-' if value < 0 else '+'} {figure(abs(value))} {what}"


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


@_body.register
def _largest(parts: Largest, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    rows, columns = parts.window.shape
    place = parts.winner_place
    return _one_window(
        Table(f"{rows}x{columns} window of {place.layer}", parts.window, "grey"),
        spot,
        f"{figure(parts.value)} wins: row {place.row}, column {place.column} of {place.layer}",
        sheet,
    )


@_body.register
def _mean(parts: Mean, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
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


# Lists


@_body.register
def _weighted_sum(parts: WeightedSum, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    palette = sheet.palette
    region = parts.sources[0]
    sides = (len(region.channels), len(region.rows), len(region.columns))
    tail = [_signed(parts.rest, f"of {count(parts.rest_count)} others")] * bool(parts.rest_count)
    if parts.bias is not None:
        tail.append(_signed(parts.bias, "bias"))
    last = f"{figure(float(parts.products.sum()))} of these {' '.join(tail)}"
    last += f" = {figure(parts.value)}"
    lines = wrap(last, sheet.width)
    columns = [
        Column(f"unit of {region.layer}"),
        Column("input", "right"),
        Column("x weight", "right"),
        Column("= product", "right"),
        Column("", keep=50),
    ]
    reach = max(float(np.abs(parts.products).max(initial=0.0)), 1e-30)
    names = [str(unit) for unit in parts.units.tolist()]
    if sides[1:] != (1, 1):
        found = (np.unravel_index(int(unit), sides) for unit in parts.units)
        names = [",".join(str(int(at)) for at in each) for each in found]
    room = max(sheet.width - 50, 6)
    rows: list[list[str | Cell]] = [
        [
            name,
            figure(float(x)),
            figure(float(w)),
            figure(float(p)),
            Cell(
                bar(abs(float(p)) / reach, room, sheet.terminal),
                palette.train if p >= 0 else palette.valid,
            ),
        ]
        for name, x, w, p in zip(names, parts.inputs, parts.weights, parts.products, strict=True)
    ]
    height = max(min(sheet.height - len(lines) - 1, len(rows) + 1), 2)
    first = window(spot[1], 0, len(rows), height - 1)
    grid = Grid.blank(sheet.width, sheet.height)
    drawn = table(
        columns,
        rows,
        sheet.width,
        height,
        sheet.terminal,
        first=first,
        selected=spot[1],
        palette=palette,
    )
    grid.paste(drawn, 0, 0)
    for y, line in enumerate(
        lines, start=height + (1 if sheet.height > height + len(lines) else 0)
    ):
        grid.put(0, y, line, bold=True)
    return grid


@_body.register(Applied)
@_body.register(Copied)
def _applied(parts: Applied | Copied, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    lines = [
        (f"x, of {parts.sources[0].layer}", figure(parts.x)),
        ("the number", figure(parts.value)),
    ]
    return _lines(lines, 0, sheet)


@_body.register
def _normalized(parts: Normalized, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    lines = [
        (f"x, of {parts.sources[0].layer}", figure(parts.x)),
        (f"mean {parts.statistics}", figure(parts.mean)),
        (f"var {parts.statistics}", figure(parts.var)),
        ("eps", f"{parts.eps:g}"),
        ("(x - mean) / sqrt(var + eps)", figure(parts.normalized)),
        ("weight", figure(parts.weight)),
        ("bias", figure(parts.bias)),
        ("weight * that + bias", figure(parts.value)),
    ]
    return _lines(lines, 0, sheet)


@_body.register
def _summed(parts: Summed, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    lines = [
        (f"layers, of {parts.sources[0].layer}", figure(parts.main)),
        (f"shortcut, of {parts.sources[1].layer}", figure(parts.shortcut)),
        ("their sum", figure(parts.value)),
    ]
    return _lines(lines, spot[1], sheet)


@_body.register
def _pixel(parts: Pixel, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    lines = [("the pixel", figure(parts.value))]
    if parts.byte is not None:
        lines.insert(0, ("the byte in the file", f"{parts.byte} of 255"))
    return _lines(lines, None, sheet)


def _lines(lines: Sequence[tuple[str, str]], chosen: int | None, sheet: Sheet) -> Grid:
    """Names and numbers below one another, the one that can be walked to marked."""
    grid = Grid.blank(sheet.width, sheet.height)
    names = max(text_width(name) for name, _ in lines)
    figures = max(text_width(value) for _, value in lines)
    for y, (name, value) in enumerate(lines, start=1):
        here = y - 1 == chosen
        ink = sheet.palette.accent if here else DEFAULT
        grid.put(
            0, y, f"{'>' if here else ' '} {name:<{names}}  {value:>{figures}}", fg=ink, bold=here
        )
    return grid
