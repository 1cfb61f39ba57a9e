"""Bars: the probabilities of a prediction, the examples of a class.

A bar is made of eighths of a cell where there is UTF-8, of halves on the Linux console, which has
no smaller parts, and of ``#`` elsewhere. A value that is no number has no bar and shows as a dash.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui.render.cells import DEFAULT, Grid, text_width
from tui.render.format import fit
from tui.terminal.abilities import Terminal

EIGHTHS = " ▏▎▍▌▋▊▉"
HALVES = " ▌"


def bar(share: float, width: int, terminal: Terminal) -> str:
    """``share`` (0 to 1, clipped) of ``width`` cells; the text is exactly ``width`` cells wide.

    What is more than nothing shows at least the thinnest mark.
    """
    if width <= 0:
        return ""
    share = min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
    if not terminal.unicode:
        filled = max(round(share * width), 1 if share > 0.0 else 0)
        return "#" * filled + " " * (width - filled)
    parts = EIGHTHS if terminal.marker == "braille" else HALVES
    steps = max(round(share * width * len(parts)), 1 if share > 0.0 else 0)
    full, rest = divmod(steps, len(parts))
    return ("█" * full + (parts[rest] if rest else "")).ljust(width)


@dataclass(frozen=True)
class Bar:
    """One line: a label, how long (a share of the longest possible), what it says at its end."""

    label: str
    share: float
    text: str = ""
    colour: int = DEFAULT


def label_room(width: int, figures: int) -> int:
    """The cells that a label may take in a place of this width, beside figures of that width."""
    return max(3, (width - figures - (2 if figures else 1)) // 3)


def bars(lines: Sequence[Bar], width: int, height: int, terminal: Terminal) -> Grid:
    """Labels, bars and figures below one another, in columns; what does not fit below is cut.

    Where the place is narrow the labels give way first (never below three cells), then the bars.
    """
    grid = Grid.blank(max(width, 0), max(min(height, len(lines)), 0))
    if not lines:
        return grid
    figures = max(text_width(line.text) for line in lines)
    labels = max(text_width(line.label) for line in lines)
    gaps = 2 if figures else 1
    labels = min(labels, label_room(width, figures))
    middle = max(width - labels - figures - gaps, 0)
    for y, line in enumerate(lines[: grid.height]):
        grid.put(0, y, fit(line.label, labels))
        grid.put(labels + 1, y, bar(line.share, middle, terminal), fg=line.colour)
        if figures:
            grid.put(labels + middle + 2, y, fit(line.text, figures, "right"))
    return grid
