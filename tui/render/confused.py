"""A confusion matrix with words below it: what the cell under the cursor says, and which pairs of
classes are confused most."""

from __future__ import annotations

from tui.following.evaluation import Evaluation, confused
from tui.render import format as say
from tui.render.cells import Grid
from tui.render.matrix import Layout, Mode, confusion
from tui.render.naming import distinct
from tui.render.number_tables import Sheet
from tui.render.tables import ellipsis_of, wrap

MOST_PAIRS = 30


def confusions(
    found: Evaluation, cursor: tuple[int, int], mode: Mode, sheet: Sheet
) -> tuple[Grid, Layout]:
    """The matrix with a cursor, and its legend. Also says where its cells stand."""
    grid = Grid.blank(sheet.width, sheet.height)
    legend = _legend(found, cursor, sheet)
    picture, place = confusion(
        found.scores.matrix,
        found.classes,
        sheet.width,
        max(sheet.height - len(legend) - 1, 2),
        sheet.terminal,
        cursor=cursor,
        mode=mode,
        palette=sheet.palette,
    )
    grid.paste(picture, 0, 0)
    top = min(place.bottom + 1, sheet.height - len(legend))
    for y, (text, ink) in enumerate(legend, start=top):
        grid.put(0, y, text, fg=ink)
    return grid, place


def _legend(found: Evaluation, cursor: tuple[int, int], sheet: Sheet) -> list[tuple[str, int]]:
    row, column = cursor
    ellipsis, matrix = ellipsis_of(sheet.terminal), found.scores.matrix
    room = max((sheet.width - len(" taken for : 1000 of 1000 (99.0%)")) // 2, 4)
    names = distinct(found.classes, room, ellipsis=ellipsis)
    value, whole = int(matrix[row, column]), int(matrix[row].sum())
    verdict = "right" if row == column else f"taken for {names[column]}"
    share = say.percent(value / whole) if whole else say.NOTHING
    first = f"{names[row]} {verdict}: {value} of {whole} ({share})"
    arrow = "→" if sheet.terminal.unicode else ">"
    pairs = [f"{names[r]}{arrow}{names[c]}:{matrix[r, c]}" for r, c in confused(matrix)]
    words = f"most confused: {', '.join(pairs[:MOST_PAIRS])}" if pairs else "nothing is confused"
    spare = sheet.height - len(names) - 2
    lines = wrap(words, sheet.width)[: min(max(spare - 1, 1), 3)]
    return [(first, sheet.palette.text), *((line, sheet.palette.muted) for line in lines)]
