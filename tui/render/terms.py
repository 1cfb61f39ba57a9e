"""The arithmetic of a few named numbers as cells: a dense unit, a normalization, a sum, a pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnlib.explain.parts import Applied, Copied, Normalized, Pixel, Summed, WeightedSum
from tui.render.bars import bar
from tui.render.cells import DEFAULT, Grid, text_width
from tui.render.format import count
from tui.render.number_tables import Sheet, figure
from tui.render.tables import Cell, Column, table, window, wrap


def signed(value: float, what: str) -> str:
    """``+ 0.5000 bias`` or ``- 0.5000 bias``."""
    return f"{'-' if value < 0 else '+'} {figure(abs(value))} {what}"


def weighted_sum(parts: WeightedSum, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    palette = sheet.palette
    region = parts.sources[0]
    sides = (len(region.channels), len(region.rows), len(region.columns))
    tail = [signed(parts.rest, f"of {count(parts.rest_count)} others")] * bool(parts.rest_count)
    if parts.bias is not None:
        tail.append(signed(parts.bias, "bias"))
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


def applied(parts: Applied | Copied, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    lines = [
        (f"x, of {parts.sources[0].layer}", figure(parts.x)),
        ("the number", figure(parts.value)),
    ]
    return named_numbers(lines, 0, sheet)


def normalized(parts: Normalized, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
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
    return named_numbers(lines, 0, sheet)


def summed(parts: Summed, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    lines = [
        (f"layers, of {parts.sources[0].layer}", figure(parts.main)),
        (f"shortcut, of {parts.sources[1].layer}", figure(parts.shortcut)),
        ("their sum", figure(parts.value)),
    ]
    return named_numbers(lines, spot[1], sheet)


def pixel(parts: Pixel, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    lines = [("the pixel", figure(parts.value))]
    if parts.byte is not None:
        lines.insert(0, ("the byte in the file", f"{parts.byte} of 255"))
    return named_numbers(lines, None, sheet)


def named_numbers(lines: Sequence[tuple[str, str]], chosen: int | None, sheet: Sheet) -> Grid:
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
