"""The moving average of parameters against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlib import averaging
from cnnlib.averaging import ExponentialMovingAverage
from cnnlib.errors import ShapeError


def walk(steps: int = 40, size: int = 11, dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(steps, size)).cumsum(axis=0).astype(dtype)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.999])
def test_the_average_follows_its_formula(decay: float) -> None:
    path = walk()
    rule = ExponentialMovingAverage(decay)
    state = rule.start(path[0])
    expected = path[0].copy()
    for t, p in enumerate(path[1:]):
        rule.update(p, state)
        d = min(decay, (1 + t) / (10 + t))
        expected = d * expected + (1 - d) * p
    np.testing.assert_allclose(state.values, expected, rtol=1e-12)
    assert state.steps == len(path) - 1


def test_the_beginning_is_forgotten_soon() -> None:
    rule = ExponentialMovingAverage(0.999)
    state = rule.start(np.full(3, 1000.0))
    for _ in range(60):
        rule.update(np.ones(3), state)
    np.testing.assert_allclose(state.values, 1, atol=1e-3)


def test_what_stands_still_is_its_own_average() -> None:
    p = walk()[3]
    rule = ExponentialMovingAverage()
    state = rule.start(p)
    for _ in range(5):
        rule.update(p, state)
    assert np.array_equal(state.values, p)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_are_only_read_and_types_stay(dtype: type) -> None:
    path = walk(dtype=dtype)
    path.flags.writeable = False
    rule = ExponentialMovingAverage()
    state = rule.start(path[0])
    values = state.values
    assert not np.shares_memory(values, path)
    for p in path[1:]:
        rule.update(p, state)
    assert state.values is values
    assert values.dtype == dtype
    assert values.flags.writeable


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    path = walk()
    rule = ExponentialMovingAverage(0.9)
    whole = rule.start(path[0])
    monkeypatch.setattr(averaging, "_BLOCK", 4)
    parts = rule.start(path[0])
    for p in path[1:]:
        rule.update(p, parts)
    monkeypatch.undo()
    for p in path[1:]:
        rule.update(p, whole)
    assert np.array_equal(parts.values, whole.values)


def test_parameters_of_another_size_are_refused() -> None:
    rule = ExponentialMovingAverage()
    state = rule.start(np.ones(4))
    with pytest.raises(ShapeError, match=r"shape \(4,\)"):
        rule.update(np.ones(5), state)
    assert state.steps == 0
