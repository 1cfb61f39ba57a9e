"""The scores of a network as cells: the figures of all classes together, and a row for each."""

from __future__ import annotations

import numpy as np

from cnnlib.explain import CorrectedAccuracy
from tui.following.evaluation import Evaluation
from tui.render import format as say
from tui.render.cells import Grid
from tui.render.naming import distinct
from tui.render.number_tables import Sheet
from tui.render.tables import Cell, Column, ellipsis_of, facts, table, window

HIGH = 24
"""Rows from which on there is room for words too."""
HIGHER = 36
"""Rows from which on there is room for more figures."""


def scores(
    found: Evaluation,
    corrected: CorrectedAccuracy | None,
    chosen: int,
    first: int,
    sheet: Sheet,
) -> tuple[Grid, int]:
    """Figures, and below them the classes round the ``chosen`` one.

    ``first`` is the class that stood first the last time; returned is the one that does now.
    """
    grid = Grid.blank(sheet.width, sheet.height)
    pairs = _overall(found, corrected, sheet)
    overall = facts(pairs, sheet.width, len(pairs), sheet.terminal, palette=sheet.palette)
    grid.paste(overall, 0, 0)
    classes = len(found.scores.support)
    top = len(pairs) + (1 if sheet.height > classes + len(pairs) + 3 else 0)
    first = window(chosen, first, classes, max(sheet.height - top - 3, 1))
    room = Sheet(sheet.width, sheet.height - top, sheet.terminal, sheet.palette)
    grid.paste(_per_class(found, chosen, first, room), 0, top)
    return grid, first


def _overall(
    found: Evaluation, corrected: CorrectedAccuracy | None, sheet: Sheet
) -> list[tuple[str, str | Cell]]:
    scores, palette = found.scores, sheet.palette
    low, high = scores.accuracy_interval
    pairs: list[tuple[str, str | Cell]] = [
        ("accuracy", Cell(say.percent(scores.accuracy, 2), palette.accent, True)),
        ("95%", f"{say.percent(low, 2)[:-1]}-{say.percent(high, 2)}"),
    ]
    if corrected is not None:
        pairs.append(("corrected", Cell(say.percent(corrected.accuracy, 2), bold=True)))
        if sheet.height >= HIGH:
            pairs.append(("", f"{len(corrected.fixed)} label errors fixed"))
            pairs.append(("", f"{len(corrected.dropped)} left out"))
    pairs.append(("right", f"{int(scores.matrix.trace())}/{scores.examples}"))
    pairs.append(("loss", say.number(found.loss, 4)))
    if found.calibration is not None and sheet.height >= HIGH:
        pairs.append(("calibration error", say.number(found.calibration.error, 4)))
    if sheet.height >= HIGHER:
        among = [(f"truth among first {k}", share) for k, share in found.top_k.items()]
        pairs += [(name, say.percent(share, 2)) for name, share in among]
    return pairs


def _per_class(found: Evaluation, chosen: int, first: int, sheet: Sheet) -> Grid:
    """Precision, recall and F1 of the classes from ``first`` on, and their means below."""
    scores, palette, width = found.scores, sheet.palette, sheet.width
    narrow = width < 30  # short names keep the figures in their columns
    columns = [
        Column("" if narrow else "class", stretch=True),
        Column("prec", "right"),
        Column("rec", "right"),
        Column("f1", "right"),
        Column("n", "right", keep=50),
    ]
    worst = int(np.argmin(np.where(scores.support > 0, scores.f1, np.inf)))
    room = width - len(columns) + 1 - 3 * 4 - max(1, *(len(str(n)) for n in scores.support))
    names = distinct(found.classes, max(room, 3), ellipsis=ellipsis_of(sheet.terminal))
    rows: list[list[str | Cell]] = []
    for i, name in enumerate(names):
        ink = palette.warn if i == worst and scores.f1[i] < 1.0 else -1
        values = [scores.precision[i], scores.recall[i], scores.f1[i]]
        cells = [Cell(say.probability(float(value)), ink) for value in values]
        here = i == chosen
        rows.append([Cell(name, palette.accent if here else ink, here), *cells])
        rows[-1].append(str(int(scores.support[i])))
    averages = (
        ("mac" if narrow else "macro", scores.macro),
        ("wgt" if narrow else "weighted", scores.weighted),
    )
    for name, each in averages:
        means = (each.precision, each.recall, each.f1)
        rows.append([Cell(name, palette.muted), *map(say.probability, means), ""])
    classes, tail = rows[: -len(averages)], rows[-len(averages) :]
    seen = max(sheet.height - 1 - len(tail), 1)
    shown = [*classes[first : first + seen], *tail]
    return table(columns, shown, width, sheet.height, sheet.terminal, palette=palette)
