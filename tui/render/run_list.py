"""The list of runs as cells: a row for each, its name and its figures as the place allows.

A sweep is a row among them, with the number of its trials where a run has that of its epochs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from cnnlib.runs import RunSummary
from tui.render import format as say
from tui.render.cells import Grid, text_width
from tui.render.naming import data_name, is_renamed, run_names
from tui.render.number_tables import Sheet
from tui.render.sweep.row import SweepRow
from tui.render.tables import Cell, Column, ellipsis_of, table

WIDE = 110
"""Cells from which on the list has room for the networks."""
NARROW = 70
"""Cells below which it has none for the day of a run and its data."""


def run_list(
    runs: Sequence[RunSummary], marks: Sequence[str], chosen: int, first: int, sheet: Sheet
) -> Grid:
    """The runs from ``first`` on, the ``chosen`` one marked.

    Where a name does not fit with the day of the start, all rows leave the day out.
    """
    wide, narrow = sheet.width >= WIDE, sheet.width < NARROW
    columns = [
        Column("", keep=90),
        Column("run", stretch=True),
        Column("state"),
        *([] if narrow else [Column("data", keep=40)]),
        Column("epochs", "right", keep=60),
        Column("valid", "right"),
        Column("test", "right", keep=80),
        Column("time", "right", keep=50),
        *([Column("network", stretch=True)] if wide else []),
    ]
    told = [_names(run) for run in runs]
    rest = [_figures(run, sheet, wide=wide, narrow=narrow) for run in runs]
    whole = [
        [Cell(mark, sheet.palette.accent), names[0], *cells]
        for mark, names, cells in zip(marks, told, rest, strict=True)
    ]
    brief = [[row[0], names[1], *row[2:]] for row, names in zip(whole, told, strict=True)]
    fits = wide or _needed(columns, whole) <= sheet.width
    return table(
        columns,
        brief if narrow or not fits else whole,
        sheet.width,
        sheet.height,
        sheet.terminal,
        first=first,
        selected=chosen,
        palette=sheet.palette,
    )


def _names(run: RunSummary) -> tuple[str, str, str]:
    return (run.label,) * 3 if isinstance(run, SweepRow) else run_names(run.id, run.name)


def _figures(run: RunSummary, sheet: Sheet, *, wide: bool, narrow: bool) -> list[str | Cell]:
    palette, terminal = sheet.palette, sheet.terminal
    ink = {"damaged": palette.bad, "failed": palette.bad, "diverged": palette.bad}
    ink |= {"interrupted": palette.warn, "training": palette.good, "paused": palette.warn}
    ink |= {"running": palette.good, "silent": palette.warn}
    state = state_word(run)
    return [
        Cell(state, ink.get(state, palette.text)),
        *([] if narrow else [data_name(run.data, ellipsis=ellipsis_of(terminal))]),
        f"{run.epoch}/{run.epochs}" if run.epochs else say.NOTHING,
        say.percent(run.valid_accuracy, 2),
        say.percent(run.test_accuracy, 2),
        say.duration(run.seconds) if run.seconds else say.NOTHING,
        *([say.plain(run.architecture, terminal)] if wide else []),
    ]


def _needed(columns: Sequence[Column], rows: Sequence[Sequence[str | Cell]]) -> int:
    """The cells that a table of these takes, with its mark and single gaps."""
    texts = [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in rows]
    texts.append([column.title for column in columns])
    return (
        2
        + len(columns)
        - 1
        + sum(max(map(text_width, column)) for column in zip(*texts, strict=True))
    )


def state_word(run: RunSummary) -> str:
    """The state in the word that the other panes use; a sweep runs, and its runs train."""
    trains = run.state == "running" and not isinstance(run, SweepRow)
    return "training" if trains else run.state


def run_facts(run: RunSummary, sheet: Sheet) -> list[tuple[str, str]]:
    """Names and what they are, for the part below the list."""
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
    accuracy = f"validation {say.percent(run.valid_accuracy, 2)}"
    if run.test_accuracy is not None:
        accuracy += f", test {say.percent(run.test_accuracy, 2)}"
    name = run.name if is_renamed(run.id, run.name) else ""
    named = " ".join([*filter(None, [name]), *(f"#{tag}" for tag in run.tags)])
    return [
        *([("name", named)] if named else []),
        *([("note", run.note)] if run.note else []),
        ("network", say.plain(run.architecture, sheet.terminal)),
        ("data", run.data),
        ("state", f"{state_word(run)}, epoch {run.epoch} of {run.epochs or '?'}"),
        ("accuracy", accuracy),
        ("started", f"{started}, trained for {say.duration(run.seconds)}"),
        ("directory", str(run.path)),
    ]
