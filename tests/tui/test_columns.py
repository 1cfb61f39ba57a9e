"""Laws of columns: what is summed up in blocks is what is there, however it came in."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.following import columns
from tui.following.columns import FAN, Column

VALUES = st.lists(
    st.floats(-1e6, 1e6) | st.sampled_from([float("nan"), float("inf"), -float("inf")]),
    max_size=900,
)


def column_of(values) -> Column:
    column = Column()
    for value in values:
        column.append(value)
    return column


def test_a_column_grows_and_is_cut_into_another():
    column = column_of(range(1000))
    np.testing.assert_array_equal(column.values, np.arange(1000.0))
    kept = column.kept(10)
    kept.append(7)
    assert kept.values.tolist() == [*range(10), 7]
    assert column.values.size == 1000


@given(VALUES, st.integers(0, 950), st.integers(0, 950), st.integers(1, 40))
@settings(deadline=None)
def test_the_pieces_are_what_they_are_made_of(values, start, stop, least):
    pieces = column_of(values).pieces(start, stop, least)
    stop = min(stop, len(values))
    if stop <= start:
        assert pieces.first.size == 0
        return
    assert pieces.first[0] <= start
    assert min(least, stop - start) <= pieces.first.size + 1 <= FAN * least + 3
    edges = [*pieces.first.tolist(), stop]
    for i, (begin, end) in enumerate(itertools.pairwise(edges)):
        inside = np.array(values[begin:end])
        inside = inside[np.isfinite(inside)]
        assert pieces.count[i] == inside.size
        assert pieces.total[i] == pytest.approx(inside.sum(), rel=1e-9, abs=1e-3)
        if inside.size:
            assert pieces.low[i] == inside.min()
            assert pieces.high[i] == inside.max()
        else:
            assert np.isnan(pieces.low[i])


@given(VALUES, st.integers(1, 899))
@settings(deadline=None)
def test_looking_in_between_changes_nothing(values, when):
    column = Column()
    for i, value in enumerate(values):
        column.append(value)
        if i == when:
            column.pieces(0, i, 2)
    for mine, other in zip(
        vars(column.pieces(0, len(values), 2)).values(),
        vars(column_of(values).pieces(0, len(values), 2)).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("length", [1000, 3000, 30_000, 1_000_000])
def test_a_value_more_costs_a_look_at_a_few_thousand_however_many_there_are(monkeypatch, length):
    looked_at = 0

    def counting(function):
        def counted(values, *rest):
            nonlocal looked_at
            looked_at += values.size
            return function(values, *rest)

        return counted

    column, least = Column(np.random.default_rng(0).random(length)), 200
    column.pieces(0, length, least)
    for name in ("_ones", "_summed"):
        monkeypatch.setattr(columns, name, counting(getattr(columns, name)))
    for more in range(1, 40):
        looked_at = 0
        column.append(0.5)
        pieces = column.pieces(0, length + more, least)
        assert pieces.first.size <= FAN * least + 1
        # What no block holds yet is shorter than a block, and is looked at once by either.
        assert 0 < looked_at <= 5 * max(FAN * least, length // least)
