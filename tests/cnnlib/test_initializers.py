"""Initializers: variance and range from their papers, repeatable, and alike in both types."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cnnlib.arrays import stream
from cnnlib.initializers import Initializer, glorot_uniform, he_normal, ones, zeros

ALL: list[Initializer] = [he_normal, glorot_uniform, zeros, ones]
every = pytest.mark.parametrize("start", ALL, ids=lambda start: start.__name__)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_type_and_repetition(start: Initializer, dtype: type) -> None:
    first = start((4, 3, 5), 15, 12, stream(0, "init", 1), dtype)
    again = start((4, 3, 5), 15, 12, stream(0, "init", 1), dtype)
    assert first.shape == (4, 3, 5)
    assert first.dtype == dtype
    assert first.flags.c_contiguous
    assert first.flags.writeable
    assert np.array_equal(first, again)


@every
def test_float32_is_float64_rounded(start: Initializer) -> None:
    single = start((50,), 7, 9, stream(3, "init"), np.float32)
    double = start((50,), 7, 9, stream(3, "init"), np.float64)
    assert np.array_equal(single, double.astype(np.float32))


def test_he_normal_has_the_variance_of_its_paper() -> None:
    drawn = he_normal((100_000,), 50, 10, stream(0, "init"), np.float64)
    assert drawn.std() == pytest.approx(math.sqrt(2 / 50), rel=0.01)
    assert drawn.mean() == pytest.approx(0, abs=0.003)
    assert np.abs(drawn).max() > 4 * math.sqrt(2 / 50), "not truncated"


def test_glorot_uniform_has_the_range_and_variance_of_its_paper() -> None:
    drawn = glorot_uniform((100_000,), 50, 10, stream(0, "init"), np.float64)
    limit = math.sqrt(6 / 60)
    assert np.abs(drawn).max() <= limit
    assert np.abs(drawn).max() > 0.999 * limit
    assert drawn.var() == pytest.approx(2 / 60, rel=0.02)


def test_he_normal_keeps_the_size_of_signals_through_relu_layers() -> None:
    x = stream(0, "x").standard_normal((400, 300))
    for layer in range(8):
        w = he_normal((300, 300), 300, 300, stream(0, "init", layer), np.float64)
        x = np.maximum(x @ w.T, 0)
    assert 0.7 < np.sqrt((x**2).mean()) < 1.4


def test_constants_draw_nothing() -> None:
    rng = stream(0, "init")
    before = rng.bit_generator.state
    assert not zeros((3,), 1, 1, rng, np.float32).any()
    assert (ones((3,), 1, 1, rng, np.float32) == 1).all()
    assert rng.bit_generator.state == before
