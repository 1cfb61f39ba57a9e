"""Tables of numbers on the shades that a picture of them would have, with a cursor.

Tables of one size stand beside one another where there is room, else below one another; the part
round the cursor where even that is too much. Numbers are rounded alike within a table. What is
absent, such as a zero of the padding, is a dot. The number under the cursor stands in brackets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui.render.cells import DEFAULT, Grid
from tui.render.format import fit
from tui.render.palette import DARK, Palette, ink_on
from tui.render.shades import Scale, Shades, colours_of
from tui.render.tables import window
from tui.terminal.abilities import Terminal

WAYS = ((7, 3), (6, 3), (7, 2), (6, 2), (5, 3), (7, 1), (6, 1), (5, 2), (5, 1))
"""Characters that a number may take and tables beside one another, the best first."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """Where the arithmetic is drawn, and how."""

    width: int
    height: int
    terminal: Terminal
    palette: Palette = DARK


def figure(value: float) -> str:
    """A number with four decimals, or four significant digits where those would say nothing."""
    if not math.isfinite(value):
        return "-"
    if value == 0:
        return "0.0000"  # of -0.0 too
    if 5e-5 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.3g}"


@dataclass(frozen=True, eq=False)
class Table:
    title: str
    values: Numbers
    shades: Shades
    absent: NDArray[np.bool_] | None = None
    dot: str = ""


class Corner(NamedTuple):
    x: int
    y: int
    high: int


def numbers(values: Numbers, spot: tuple[int, int], sheet: Sheet) -> Grid:
    """The numbers of a map round the one under the cursor."""
    return tables_of([Table("numbers", values, "grey")], spot, sheet.width, sheet.height, sheet)[0]


def tables_of(
    tables: Sequence[Table], spot: tuple[int, ...], width: int, height: int, sheet: Sheet
) -> tuple[Grid, Corner]:
    """Tables of equal size, beside one another or below, as well as they fit.

    Also says where there is room for one more, beside the last.
    """
    rows, columns = tables[0].values.shape
    gap, height = 3, max(height, 2)
    for digits, across in WAYS:
        across = min(across, len(tables))
        wide = columns * (digits + 1) + 1
        down = -(-len(tables) // across)
        if across * wide + (across - 1) * gap <= width and down * (rows + 1) <= height:
            seen_rows, seen_columns = rows, columns
            break
    else:  # the part round the cursor, beside one another
        digits, across, down = WAYS[-1][0], len(tables), 1
        room = (width - (across - 1) * gap) // across
        seen_columns = max(min((room - 1) // (digits + 1), columns), 1)
        seen_rows = max(min(height - 1, rows), 1)
    wide = seen_columns * (digits + 1) + 1
    top = window(min(spot[0] + seen_rows // 2, rows - 1), 0, rows, seen_rows)
    left = window(min(spot[1] + seen_columns // 2, columns - 1), 0, columns, seen_columns)
    grid = Grid.blank(width, down * (seen_rows + 1))
    for at, each in enumerate(tables):
        x, y = at % across * (wide + gap), at // across * (seen_rows + 1)
        title = each.title
        if (seen_rows, seen_columns) != (rows, columns):
            title += f" {rows}x{columns}"
        grid.put(x + 1, y, fit(title, wide), fg=sheet.palette.muted)
        part = (slice(top, top + seen_rows), slice(left, left + seen_columns))
        picture = _figures(each, part, digits, sheet)
        grid.paste(picture, x, y + 1)
        _bracket(grid, x + (spot[1] - left) * (digits + 1), y + 1 + spot[0] - top, digits, sheet)
    last = len(tables) % across
    x, y = last * (wide + gap), (down - 1) * (seen_rows + 1)
    return grid, Corner(x + 2, y + 1, seen_rows) if last else Corner(width, y, 0)


def _figures(each: Table, part: tuple[slice, slice], digits: int, sheet: Sheet) -> Grid:
    """The numbers of a part of a table, on the shades that a picture of them would have."""
    values = each.values[part]
    grid = Grid.blank(values.shape[1] * (digits + 1) + 1, values.shape[0])
    decimals = decimals_for(each.values, digits)
    scale = Scale.of(each.values, symmetric=each.shades == "diverging")
    shades = colours_of(scale.place(values), each.shades, sheet.terminal.colours)
    tinted = sheet.terminal.colours > 16 and sheet.terminal.glyphs == "half"
    absent = each.absent[part] if each.absent is not None else np.zeros(values.shape, bool)
    for (y, x), value in np.ndenumerate(values):
        bg = int(shades[y, x]) if tinted and not absent[y, x] else DEFAULT
        fg = ink_on(bg) if bg != DEFAULT else sheet.palette.text
        text = each.dot if absent[y, x] else fixed(float(value), digits, decimals)
        ink = sheet.palette.muted if absent[y, x] else fg
        grid.put(x * (digits + 1), y, f"{text:>{digits + 1}}", fg=ink, bg=bg)
    return grid


def _bracket(grid: Grid, x: int, y: int, digits: int, sheet: Sheet) -> None:
    """Brackets round a number: in the space before it, and in the one before the next."""
    for at, sign in ((x, "["), (x + digits + 1, "]")):
        if at < grid.width:
            bg = int(grid.bg[y, at])
            ink = sheet.palette.accent if bg == DEFAULT else ink_on(bg)
            grid.put(at, y, sign, fg=ink, bg=bg, bold=True)
    grid.bold[y, x : x + digits + 2] = True


def decimals_for(values: Numbers, width: int) -> int:
    """How many decimals (up to four) all of some numbers can have in ``width`` characters."""
    finite = values[np.isfinite(values)]
    for decimals in (4, 3, 2, 1):
        if all(len(fixed(float(v), 99, decimals, width < 7)) <= width for v in _ends(finite)):
            return decimals
    return 0


def _ends(values: Numbers) -> tuple[float, ...]:
    return (float(values.min()), float(values.max())) if values.size else ()


def fixed(value: float, width: int, decimals: int, short: bool | None = None) -> str:
    """A number with so many decimals; without the zero before the point where places are few."""
    if not math.isfinite(value):
        return "-"
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    if width < 7 if short is None else short:
        text = text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
    return text if len(text) <= width else f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-")
