"""A sweep in one line: how far it is, how its trials ended, the best of them."""

from __future__ import annotations

from tui.render import format as say
from tui.render.cells import Grid, text_width
from tui.render.number_tables import Sheet
from tui.render.sweep import words
from tui.render.tables import wrap
from tui.sweep.view import SweepView

MOST_LINES = 3
"""Rows that what is wrong may take."""


def summary(view: SweepView, width: int, *, unicode: bool) -> str:
    """As much as fits: state and trials first, then the best one, how they ended, the time."""
    counts = view.counts()
    over = f"{view.over} of {view.planned} trials over"
    ended = [f"{counts[each]} {each}" for each in ("pruned", "diverged", "failed") if counts[each]]
    going = [f"{counts[e]} {e}" for e in ("running", "queued", "interrupted") if counts[e]]
    waiting = view.planned - len(view.trials)
    going += [f"{waiting} to come"] if waiting and view.driven else []
    parts = [view.state, over, best_words(view), ", ".join(going), ", ".join(ended), spent(view)]
    between = " · " if unicode else " | "
    line = ""
    for part in filter(None, parts):
        longer = f"{line}{between}{part}" if line else part
        if text_width(longer) > width:
            break
        line = longer
    return line


def best_words(view: SweepView) -> str:
    """The best value and whose it is; "" while no trial has finished."""
    ranking = view.ranking()
    if not ranking:
        return ""
    value = words.objective(ranking[0].value, view.objective)
    return f"best {value} (trial {ranking[0].number})"


def spent(view: SweepView) -> str:
    """The time that all trainings took together; "" while that is not read."""
    known = [each.seconds for each in view.trials if each.seconds is not None]
    if len(known) < len(view.trials) or not known:
        return ""
    return f"{say.duration(sum(known))} of training"


def summary_lines(view: SweepView, sheet: Sheet) -> Grid:
    """The line, and below it what is wrong."""
    told = summary(view, sheet.width, unicode=sheet.terminal.unicode)
    grid = Grid.blank(sheet.width, sheet.height)
    end = grid.put(0, 0, told[: len(view.state)], words.ink(view.state, sheet.palette), bold=True)
    grid.put(end, 0, told[len(view.state) :], sheet.palette.text)
    for y, line in enumerate(problem_lines(view, sheet.width), start=1):
        grid.put(0, y, say.plain(line, sheet.terminal), sheet.palette.bad)
    return grid


def problem_lines(view: SweepView, width: int) -> list[str]:
    """What is wrong, broken into lines."""
    return wrap(view.problem, width)[:MOST_LINES] if view.problem else []
