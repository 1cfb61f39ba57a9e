"""Parallel coordinates: an upright axis a setting, a line a trial, what it came to at the right.

Inselberg, "The plane with parallel coordinates", The Visual Computer 1, 1985. The best trials are
drawn over the others and the chosen one over all; marks on the axes tell them apart without colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.render.cells import Grid, text_width
from tui.render.dots import DOTS, characters, strokes
from tui.render.format import fit
from tui.render.number_tables import Sheet
from tui.render.sweep import words
from tui.render.sweep.scales import Scale, scales_of
from tui.render.tables import ellipsis_of, note
from tui.sweep.results import leaders
from tui.sweep.view import SweepView

SLOT = 11
"""Cells that an axis needs at the least."""

Places = NDArray[np.float64]


def settings_shown(settings: int, width: int) -> int:
    """How many axes of settings find room beside that of the objective."""
    return max(1, min(settings, width // SLOT - 1))


@dataclass(frozen=True)
class _Box:
    """Where lines are drawn: the axes by their cells, rows below the titles."""

    axes: tuple[int, ...]
    width: int
    top: int
    height: int

    def row(self, place: float) -> int:
        return self.top + round((1.0 - place) * (self.height - 1))


def parallel(view: SweepView, chosen: int | None, first: int, sheet: Sheet) -> Grid:
    """The trials that finished, and the chosen one as far as it is known.

    Args:
        view: the sweep.
        chosen: the number of the trial under the cursor.
        first: the place of the first setting that is drawn, where not all find room.
        sheet: where it is drawn.
    """
    width, height = sheet.width, sheet.height
    ranking = view.ranking()
    if not ranking or not view.names:
        words_ = "Parallel coordinates are drawn of trials that finished."
        return note(words_, width, height, fg=sheet.palette.muted)
    *settings, objective = scales_of(view)
    room = settings_shown(len(settings), width)
    first = max(0, min(first, len(settings) - room))
    scales = [*settings[first : first + room], objective]
    names = view.names[first : first + room]
    tall = height >= 7
    axes = tuple(int((i + 0.5) * width / len(scales)) for i in range(len(scales)))
    top = min(2 if tall else 1, max(height - 1, 0))
    box = _Box(axes, width, top, max(height - top - (1 if tall else 0), 1))

    places = {
        trial.number: [
            *(
                scale.place(trial.parameters[name]) if name in trial.parameters else np.nan
                for scale, name in zip(scales, names, strict=False)
            ),
            objective.place(trial.value) if trial.state == "finished" else np.nan,
        ]
        for trial in (each.trial for each in view.trials)
    }
    best = [trial.number for trial in leaders(ranking)]
    others = [trial.number for trial in ranking if trial.number not in best]
    grid = Grid.blank(width, height)
    _lines(grid, box, [places[number] for number in others], sheet, "other")
    _lines(grid, box, [places[number] for number in best], sheet, "best")
    if chosen in places:
        _lines(grid, box, [places[chosen]], sheet, "chosen")
    _axes(grid, box, scales, sheet, labelled=tall)
    _marks(grid, box, [places[number] for number in best], sheet, "best")
    if chosen in places:
        _marks(grid, box, [places[chosen]], sheet, "chosen")
    return grid


def _lines(
    grid: Grid, box: _Box, places: Sequence[Sequence[float]], sheet: Sheet, kind: str
) -> None:
    if not places:
        return
    marker = sheet.terminal.marker
    across, down = DOTS[marker]
    columns = [axis * across for axis in box.axes]
    dots = strokes(np.array(places), columns, box.width * across, box.height * down)
    if kind == "other" and not sheet.terminal.colours:  # else they look like the best ones
        dots[:, np.arange(dots.shape[1]) % 3 != 0] = False
    sign = {"other": ".", "best": "*", "chosen": "#"}[kind]
    drawn = characters(dots, marker, sign)[: max(grid.height - box.top, 0)]
    here = slice(box.top, box.top + len(drawn))
    inked = drawn != ord(" ")
    grid.chars[here][inked] = drawn.view("<U1")[inked]  # over what is there, never joined to it
    grid.fg[here][inked] = _ink(kind, sheet)


def _ink(kind: str, sheet: Sheet) -> int:
    palette = sheet.palette
    return {"other": palette.faint, "best": palette.valid, "chosen": palette.accent}[kind]


def _axes(grid: Grid, box: _Box, scales: Sequence[Scale], sheet: Sheet, *, labelled: bool) -> None:
    palette, slot = sheet.palette, max(box.width // len(scales) - 1, 1)
    upright = "│" if sheet.terminal.unicode else "|"
    for x, scale in zip(box.axes, scales, strict=True):
        for y in range(box.top, box.top + box.height):
            if grid.chars[y, x] == " ":
                grid.put(x, y, upright, palette.border)
        _centred(grid, x, 0, scale.title, slot, sheet, palette.text)
        if labelled:
            _centred(grid, x, 1, scale.head, slot, sheet, palette.muted)
            _centred(grid, x, grid.height - 1, scale.foot, slot, sheet, palette.muted)
        if scale.kind == "steps":
            _steps(grid, box, x, scale, sheet, slot)


def _steps(grid: Grid, box: _Box, x: int, scale: Scale, sheet: Sheet, slot: int) -> None:
    """The values beside their axis, as far as they have rows of their own."""
    if len(scale.steps) > box.height:
        return
    for step in scale.steps:
        text = words.setting(step)
        room = min(slot - slot // 2 - 1, grid.width - x - 2)
        shown = fit(text, min(room, text_width(text)), ellipsis=ellipsis_of(sheet.terminal))
        grid.put(x + 2, box.row(scale.place(step)), shown, sheet.palette.muted)


def _centred(grid: Grid, x: int, y: int, text: str, room: int, sheet: Sheet, colour: int) -> None:
    text = fit(text, min(room, text_width(text)), ellipsis=ellipsis_of(sheet.terminal))
    start = min(max(x - text_width(text) // 2, 0), max(grid.width - text_width(text), 0))
    grid.put(start, y, text, colour)


def _marks(
    grid: Grid, box: _Box, places: Sequence[Sequence[float]], sheet: Sheet, kind: str
) -> None:
    """Where the lines cross the axes."""
    signs = {"best": ("○", "o"), "chosen": ("●", "@")}[kind]
    sign = signs[0 if sheet.terminal.unicode else 1]
    for line in places:
        for x, place in zip(box.axes, line, strict=True):
            if np.isfinite(place):
                grid.put(x, box.row(place), sign, _ink(kind, sheet), bold=kind == "chosen")
