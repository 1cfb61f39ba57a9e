"""The arithmetic of one number, laid out: what it is, what made it, and what became of it.

The part in the middle is that of a window (`tui.render.windows`) or of a few numbers
(`tui.render.terms`). The number under the cursor stands in brackets, or behind a ``>``.
"""

from __future__ import annotations

from collections.abc import Sequence

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
from tui.render.cells import DEFAULT, Grid, text_width
from tui.render.format import fit, plain
from tui.render.number_tables import Sheet, figure
from tui.render.tables import ellipsis_of
from tui.render.terms import applied, named_numbers, normalized, pixel, summed, weighted_sum
from tui.render.windows import largest, mean, weighted_window


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
    place = Sheet(sheet.width, max(sheet.height - 2 - len(tail), 0), sheet.terminal, palette)
    body = _body(parts, spot, place)
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


def _body(parts: Arithmetic, spot: tuple[int, int, int], sheet: Sheet) -> Grid:
    match parts:
        case WeightedWindow():
            return weighted_window(parts, spot, sheet)
        case Largest():
            return largest(parts, spot, sheet)
        case Mean():
            return mean(parts, spot, sheet)
        case WeightedSum():
            return weighted_sum(parts, spot, sheet)
        case Normalized():
            return normalized(parts, spot, sheet)
        case Summed():
            return summed(parts, spot, sheet)
        case Applied() | Copied():
            return applied(parts, spot, sheet)
        case Pixel():
            return pixel(parts, spot, sheet)
    return named_numbers([("", figure(parts.value))], None, sheet)
