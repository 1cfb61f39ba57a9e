"""The columns of a table of trials, and the trials in the order of any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui.sweep.view import SweepView, TrialView

STATES = ("running", "queued", "interrupted", "finished", "pruned", "diverged", "failed")
"""In the order in which they are sorted: what goes on comes first."""
BEFORE = ("trial", "state", "value")
AFTER = ("epochs", "seconds")


def columns(view: SweepView) -> list[str]:
    """What the trials can be sorted by: a setting is called "=name", as no other column is."""
    return [*BEFORE, *(f"={name}" for name in view.names), *AFTER]


def arranged(view: SweepView, column: str, *, reverse: bool = False) -> list[TrialView]:
    """The trials in the order of a column; those that lack it stand last either way.

    Args:
        view: the sweep.
        column: one of ``columns``.
        reverse: the other way round than usual, which is the best value first and otherwise up.
    """
    wanted = _WANTED.get(column) or _setting(column.removeprefix("="))
    known = [trial for trial in view.trials if wanted(trial) is not None]
    best_first = column == "value" and view.objective == "accuracy"
    known.sort(key=wanted, reverse=best_first != reverse)
    return known + [trial for trial in view.trials if wanted(trial) is None]


def _setting(name: str) -> Callable[[TrialView], Any]:
    """Numbers by their size, before words by the alphabet."""

    def wanted(view: TrialView) -> tuple[bool, float, str] | None:
        if name not in view.trial.parameters:
            return None
        value = view.trial.parameters[name]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return False, float(value), ""
        return True, 0.0, str(value)

    return wanted


_WANTED: dict[str, Callable[[TrialView], Any]] = {
    "trial": lambda view: view.number,
    "state": lambda view: STATES.index(view.state),
    "value": lambda view: view.value,
    "epochs": lambda view: view.epochs or None,
    "seconds": lambda view: view.seconds,
}
