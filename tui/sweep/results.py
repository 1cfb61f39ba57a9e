"""What the trials of a sweep came to: which are the best, and the best so far as time went by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tui.sweep.journal import Trial

MOST_LEADERS = 5


class Milestone(NamedTuple):
    """A trial that finished.

    Args:
        number: of the trial.
        time: when, in seconds since 1970.
        value: what it came to.
        best: the best value by then.
    """

    number: int
    time: float
    value: float
    best: float


def ranked(trials: Iterable[Trial], objective: str) -> list[Trial]:
    """The trials that finished, the best first; of equal ones the earlier.

    Args:
        trials: in any order.
        objective: "accuracy", which is to be great, or "loss", which is to be small.
    """
    finished = [trial for trial in trials if trial.state == "finished" and trial.value is not None]
    sign = -1.0 if objective == "accuracy" else 1.0
    return sorted(finished, key=lambda trial: (sign * (trial.value or 0.0), trial.number))


def leaders(ranking: Sequence[Trial]) -> Sequence[Trial]:
    """The best tenth of a ranking: at least one, at most ``MOST_LEADERS``."""
    return ranking[: min(MOST_LEADERS, -(-len(ranking) // 10))]


def milestones(trials: Iterable[Trial], objective: str) -> list[Milestone]:
    """The trials that finished, in the order in which they did, with the best by then."""
    better = max if objective == "accuracy" else min
    found: list[Milestone] = []
    for trial in sorted(ranked(trials, objective), key=lambda trial: (trial.time, trial.number)):
        value = trial.value or 0.0
        best = better(value, found[-1].best) if found else value
        found.append(Milestone(trial.number, trial.time, value, best))
    return found
