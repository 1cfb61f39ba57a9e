"""The list of mistakes as cells: a row for each, with signs for what is known or noted about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnlib.report import Mistake
from tui.render import format as say
from tui.render.cells import Grid
from tui.render.naming import distinct
from tui.render.number_tables import Sheet
from tui.render.tables import Cell, Column, ellipsis_of, table

WIDE = 54
"""Columns from which on there is room for the probability of the true class."""


def mistake_list(
    mistakes: Sequence[Mistake],
    names: Sequence[str],
    signs_of: Mapping[int, str],
    chosen: int,
    first: int,
    sheet: Sheet,
) -> Grid:
    """The mistakes from ``first`` on, the ``chosen`` one marked.

    ``signs_of`` holds by the number of an image what stands beside it: ``!`` for a wrong label,
    ``*`` for a mark, ``"`` for a note. Where no image has a sign, no column is lost to them.
    """
    signs = max((len(signs_of[m.index]) for m in mistakes if m.index in signs_of), default=0)
    wide = sheet.width >= WIDE
    digits = len(str(max((m.index for m in mistakes), default=0)))
    columns = [
        Column("#", "right"),
        *([Column(" " * signs)] if signs else []),
        Column("true"),
        Column("predicted", stretch=True),
        Column("conf", "right"),
        *([Column("p(true)", "right")] if wide else []),
        Column("loss", "right", keep=50),
    ]
    figures = digits + 4 + 5 + (8 if wide else 0) + (signs + 1 if signs else 0)
    room = (sheet.width - 2 - figures - len(columns)) // 2
    names = distinct(names, max(room, 4), ellipsis=ellipsis_of(sheet.terminal))
    rows: list[list[str | Cell]] = [
        [
            f"{m.index:>{digits}}",
            *([Cell(signs_of.get(m.index, ""), sheet.palette.warn, True)] if signs else []),
            names[m.label],
            names[m.predicted],
            say.probability(m.confidence),
            *([say.probability(m.probabilities[m.label])] if wide else []),
            f"{say.number(m.loss, 2):>5}",
        ]
        for m in mistakes[first : first + max(sheet.height, 1)]
    ]
    return table(
        columns,
        rows,
        sheet.width,
        sheet.height,
        sheet.terminal,
        selected=chosen - first,
        palette=sheet.palette,
    )
