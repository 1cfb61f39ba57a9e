"""Laws of axes: limits that hold the data and move in steps, ticks, thinning."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.render import axes

VALUES = st.floats(-1e6, 1e6, allow_nan=False)
POSITIVE = st.floats(1e-8, 1e8)


@given(VALUES, VALUES)
def test_round_limits_hold_the_values(a, b):
    low, high = axes.round_limits(min(a, b), max(a, b))
    assert low < high
    span = high - low
    assert low <= min(a, b) + 1e-6 * span
    assert high >= max(a, b) - 1e-6 * span


@given(VALUES, st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_lie_inside_rise_and_differ_in_words(low, span, most):
    limits = (low, low + span)
    found = axes.ticks(limits, most)
    values = [tick.value for tick in found]
    assert 2 <= len(found) <= max(most, 12)
    assert values == sorted(values)
    assert all(low - 1e-6 * span <= value <= low + span + 1e-6 * span for value in values)


def test_tick_labels_have_just_enough_decimals():
    assert [tick.label for tick in axes.ticks((0, 1), 5)] == [
        "0.00",
        "0.25",
        "0.50",
        "0.75",
        "1.00",
    ]
    assert [tick.label for tick in axes.ticks((0, 3), 4)] == ["0", "1", "2", "3"]


@given(POSITIVE, POSITIVE)
def test_decade_limits_and_ticks_hold_the_values(a, b):
    low, high = axes.decade_limits(min(a, b), max(a, b))
    assert 0 < low <= min(a, b) * (1 + 1e-6)
    assert high >= max(a, b) * (1 - 1e-6)
    assert low < high
    found = axes.decade_ticks((low, high), 6)
    assert len(found) >= 2
    assert all(low * 0.999 <= tick.value <= high * 1.001 for tick in found)


@pytest.mark.parametrize(
    ("lowest", "expected"), [(0.1, 0.0), (0.6, 0.5), (0.93, 0.9), (0.995, 0.99)]
)
def test_accuracies_are_shown_up_to_one(lowest, expected):
    assert axes.share_limits(lowest) == (expected, 1.0)
    assert axes.share_limits(math.nan) == (0.0, 1.0)


@given(st.floats(0, 100), st.floats(0.1, 100))
def test_the_growing_limit_holds_what_is_done_and_takes_few_values(now, end):
    assert axes.growing_limit(now, end) >= now
    grown = {axes.growing_limit(share * end, end) for share in np.linspace(0, 1, 200)}
    assert len(grown) <= 5


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=400), st.integers(1, 30))
@settings(deadline=None)
def test_thinning_keeps_order_extremes_and_at_most_two_points_a_column(values, columns):
    y = np.array(values)
    x = np.arange(y.size, dtype=float)
    thin_x, thin_y = axes.thin(x, y, (0.0, max(1.0, x[-1])), columns)
    assert thin_x.size <= max(2 * columns, 1) or thin_x.size == x.size <= 2 * columns
    assert (np.diff(thin_x) > 0).all()
    assert thin_y.max() == y.max()
    assert thin_y.min() == y.min()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=300), st.integers(1, 30))
@settings(deadline=None)
def test_a_new_point_moves_none_of_the_thinned_ones_before_its_column(values, columns):
    y = np.array(values)
    x = np.arange(y.size, dtype=float)
    limits = (0.0, 400.0)
    before = axes.average(x, y, limits, columns)
    after = axes.average(np.append(x, x[-1] + 1), np.append(y, 0.0), limits, columns)
    if x.size > columns:
        kept = before[0].size - 1
        np.testing.assert_array_equal(before[1][:kept], after[1][:kept])


def test_the_mean_of_a_constant_is_the_constant():
    x = np.arange(1000.0)
    mean_x, mean_y = axes.average(x, np.full(1000, 0.25), (0, 1000), 20)
    assert mean_x.size == 20
    np.testing.assert_allclose(mean_y, 0.25)


def test_finite_drops_what_cannot_be_drawn():
    x, y = axes.finite(np.array([1.0, 2.0, np.nan, 4.0]), np.array([1.0, np.inf, 3.0, 4.0]))
    assert x.tolist() == [1.0, 4.0]
    assert y.tolist() == [1.0, 4.0]
