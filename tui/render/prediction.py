"""What an image is and what a network takes it for: picture, verdict, and the likeliest classes.

The classes stand from the likeliest down; the true one is drawn in the colour of what is right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui.render.bars import Bar, bars, label_room
from tui.render.cells import Grid, text_width
from tui.render.format import probability
from tui.render.image import Mark, image
from tui.render.naming import distinct
from tui.render.palette import DARK, Palette
from tui.render.shades import Pixels
from tui.render.tables import ellipsis_of
from tui.terminal.abilities import Terminal


def prediction(
    pixels: Pixels | None,
    truth: int | None,
    probabilities: Sequence[float],
    names: Sequence[str],
    width: int,
    height: int,
    terminal: Terminal,
    *,
    classes: int,
    palette: Palette = DARK,
    marks: Sequence[Mark] = (),
    heat: Pixels | None = None,
) -> tuple[Grid, int]:
    """An image ``(C, H, W)`` above the ``classes`` likeliest of K classes, and the rows it took.

    Without ``truth`` nobody knows what it is. ``names`` holds the K names; a network for other
    classes than the data's has numbers instead.
    """
    grid = Grid.blank(width, height)
    classes = min(classes, len(probabilities))
    labels = names if len(names) == len(probabilities) else [*map(str, range(len(probabilities)))]
    y = 0
    if pixels is not None:
        picture = image(
            pixels, width, max(height - classes - 1, 1), terminal, marks=marks, heat=heat
        )
        grid.paste(picture, (width - picture.width) // 2, 0)
        y = picture.height + (1 if height - picture.height - classes > 2 else 0)
    order = np.argsort([-each for each in probabilities], kind="stable")[:classes]
    ellipsis = ellipsis_of(terminal)
    true = None
    if truth is not None:
        true = distinct(names, max(width - len("true "), 3), ellipsis=ellipsis)[truth]
    guessed = distinct(labels, max(width - len("predicted "), 3), ellipsis=ellipsis)[order[0]]
    right = labels is names and truth == order[0]
    y += _verdict(grid, y, true, guessed, palette, right=right)
    brief = distinct(labels, label_room(width, 4), ellipsis=ellipsis)
    lines = [
        Bar(
            brief[i],
            probabilities[i],
            probability(probabilities[i]),
            palette.train if truth is None else palette.good if i == truth else palette.bad,
        )
        for i in order
    ]
    grid.paste(bars(lines, width, height - y, terminal), 0, y)
    return grid, min(y + classes, height)


def _verdict(
    grid: Grid, y: int, truth: str | None, predicted: str, palette: Palette, *, right: bool
) -> int:
    """Both names, on one row where they fit, else on two; returns the rows."""
    if truth is None:
        grid.put(0, y, f"predicted {predicted}", fg=palette.accent, bold=True)
        return 1
    x = grid.put(0, y, f"true {truth}", fg=palette.good)
    words = f"predicted {predicted}"
    fits = x + 2 + text_width(words) <= grid.width
    place = (x + 2, y) if fits else (0, y + 1)
    grid.put(*place, words, fg=palette.good if right else palette.bad, bold=not right)
    return 1 if fits else 2
