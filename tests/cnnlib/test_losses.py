"""Losses: values and gradients against naive formulas, differences and PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.losses import CrossEntropyLoss, Loss, MSELoss
from cnnlib.text import family

K = 5
WEIGHTS = (0.5, 2.0, 1.0, 3.0, 0.25)
LOSSES: list[Loss] = [
    CrossEntropyLoss(),
    CrossEntropyLoss(label_smoothing=0.1),
    CrossEntropyLoss(class_weights=WEIGHTS),
    CrossEntropyLoss(label_smoothing=0.3, class_weights=WEIGHTS),
    MSELoss(),
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def batch(count: int, seed: int = 0, spread: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, K)) * spread, rng.integers(0, K, count)


def naive_loss(loss: Loss, x: np.ndarray, y: int) -> float:
    """One example, term by term from the definition."""
    if isinstance(loss, MSELoss):
        return sum((x[k] - (1.0 if k == y else 0.0)) ** 2 for k in range(K)) / K
    assert isinstance(loss, CrossEntropyLoss)
    smoothing = loss.label_smoothing
    weights = loss.class_weights or (1.0,) * K
    total = sum(math.exp(value) for value in x)
    value = 0.0
    for k in range(K):
        target = (1 - smoothing) * (1.0 if k == y else 0.0) + smoothing / K
        # PyTorch weighs the true class by w[y] and each smoothed class k by w[k]
        value -= weights[k] * target * math.log(math.exp(x[k]) / total)
    return value


def test_every_loss_is_here() -> None:
    assert {type(loss) for loss in LOSSES} == set(family(Loss).values())


@every_loss
def test_the_sum_is_that_of_the_definition(loss: Loss) -> None:
    x, y = batch(9)
    expected = sum(naive_loss(loss, row, label) for row, label in zip(x, y, strict=True))
    out = np.empty_like(x.T)
    assert loss.batch_last(x.T.copy(), y, 1.0, out) == pytest.approx(expected, rel=1e-12)


@every_loss
def test_the_gradient_is_the_slope(loss: Loss) -> None:
    x, y = batch(4)
    scale = 0.37
    gradient = np.empty_like(x.T)
    loss.batch_last(x.T.copy(), y, scale, gradient)
    scratch = np.empty_like(gradient)
    h = 1e-6
    for k, n in np.ndindex(gradient.shape):
        higher, lower = x.T.copy(), x.T.copy()
        higher[k, n] += h
        lower[k, n] -= h
        rise = loss.batch_last(higher, y, 1.0, scratch) - loss.batch_last(lower, y, 1.0, scratch)
        assert gradient[k, n] == pytest.approx(scale * rise / (2 * h), rel=1e-6, abs=1e-9)


@every_loss
def test_parts_add_up_to_the_batch(loss: Loss) -> None:
    x, y = batch(10)
    mean, gradient = loss(x, y)
    divisor = loss.normaliser(y)
    total = 0.0
    for part in (slice(0, 3), slice(3, 4), slice(4, 10)):
        out = np.empty((K, len(y[part])))
        total += loss.batch_last(x[part].T.copy(), y[part], 1 / divisor, out)
        np.testing.assert_allclose(out.T, gradient[part], rtol=1e-12, atol=1e-15)
    assert total / divisor == pytest.approx(mean, rel=1e-12)


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_numbers_stays(loss: Loss, dtype: type) -> None:
    x, y = batch(6)
    value, gradient = loss(x.astype(dtype), y.astype(np.uint8))
    assert gradient.dtype == dtype
    assert type(value) is float
    assert gradient.shape == x.shape
    exact, exact_gradient = loss(x, y)
    assert value == pytest.approx(exact, rel=1e-5)
    np.testing.assert_allclose(gradient, exact_gradient, rtol=1e-4, atol=1e-6)


@every_loss
def test_the_logits_are_only_read_unless_they_are_the_output(loss: Loss) -> None:
    x, y = batch(6)
    logits = x.T.copy()
    before, labels = logits.copy(), y.copy()
    out = np.empty_like(logits)
    value = loss.batch_last(logits, y, 0.5, out)
    assert np.array_equal(logits, before)
    assert np.array_equal(y, labels)
    assert loss.batch_last(logits, y, 0.5, logits) == value
    assert np.array_equal(logits, out)


@every_loss
@pytest.mark.parametrize("kind", [np.uint8, np.int64])
def test_a_label_without_an_output_is_refused(loss: Loss, kind: type) -> None:
    x, y = batch(6)
    y = y.astype(kind)
    y[3] = K
    with pytest.raises(SpecificationError, match=f"labels from 0 to {K - 1}.*label {K}"):
        loss.batch_last(x.T.copy(), y, 1.0, np.empty_like(x.T))
    with pytest.raises(SpecificationError, match=f"label {K}"):
        loss(x, y)


@every_loss
def test_a_negative_label_is_refused(loss: Loss) -> None:
    x, y = batch(6)
    y[0] = -1
    with pytest.raises(SpecificationError, match="received label -1"):
        loss.batch_last(x.T.copy(), y, 1.0, np.empty_like(x.T))


@every_loss
def test_arrays_that_do_not_fit_are_refused(loss: Loss) -> None:
    x, y = batch(6)
    with pytest.raises(ShapeError):
        loss.batch_last(x, y, 1.0, np.empty_like(x))
    with pytest.raises(ShapeError):
        loss.batch_last(x.T.copy(), y, 1.0, np.empty_like(x))
    with pytest.raises(ShapeError):
        loss(x[:0], y[:0])
    with pytest.raises(ShapeError):
        loss(x[0], y)


@every_loss
def test_no_example_costs_nothing(loss: Loss) -> None:
    empty = np.empty((K, 0))
    assert loss.batch_last(empty, np.empty(0, int), 1.0, empty) == 0.0


@every_loss
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_divergence_is_seen_in_the_value_without_a_warning(loss: Loss, bad: float) -> None:
    x, y = batch(6)
    x[2, 1] = bad
    assert not math.isfinite(loss(x, y)[0])


def test_weights_for_another_number_of_classes_are_refused() -> None:
    x, y = batch(6)
    with pytest.raises(ShapeError, match="expected 5 numbers, one a class, received 2"):
        CrossEntropyLoss(class_weights=(1.0, 2.0)).batch_last(
            x.T.copy(), y % 2, 1.0, np.empty_like(x.T)
        )


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_without_a_weight_is_refused(label: int) -> None:
    loss = CrossEntropyLoss(class_weights=(1.0, 2.0))
    assert loss.normaliser(np.array([0, 1, 1])) == 5.0
    assert loss.normaliser(np.array([], int)) == 0.0
    with pytest.raises(
        SpecificationError, match=f"class_weights: .*0 to 1, received label {label}"
    ):
        loss.normaliser(np.array([0, label]))


def test_uniform_logits_cost_the_logarithm_of_the_number_of_classes() -> None:
    value, gradient = CrossEntropyLoss()(np.zeros((3, 10)), np.arange(3))
    assert value == pytest.approx(math.log(10))
    expected = (np.full((3, 10), 0.1) - np.eye(3, 10)) / 3
    np.testing.assert_allclose(gradient, expected, atol=1e-15)


@settings(deadline=None)
@given(
    npst.arrays(np.float32, (3, K), elements=st.floats(-1e4, 1e4, width=32)),
    st.floats(-1000, 1000),
)
def test_cross_entropy_is_stable_and_unmoved_by_a_constant(x: np.ndarray, constant: float) -> None:
    y = np.array([0, 2, K - 1])
    value, gradient = CrossEntropyLoss(label_smoothing=0.1)(x.astype(np.float64), y)
    moved, moved_gradient = CrossEntropyLoss(label_smoothing=0.1)(
        x.astype(np.float64) + constant, y
    )
    assert math.isfinite(value)
    assert moved == pytest.approx(value, rel=1e-6, abs=1e-6)
    np.testing.assert_allclose(moved_gradient, gradient, atol=1e-6)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)


@every_loss
def test_the_mean_and_its_gradient_are_those_of_torch(loss: Loss) -> None:
    torch = pytest.importorskip("torch")
    x, y = batch(12, seed=3)
    logits = torch.tensor(x, requires_grad=True)
    if isinstance(loss, CrossEntropyLoss):
        weights = None if loss.class_weights is None else torch.tensor(WEIGHTS, dtype=torch.float64)
        expected = torch.nn.functional.cross_entropy(
            logits, torch.tensor(y), weight=weights, label_smoothing=loss.label_smoothing
        )
    else:
        targets = torch.nn.functional.one_hot(torch.tensor(y), K).double()
        expected = torch.nn.functional.mse_loss(logits, targets)
    expected.backward()
    value, gradient = loss(x, y)
    assert value == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, logits.grad.numpy(), rtol=1e-10, atol=1e-14)
