"""A plan that infers can give the gradient by its images, and does nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from layer_cases import CASES, FLAT, SMOOTH, Bench, Case, cotangent, images

WINOGRAD = Case(
    "Conv2d(16, padding=1)\nReLU()\nMaxPool2d(2)\nConv2d(16)\nReLU()\nMaxPool2d(2)",
    (16, 9, 10),
    (16, 1, 1),
    0,
    0,
)
SAME_EITHER_WAY = [case for case in CASES if not (case.mixes_examples or case.has_dropout)]


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "plain"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_is_the_gradient_of_the_network_as_it_infers(case: Case, fuse: bool) -> None:
    bench = Bench(case, 2, train=False, fuse=fuse)
    x = images(case, 2, SMOOTH)
    plain = Bench(case, 2, train=False, fuse=fuse, input_gradient=False)
    y = bench.forward(x)
    assert np.array_equal(y, plain.forward(x))
    dy = cotangent(y)
    dx = bench.backward(dy)["x"]
    assert dx.shape == x.shape
    step = 1e-6
    for index in np.ndindex(x.shape):
        value = x[index]
        x[index] = value + step
        above = float(np.vdot(dy, plain.forward(x)))
        x[index] = value - step
        below = float(np.vdot(dy, plain.forward(x)))
        x[index] = value
        numeric = (above - below) / (2 * step)
        assert abs(dx[index] - numeric) <= 1e-6 * (1 + abs(numeric)), (index, dx[index], numeric)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_other_gradient_and_no_running_statistic_moves(case: Case) -> None:
    bench = Bench(case, 2, train=False)
    bench.store.flat_gradients.fill(7.0)
    before = {name: array.copy() for name, array in bench.tensors.items()}
    y = bench.forward(images(case, 2))
    bench.plan.backward(cotangent(y).T if y.ndim == 2 else cotangent(y).transpose(2, 1, 3, 0))
    assert np.all(bench.store.flat_gradients == 7.0)
    assert all(np.array_equal(before[name], array) for name, array in bench.tensors.items())


@pytest.mark.parametrize("case", [*SAME_EITHER_WAY, WINOGRAD], ids=str)
def test_ties_go_where_training_sends_them(case: Case) -> None:
    """Flat grounds have no derivative: what counts is that both directions of use agree."""
    learning, inferring = Bench(case, 2), Bench(case, 2, train=False)
    x = images(case, 2, FLAT)
    y = learning.forward(x)
    assert np.array_equal(y, inferring.forward(x))
    dy = cotangent(y)
    assert np.array_equal(learning.backward(dy)["x"], inferring.backward(dy)["x"])
