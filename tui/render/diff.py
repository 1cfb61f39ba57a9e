"""Two networks side by side in one list: what both have, what only one has, what that costs."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cnnlib.checking import Check
from tui.render.cells import DEFAULT, Grid
from tui.render.format import count, shape, short_count
from tui.render.palette import DARK, Palette
from tui.render.tables import Cell, Column, facts, table
from tui.terminal.abilities import Terminal


@dataclass(frozen=True)
class Change:
    """A line of one or both texts: " " both have it, "-" only the first, "+" only the second."""

    sign: Literal[" ", "-", "+"]
    text: str
    line: int
    """Its line, from 1, in the second text, or in the first one where only that has it."""


def changes(first: str, second: str) -> list[Change]:
    """The lines of both texts in one list, in order."""
    before, after = first.splitlines(), second.splitlines()
    found: list[Change] = []
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            found += [Change(" ", after[at], at + 1) for at in range(k, m)]
        else:
            found += [Change("-", before[at], at + 1) for at in range(i, j)]
            found += [Change("+", after[at], at + 1) for at in range(k, m)]
    return found


def network_diff(
    found: Sequence[Change],
    first: Check,
    second: Check,
    names: tuple[str, str],
    width: int,
    terminal: Terminal,
    palette: Palette = DARK,
) -> Grid:
    """The list with shapes and parameters, and below it both sums; as high as it needs to be."""
    rows_of = {"-": first, "+": second, " ": second}
    inks = {"-": palette.bad, "+": palette.good, " ": DEFAULT}
    rows: list[list[str | Cell]] = []
    for change in found:
        row = next((r for r in rows_of[change.sign].rows if r.line == change.line), None)
        figures = (shape(row.output_shape), short_count(row.parameters)) if row else ("", "")
        words = (change.sign, change.text, *figures)
        rows.append([Cell(word, inks[change.sign], change.sign != " ") for word in words])
    columns = [
        Column(""),
        Column("layer", stretch=True),
        Column("output", keep=60),
        Column("params", "right"),
    ]
    body = table(columns, rows, width, len(rows) + 1, terminal, palette=palette)
    sums = [
        (f"{sign} {name}", f"{count(check.parameters)} parameters, {_work(check)} mult-adds")
        for sign, name, check in zip("-+", names, (first, second), strict=True)
    ]
    foot = facts(sums, width, 2, terminal, palette=palette)
    grid = Grid.blank(width, body.height + 3)
    grid.paste(body, 0, 0)
    grid.paste(foot, 0, body.height + 1)
    return grid


def _work(check: Check) -> str:
    return short_count(check.multiply_adds)
