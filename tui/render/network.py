"""A network that is being typed, as cells: its layers with shapes and costs, what is wrong with it,
and what could stand at the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlib.checking import Check
from tui.drafting.completing import Choice
from tui.render import format as say
from tui.render.bars import bar
from tui.render.cells import Grid
from tui.render.number_tables import Sheet
from tui.render.tables import Cell, Column, note, table, window, wrap

WORDS = 48
"""Columns that the words of a layer take."""


def layer_table(found: Check, here: int, first: int, sheet: Sheet) -> tuple[Grid, int]:
    """A row for each layer that could be followed, that of line ``here`` brighter; their total.

    ``first`` is the row that stood first the last time; returned is the one that does now.
    """
    palette, width, height = sheet.palette, sheet.width, sheet.height
    if not found.rows:
        text = "No layer can be followed yet. P chooses a known network."
        return note(text, width, height, fg=palette.muted), 0
    columns = [
        Column("", "right", keep=60),
        Column("layer", keep=90),
        Column("output"),
        Column("params", "right"),
        Column("mult-adds" if width > 40 else "MACs", "right", keep=80),
    ]
    room = min(width - WORDS, 40)  # for bars that show which layers cost most
    if room >= 8:
        columns.append(Column("where the work is"))
    most = max(*(row.multiply_adds for row in found.rows), 1)
    rows: list[list[str | Cell]] = []
    for row in found.rows:
        lit = row.line == here
        figures = (say.short_count(row.parameters), say.short_count(row.multiply_adds))
        words = (str(row.line), row.name, say.shape(row.output_shape), *figures)
        rows.append([Cell(word, palette.accent if lit else -1, lit) for word in words])
        if room >= 8:
            share = bar(row.multiply_adds / most, room, sheet.terminal)
            rows[-1].append(Cell(share, palette.train))
    total: list[str | Cell] = [
        "",
        "total",
        say.shape(found.rows[-1].output_shape),
        say.short_count(found.parameters),
        say.short_count(found.multiply_adds),
        *([""] if room >= 8 else []),
    ]
    at = max((i for i, row in enumerate(found.rows) if row.line <= here), default=0)
    visible = max(height - 2, 1)
    first = window(at, first, len(rows), visible)
    shown = [*rows[first : first + visible], total]
    grid = table(columns, shown, width, height, sheet.terminal, palette=palette)
    bottom = min(len(shown), height - 1)
    grid.fill((0, bottom, width, 1), fg=palette.text)
    grid.bold[bottom, :] = True
    return grid, first


def problem_list(found: Check, sheet: Sheet) -> Grid:
    """What is wrong, where, and how to mend it."""
    grid, y = Grid.blank(sheet.width, sheet.height), 0
    for problem in found.diagnostics:
        ink = sheet.palette.bad if problem.severity == "error" else sheet.palette.warn
        for line in wrap(say.plain(str(problem), sheet.terminal), sheet.width):
            grid.put(0, y, line, fg=ink)
            y += 1
    return grid


def remarks(lines: Sequence[str], sheet: Sheet) -> Grid:
    """Quiet words below one another."""
    grid = Grid.blank(sheet.width, sheet.height)
    wrapped = [line for text in lines for line in wrap(text, sheet.width)]
    for y, line in enumerate(wrapped):
        grid.put(0, y, line, fg=sheet.palette.muted)
    return grid


def choice_list(choices: Sequence[Choice], at: int, sheet: Sheet) -> Grid:
    """What Tab would put at the cursor, and what each of it means; ``at``: which stands there."""
    rows = [(choice.text, choice.about) for choice in choices]
    return table(
        [Column("", keep=100), Column("", stretch=True, keep=90)],
        rows,
        sheet.width,
        sheet.height,
        sheet.terminal,
        first=window(max(at, 0), 0, len(rows), sheet.height),
        selected=at,
        palette=sheet.palette,
        head=False,
    )
