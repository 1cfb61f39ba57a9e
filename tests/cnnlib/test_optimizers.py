"""Optimizers: ten steps against the formulas written naively, and against PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from cnnlib.errors import CheckpointError, ShapeError
from cnnlib.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop, base, clip_norm
from cnnlib.text import family

RATE = 0.05
OPTIMIZERS: list[Optimizer] = [
    SGD(),
    SGD(weight_decay=0.1),
    SGD(momentum=0.9),
    SGD(momentum=0.9, nesterov=True),
    SGD(momentum=0.8, nesterov=True, weight_decay=0.05),
    RMSprop(),
    RMSprop(alpha=0.9, eps=1e-3, momentum=0.7, weight_decay=0.1),
    Adam(),
    Adam(beta1=0.8, beta2=0.99, eps=1e-3, weight_decay=0.1),
    AdamW(),
    AdamW(beta1=0.8, beta2=0.99, eps=1e-3, weight_decay=0.3),
]
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)


def problem(size: int = 7, steps: int = 10) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(size)
    gradients = rng.normal(size=(steps, size)) * rng.choice([1e-3, 1.0, 10.0], size)
    gradients[:, 0] = 0.0  # a parameter that takes no part
    return rng.normal(size=size), gradients


def naive_sgd(o: SGD, p: float, gradients: list[float]) -> float:
    velocity = 0.0
    for g in gradients:
        g = g + o.weight_decay * p
        velocity = o.momentum * velocity + g
        p = p - RATE * (g + o.momentum * velocity if o.nesterov else velocity)
    return p


def naive_rmsprop(o: RMSprop, p: float, gradients: list[float]) -> float:
    mean_square = velocity = 0.0
    for g in gradients:
        g = g + o.weight_decay * p
        mean_square = o.alpha * mean_square + (1 - o.alpha) * g**2
        velocity = o.momentum * velocity + g / (math.sqrt(mean_square) + o.eps)
        p = p - RATE * velocity
    return p


def naive_adam(o: Adam | AdamW, p: float, gradients: list[float]) -> float:
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        if isinstance(o, AdamW):
            p = p - RATE * o.weight_decay * p
        else:
            g = g + o.weight_decay * p
        m = o.beta1 * m + (1 - o.beta1) * g
        v = o.beta2 * v + (1 - o.beta2) * g**2
        m_hat = m / (1 - o.beta1**t)
        v_hat = v / (1 - o.beta2**t)
        p = p - RATE * m_hat / (math.sqrt(v_hat) + o.eps)
    return p


NAIVE: dict[type[Optimizer], Callable[..., float]] = {
    SGD: naive_sgd,
    RMSprop: naive_rmsprop,
    Adam: naive_adam,
    AdamW: naive_adam,
}


def run(optimizer: Optimizer, p: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    p = p.copy()
    state = optimizer.start(p)
    for g in gradients:
        optimizer.step(p, g, state, RATE)
    return p


def test_every_optimizer_is_here() -> None:
    assert {type(optimizer) for optimizer in OPTIMIZERS} == set(family(Optimizer).values())


@every_optimizer
def test_ten_steps_follow_the_formula(optimizer: Optimizer) -> None:
    p, gradients = problem()
    naive = NAIVE[type(optimizer)]
    expected = [
        naive(optimizer, float(p[i]), [float(g) for g in gradients[:, i]]) for i in range(len(p))
    ]
    np.testing.assert_allclose(run(optimizer, p, gradients), expected, rtol=1e-12, atol=1e-14)


@every_optimizer
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_ten_steps_are_those_of_torch(optimizer: Optimizer, dtype: str, tolerance: float) -> None:
    torch = pytest.importorskip("torch")
    p, gradients = problem(33)
    p, gradients = p.astype(dtype), gradients.astype(dtype)
    theirs = torch.nn.Parameter(torch.tensor(p))
    options = {option.name: getattr(optimizer, option.name) for option in optimizer.options()}
    if "beta1" in options:
        options["betas"] = (options.pop("beta1"), options.pop("beta2"))
    rule = getattr(torch.optim, type(optimizer).__name__)([theirs], lr=RATE, **options)
    for g in gradients:
        theirs.grad = torch.tensor(g)
        rule.step()
    mine = run(optimizer, p, gradients)
    np.testing.assert_allclose(mine, theirs.detach().numpy(), rtol=tolerance, atol=tolerance)
    if "betas" in options:
        state = optimizer.start(p)
        for g in gradients:
            optimizer.step(p, g, state, RATE)
        for name, slot in state.slots.items():
            stored = rule.state[theirs][name].numpy()
            np.testing.assert_allclose(slot, stored, rtol=100 * tolerance, atol=1e-9)


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_buffers_stay_where_and_what_they_are(optimizer: Optimizer, dtype: type) -> None:
    p, gradients = problem()
    p, g = p.astype(dtype), gradients[0].astype(dtype)
    state = optimizer.start(p)
    slots = dict(state.slots)
    view, before, g_before = p[2:4], p.copy(), g.copy()
    optimizer.step(p, g, state, RATE)
    assert p.dtype == dtype
    assert view.base is p
    assert not np.array_equal(p, before)
    assert np.array_equal(g, g_before)
    assert state.steps == 1
    for name, slot in slots.items():
        assert state.slots[name] is slot
        assert slot.dtype == dtype
        assert slot.shape == p.shape


@every_optimizer
def test_a_numpy_rate_gives_the_bits_of_a_plain_one(optimizer: Optimizer) -> None:
    p, gradients = problem()
    plain, g = p.astype(np.float32), gradients[0].astype(np.float32)
    numpy = plain.copy()
    optimizer.step(plain, g, optimizer.start(plain), 1 / 3)
    optimizer.step(numpy, g, optimizer.start(numpy), np.float64(1 / 3))
    assert np.array_equal(plain, numpy)


@every_optimizer
def test_a_restored_state_goes_on_to_the_same_bits(optimizer: Optimizer) -> None:
    p, gradients = problem()
    straight = run(optimizer, p, gradients)
    state = optimizer.start(p)
    for g in gradients[:4]:
        optimizer.step(p, g, state, RATE)
    stored = {name: slot.copy() for name, slot in state.slots.items()}
    later = optimizer.start(p)
    buffers = dict(later.slots)
    later.restore(stored, state.steps)
    for g in gradients[4:]:
        optimizer.step(p, g, later, RATE)
    assert np.array_equal(p, straight)
    assert all(later.slots[name] is buffer for name, buffer in buffers.items())


@every_optimizer
def test_slices_of_the_buffer_may_be_moved_apart(optimizer: Optimizer) -> None:
    p, gradients = problem(50)
    whole = run(optimizer, p, gradients)
    parts = [run(optimizer, p[part], gradients[:, part]) for part in (slice(0, 19), slice(19, 50))]
    assert np.array_equal(np.concatenate(parts), whole)


@every_optimizer
def test_blocks_change_nothing(optimizer: Optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    p, gradients = problem(50)
    whole = run(optimizer, p, gradients)
    monkeypatch.setattr(base, "_BLOCK", 16)
    assert np.array_equal(run(optimizer, p, gradients), whole)


@every_optimizer
def test_the_minimum_of_a_bowl_is_found(optimizer: Optimizer) -> None:
    """½·Σ c·p² + ½·decay·Σ p² has its minimum at 0 with any weight decay."""
    curvature = np.array([1.0, 3.0, 0.3])
    p = np.array([2.0, -1.0, 0.5])
    state = optimizer.start(p)
    for step in range(3000):
        optimizer.step(p, curvature * p, state, 0.1 / (1 + step / 100))
    np.testing.assert_allclose(p, 0, atol=1e-2)


def test_a_state_of_another_kind_or_size_is_refused_whole() -> None:
    p = np.ones(5)
    state = Adam().start(p)
    with pytest.raises(CheckpointError, match="expected exp_avg, exp_avg_sq, received no slot"):
        state.restore({}, 3)
    slots = {"exp_avg": np.ones(5), "exp_avg_sq": np.ones(4)}
    with pytest.raises(CheckpointError, match=r"exp_avg_sq: expected shape \(5,\)"):
        state.restore(slots, 3)
    assert state.steps == 0
    assert not state.slots["exp_avg"].any()


@every_optimizer
def test_gradients_of_another_size_are_refused(optimizer: Optimizer) -> None:
    p = np.ones(5)
    state = optimizer.start(p)
    with pytest.raises(ShapeError):
        optimizer.step(p, np.ones(4), state, RATE)
    assert state.steps == 0
    assert np.array_equal(p, np.ones(5))


@pytest.mark.parametrize("limit", [0.1, 1.0, 100.0, math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clipping_limits_the_norm_and_keeps_the_direction(limit: float, dtype: type) -> None:
    g = np.random.default_rng(1).normal(size=30).astype(dtype)
    before = g.copy()
    norm = clip_norm(g, limit)
    assert norm == pytest.approx(np.linalg.norm(before), rel=1e-6)
    assert g.dtype == dtype
    if norm < limit:
        assert np.array_equal(g, before)
    else:
        assert np.linalg.norm(g) == pytest.approx(limit, rel=1e-4)
        np.testing.assert_allclose(g / np.linalg.norm(g), before / norm, rtol=1e-5)


def test_clipping_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    g = np.random.default_rng(2).normal(size=30)
    theirs = torch.nn.Parameter(torch.zeros(30, dtype=torch.float64))
    theirs.grad = torch.tensor(g.copy())
    norm = torch.nn.utils.clip_grad_norm_([theirs], 0.7)
    assert clip_norm(g, 0.7) == pytest.approx(norm.item(), rel=1e-12)
    np.testing.assert_allclose(g, theirs.grad.numpy(), rtol=1e-12)


def test_clipping_zeros_does_nothing_and_tells_of_divergence() -> None:
    zeros = np.zeros(3)
    assert clip_norm(zeros, 1.0) == 0.0
    assert not zeros.any()
    for bad in (math.nan, math.inf):
        broken = np.array([1.0, bad, 2.0])
        assert not math.isfinite(clip_norm(broken, 1.0))
        assert np.array_equal(broken, [1.0, bad, 2.0], equal_nan=True)


def test_a_norm_whose_square_leaves_float32_is_still_measured() -> None:
    g = np.full(4, 1e30, np.float32)
    assert clip_norm(g, 1.0) == pytest.approx(2e30, rel=1e-6)
    assert np.linalg.norm(g) == pytest.approx(1.0, rel=1e-5)
