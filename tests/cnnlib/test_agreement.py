"""Laws of the comparison of two sets of predictions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.errors import ShapeError
from cnnlib.metrics import Agreement, agreement

classes = st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=60)


@given(classes)
def test_every_example_stands_in_one_part(rows):
    labels, a, b = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found = agreement(labels, a, b)
    parts = [found.both, found.first, found.second, found.neither]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    assert len(found.both) + len(found.first) == (a == labels).sum()
    assert len(found.both) + len(found.second) == (b == labels).sum()
    assert all((np.diff(part) > 0).all() for part in parts)
    other = agreement(labels, b, a)
    assert other.first.tolist() == found.second.tolist()
    assert other.p_value == found.p_value


def of(b: int, c: int) -> Agreement:
    none = np.empty(0, np.int64)
    return Agreement(none, np.arange(b), np.arange(c), none)


@pytest.mark.parametrize(("b", "c"), list(product(range(6), range(6))))
def test_the_p_value_counts_all_divisions_that_are_as_uneven(b, c):
    n = b + c
    as_uneven = sum(abs(2 * sum(signs) - n) >= abs(b - c) for signs in product((0, 1), repeat=n))
    assert of(b, c).p_value == pytest.approx(as_uneven / 2**n)


def test_many_differences_need_no_floats_that_overflow():
    assert 0 < of(3000, 3200).p_value < 0.02
    assert of(4000, 1000).p_value < 1e-100


def test_unequal_counts_are_refused():
    labels = np.zeros(3, np.int64)
    with pytest.raises(ShapeError, match="two predictions"):
        agreement(labels, labels, labels[:2])
