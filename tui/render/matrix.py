"""A confusion matrix as a heat map of figures, with a cursor that walks it.

Rows are the truth, columns what was predicted. The diagonal is blue by the share of its class that
was right; elsewhere orange by the share of the largest mistake. A cell without examples is a dot.
The cell under the cursor stands in brackets, so that it is found without colours too. What does
not fit is reached by the cursor: the part around it is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tui.render.cells import DEFAULT, Grid, text_width
from tui.render.format import fit
from tui.render.naming import distinct, numbered, short_names
from tui.render.palette import DARK, Palette, ink_on
from tui.render.tables import ellipsis_of, window
from tui.terminal.abilities import Terminal

Mode = Literal["counts", "rows", "columns"]

_DARK_RIGHT = (0x262626, 0x00005F, 0x005F5F, 0x005F87, 0x0087AF)
_DARK_WRONG = (0x3A3A3A, 0x5F0000, 0x870000, 0xAF5F00, 0xD75F00, 0xFF8700)
_LIGHT_RIGHT = (0xE4E4E4, 0xD7FFFF, 0xD7FFFF, 0xAFD7FF, 0x87AFFF)
_LIGHT_WRONG = (0xE4E4E4, 0xFFFFD7, 0xFFD7AF, 0xFFAF5F, 0xFF875F, 0xD75F00)


@dataclass(frozen=True)
class Layout:
    """Where the cells of a matrix stand: what is seen, and how large a cell is."""

    labels: int
    cell_width: int
    cell_height: int
    rows: range
    columns: range

    @property
    def bottom(self) -> int:
        """The first row of cells below the matrix."""
        return 1 + len(self.rows) * self.cell_height

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """The (row, column) of the matrix that is drawn there, if one is."""
        row, column = (y - 1) // self.cell_height, (x - self.labels) // self.cell_width
        if not (0 <= row < len(self.rows) and 0 <= column < len(self.columns)):
            return None
        return self.rows[row], self.columns[column]


def shares(counts: NDArray[np.integer], mode: Mode) -> NDArray[np.float64]:
    """Each cell as a share of its row (``rows``), of its column, or the counts themselves.

    A row or column without examples has no shares: NaN.
    """
    values = counts.astype(np.float64)
    if mode == "counts":
        return values
    whole = values.sum(axis=1 if mode == "rows" else 0, keepdims=True)
    result = np.full_like(values, np.nan)
    np.divide(values, whole, out=result, where=whole > 0)
    return result


def layout(
    names: Sequence[str],
    figures: Sequence[Sequence[str]],
    width: int,
    height: int,
    cursor: tuple[int, int],
) -> Layout:
    """Cells as generous as the place allows, and the part around ``cursor`` where it is small."""
    classes = len(names)
    labels = min(max(text_width(name) for name in names), max(width // 5, 1)) + 1
    digits = max(len(text) for row in figures for text in row)
    cell_width = max(digits + 1, len(str(classes - 1)) + 1, 3)
    roomy = (width - labels) // classes
    cell_width = min(max(cell_width, roomy), max(cell_width, 11))
    cell_height = min(max((height - 1) // classes, 1), 3 if cell_width >= 6 else 2)
    across = max(min((width - labels) // cell_width, classes), 1)
    down = max(min((height - 1) // cell_height, classes), 1)
    left = window(min(cursor[1] + across // 2, classes - 1), 0, classes, across)
    top = window(min(cursor[0] + down // 2, classes - 1), 0, classes, down)
    return Layout(
        labels, cell_width, cell_height, range(top, top + down), range(left, left + across)
    )


def confusion(
    counts: NDArray[np.integer],
    names: Sequence[str],
    width: int,
    height: int,
    terminal: Terminal,
    *,
    cursor: tuple[int, int] | None = None,
    mode: Mode = "counts",
    palette: Palette = DARK,
) -> tuple[Grid, Layout]:
    """The matrix ``counts`` (classes x classes, rows truth) in ``width`` by ``height`` cells.

    ``cursor`` is (row, column). With ``mode`` the figures are counts, or whole percentages of the
    row or of the column. Also says where its cells stand.
    """
    grid = Grid.blank(width, height)
    if not len(names) or width < 4 or height < 2:
        return grid, Layout(0, 1, 1, range(0), range(0))
    names = short_names(names)
    figures = _figures(counts, mode, "·" if terminal.unicode else ".")
    place = layout(names, figures, width, height, cursor or (0, 0))
    heads = distinct(names, place.cell_width - 1)
    if heads == [str(i) for i in range(len(names))] != names:
        names = numbered(names)
        place = layout(names, figures, width, height, cursor or (0, 0))
    ellipsis = ellipsis_of(terminal)
    labels = distinct(names, place.labels - 1, ellipsis=ellipsis)
    heat = _heat(counts, terminal, palette)
    wide, high = place.cell_width, place.cell_height
    for x, column in enumerate(place.columns):
        lit = cursor is not None and cursor[1] == column
        grid.put(
            place.labels + x * wide,
            0,
            _centred(fit(heads[column], wide - 1).strip(), wide),
            fg=palette.accent if lit else palette.muted,
            bold=lit,
        )
    for y, row in enumerate(place.rows):
        top = 1 + y * high
        middle = top + (high - 1) // 2
        lit = cursor is not None and cursor[0] == row
        label = fit(labels[row], place.labels - 1, "right")
        grid.put(0, middle, label, fg=palette.accent if lit else palette.muted, bold=lit)
        for x, column in enumerate(place.columns):
            left = place.labels + x * wide
            fg, bg = heat[row][column]
            text = _centred(figures[row][column], wide)
            here = cursor == (row, column)
            if here and bg != DEFAULT:
                fg, bg = palette.on_selected or palette.text, palette.selected
            for line in range(top, min(top + high, height)):
                grid.put(left, line, text if line == middle else " " * wide, fg, bg, bold=here)
    if cursor is not None and cursor[0] in place.rows and cursor[1] in place.columns:
        _bracket(grid, place, cursor, figures[cursor[0]][cursor[1]], palette)
    return grid, place


def _centred(text: str, width: int) -> str:
    """A text in the middle of a cell; in a narrow one at its right, with a space after it."""
    after = max((width - text_width(text)) // 2, 1)
    return fit(text, width - after, "right") + " " * after


def _figures(counts: NDArray[np.integer], mode: Mode, nothing: str) -> list[list[str]]:
    values = shares(counts, mode)
    if mode == "counts":
        return [[str(int(value)) if value else nothing for value in row] for row in values]
    return [[nothing if not value > 0 else f"{100 * value:.0f}" for value in row] for row in values]


def _bracket(
    grid: Grid, place: Layout, cursor: tuple[int, int], figure: str, palette: Palette
) -> None:
    """Brackets round the figure under the cursor, in the spaces that stand there anyway."""
    y = 1 + place.rows.index(cursor[0]) * place.cell_height + (place.cell_height - 1) // 2
    left = place.labels + place.columns.index(cursor[1]) * place.cell_width
    end = left + len(_centred(figure, place.cell_width).rstrip())
    for x, mark in ((end - text_width(figure) - 1, "["), (end, "]")):
        if 0 <= x < grid.width and y < grid.height:
            grid.put(x, y, mark, fg=palette.accent, bg=int(grid.bg[y, x]), bold=True)


def _heat(
    counts: NDArray[np.integer], terminal: Terminal, palette: Palette
) -> list[list[tuple[int, int]]]:
    """Foreground and background of every cell."""
    right = np.nan_to_num(shares(counts, "rows"))
    wrong = counts.astype(np.float64).copy()
    np.fill_diagonal(wrong, 0.0)
    worst = max(float(wrong.max(initial=0.0)), 1.0)
    blues, oranges = (_DARK_RIGHT, _DARK_WRONG) if palette.dark else (_LIGHT_RIGHT, _LIGHT_WRONG)
    colours: list[list[tuple[int, int]]] = []
    for r, row in enumerate(counts):
        line = []
        for c, value in enumerate(row):
            if not value:
                line.append((palette.faint, DEFAULT))
                continue
            share = right[r, c] if r == c else wrong[r, c] / worst
            if terminal.colours <= 16:
                serious = palette.bad if share >= 0.5 else palette.warn
                line.append((palette.good if r == c else serious, DEFAULT))
                continue
            stops = blues if r == c else oranges
            bg = stops[min(int(np.ceil(share * (len(stops) - 1))), len(stops) - 1)]
            line.append((ink_on(bg), bg))
        colours.append(line)
    return colours
