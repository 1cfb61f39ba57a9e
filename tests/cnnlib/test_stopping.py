"""Early stopping counted by hand, and by a second definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib.stopping import EarlyStopping


@pytest.mark.parametrize(
    ("patience", "losses", "stops_after", "best"),
    [
        (1, [3, 2, 2], 3, 2),
        (2, [3, 2, 2, 2], 4, 2),
        (2, [3, 2, 2.5, 1, 2, 2], 6, 4),
        (3, [5, 4, 3, 2, 1], None, 5),
        (2, [math.nan, math.nan], 2, 0),
        (2, [math.nan, 1.0, math.nan, 0.5], None, 4),
        (2, [math.inf, 1.0], None, 2),
    ],
)
def test_it_stops_after_so_many_epochs_without_progress(
    patience: int, losses: list[float], stops_after: int | None, best: int
) -> None:
    rule = EarlyStopping(patience)
    first = next((n for n in range(len(losses) + 1) if rule(losses[:n])), None)
    assert first == stops_after
    assert rule.best_epoch(losses) == best


def test_before_the_first_epoch_nothing_stops() -> None:
    assert EarlyStopping(1)([]) is False
    assert EarlyStopping(1).best_epoch([]) == 0


def test_progress_smaller_than_min_delta_is_none() -> None:
    losses = [1.0, 0.95, 0.92, 0.85]
    rule = EarlyStopping(patience=2, min_delta=0.1)
    assert rule.best_epoch(losses[:3]) == 1
    assert rule(losses[:3])
    assert rule.best_epoch(losses) == 4


@settings(deadline=None)
@given(st.lists(st.floats(0, 10)), st.integers(1, 6))
def test_without_min_delta_the_best_epoch_is_the_first_of_the_lowest(
    losses: list[float], patience: int
) -> None:
    rule = EarlyStopping(patience)
    expected = losses.index(min(losses)) + 1 if losses else 0
    assert rule.best_epoch(losses) == expected
    assert rule(losses) == (len(losses) - expected >= patience)
    assert rule(tuple(losses)) == rule(losses)
