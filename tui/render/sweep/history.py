"""The best so far: a point for every trial that finished, a line for the best by then."""

from __future__ import annotations

import numpy as np

from tui.render.axes import growing_limit, share_limits
from tui.render.cells import Grid
from tui.render.chart import Axes, ChartMark, Line, chart
from tui.render.number_tables import Sheet
from tui.render.sweep import words
from tui.sweep.results import milestones
from tui.sweep.view import SweepView

UNITS = ((2 * 86400, 86400.0, "days"), (7200, 3600.0, "hours"), (120, 60.0, "minutes"))


def best_so_far(
    view: SweepView, sheet: Sheet, *, clock: bool = False, chosen: int | None = None
) -> Grid:
    """The chart.

    Args:
        view: the sweep.
        sheet: where it is drawn.
        clock: over the time since the sweep began, else over the trials in the order in which
            they finished.
        chosen: the number of a trial to mark.
    """
    found = milestones((each.trial for each in view.trials), view.objective)
    label = "trials"
    at = np.arange(1.0, len(found) + 1)
    last = growing_limit(float(len(found)), float(max(view.planned, 1)))
    if clock and found:
        seconds = np.array([max(each.time - view.began, 0.0) for each in found])
        divisor, label = next(
            ((by, name) for least, by, name in UNITS if seconds[-1] >= least), (1.0, "seconds")
        )
        at = seconds / divisor
        last = float(at[-1]) or 1.0
    values = np.array([each.value for each in found])
    best = np.array([each.best for each in found])
    ink = sheet.palette
    told = words.objective(found[-1].best, view.objective) if found else ""
    lines = [
        Line("a trial", at, values, ink.train, "points"),
        Line("best so far", *_stairs(at, best, last), ink.valid, value=told),
    ]
    limits = None
    if view.objective == "accuracy" and found:
        limits = share_limits(min(float(best[0]), float(np.percentile(values, 25))))
    place = [i for i, each in enumerate(found) if each.number == chosen]
    marks = [ChartMark(float(at[i]), kind="cursor") for i in place]
    axes = Axes((0.0, last), limits, x_label=label)
    return chart(
        lines, sheet.width, sheet.height, terminal=sheet.terminal, axes=axes, marks=marks,
        palette=ink,
    )  # fmt: skip


def _stairs(
    at: np.ndarray[tuple[int], np.dtype[np.float64]],
    best: np.ndarray[tuple[int], np.dtype[np.float64]],
    last: float,
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    """The corners of a line that stays where it is until it is better."""
    if not at.size:
        return at, best
    x = np.repeat(at, 2)[1:]
    y = np.repeat(best, 2)[:-1]
    return np.append(x, max(last, float(at[-1]))), np.append(y, best[-1])
