"""How much each setting matters, as bars; or what is missing to say so."""

from __future__ import annotations

from collections.abc import Mapping

from tui.render.bars import Bar, bars
from tui.render.cells import Grid
from tui.render.format import percent
from tui.render.number_tables import Sheet
from tui.render.sweep import words
from tui.render.tables import note

METHOD = "of the differences between finished trials, by PED-ANOVA"


def importances(shares: Mapping[str, float], missing: str, sheet: Sheet) -> Grid:
    """Bars of shares, the greatest first; without any the words for what is missing."""
    palette = sheet.palette
    if not shares:
        return note(missing, sheet.width, sheet.height, fg=palette.muted)
    grid = Grid.blank(sheet.width, sheet.height)
    greatest = max(shares.values()) or 1.0
    lines = [
        Bar(name, share / greatest, percent(share), palette.train)
        for name, share in zip(words.short(list(shares)), shares.values(), strict=True)
    ]
    room = sheet.height - (2 if sheet.height > len(lines) + 1 else 0)
    grid.paste(bars(lines, sheet.width, room, sheet.terminal), 0, 0)
    if room < sheet.height:
        grid.put(0, min(len(lines) + 1, sheet.height - 1), METHOD, palette.muted)
    return grid
