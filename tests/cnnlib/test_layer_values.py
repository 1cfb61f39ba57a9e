"""The numbers of every layer against loops written from its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_cases import CASES, FLAT, SMOOTH, Bench, Case, cotangent, images
from naive_layers import avg_pool, conv2d, max_pool, run

from cnnlib.layers import AvgPool2d, Conv2d, MaxPool2d
from cnnlib.layers.chain import shapes_of
from cnnlib.model import Sequential

quick = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("case", [c for c in CASES if not c.has_dropout], ids=str)
@pytest.mark.parametrize("kind", [SMOOTH, FLAT])
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("train", [True, False], ids=["train", "infer"])
def test_values_are_those_of_the_definition(case: Case, n: int, kind: str, train: bool) -> None:
    bench = Bench(case, n, train=train)
    x = images(case, n, kind)
    expected = run(case.layers, x, bench.tensors, train)[-1]
    np.testing.assert_allclose(bench.forward(x), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("case", [c for c in CASES if c.has_dropout], ids=str)
def test_dropout_is_the_identity_when_inferring(case: Case) -> None:
    bench, x = Bench(case, 2, train=False), images(case, 2)
    expected = run(case.layers, x, bench.tensors, train=False)[-1]
    np.testing.assert_allclose(bench.forward(x), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate: float) -> None:
    case = Case(f"Dropout({rate})", (4, 16, 16), (4, 16, 16), 0, 0)
    bench = Bench(case, 20)
    y = bench.forward(np.ones((20, 4, 16, 16)))
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)
    spread = math.sqrt(rate * (1 - rate) / y.size)
    assert abs(kept.mean() - (1 - rate)) <= 5 * spread
    dx = bench.backward(y)["x"]
    np.testing.assert_array_equal(dx != 0, kept)


def test_dropout_drops_otherwise_at_another_address() -> None:
    bench = Bench(Case("Dropout(0.5)", (1, 8, 8), (1, 8, 8), 0, 0), 2)
    x = np.ones((2, 1, 8, 8))
    first = bench.forward(x)
    assert np.array_equal(bench.forward(x), first)
    assert not np.array_equal(first[0], first[1])
    bench.draw = bench.draw.child(1)
    assert not np.array_equal(bench.forward(x), first)


@pytest.mark.parametrize(
    "text",
    [
        "Dropout(0.5)\nDropout(0.5)",
        "Residual([Dropout(0.5)], shortcut=[Dropout(0.5)])",
        "Residual([Residual([Dropout(0.5)], shortcut=[Dropout(0.5)])], shortcut=[Dropout(0.5)])",
    ],
)
def test_dropouts_of_one_network_drop_differently(text: str) -> None:
    case = Case(text, (1, 20, 20), (1, 20, 20), 0, 0)
    many = text.count("Dropout")
    y = Bench(case, 10).forward(np.ones((10, 1, 20, 20)))
    if "Residual" in text:  # each that is kept adds 2: all at once in one of 2 ** many places
        assert abs((y == 2 * many).mean() - 0.5**many) < 0.05
    else:  # all in a row keep the same number in one of 2 ** many places
        assert abs((y != 0).mean() - 0.5**many) < 0.05


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Conv2d, tuple[int, int, int, int], int]:
    """A convolution, the shape of its input, and a seed."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    depth = draw(st.integers(1, 2))
    kernel, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    padding = draw(st.integers(0, 4) | st.just("same"))
    reach = dilation * (kernel - 1) + 1
    if padding == "same" and reach % 2 == 0:
        padding = reach // 2
    each_side = reach // 2 if padding == "same" else padding
    least = max(1, reach - 2 * each_side)
    layer = Conv2d(
        filters=groups * draw(st.integers(1, 2)),
        kernel=kernel,
        stride=draw(st.integers(1, 3)),
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=draw(st.booleans()),
    )
    height, width = (draw(st.integers(least, least + 4)) for _ in range(2))
    shape = (draw(st.integers(1, 2)), groups * depth, height, width)
    return layer, shape, draw(st.integers(0, 99))


def whole_numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Small whole numbers, zeros and ties among them: sums of their products are exact."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float64)


@quick
@given(convolutions(), st.booleans())
def test_any_convolution_is_its_sum_of_products(
    drawn: tuple[Conv2d, tuple[int, int, int, int], int], fuse: bool
) -> None:
    layer, shape, seed = drawn
    bench = Bench(Case(repr(layer), shape[1:], (), 0, 0), shape[0], fuse=fuse)
    tensors = bench.store.public
    for place, array in enumerate(tensors.values()):
        array[...] = whole_numbers(array.shape, seed + place)
    x = whole_numbers(shape, seed)
    y = bench.forward(x)
    dy = whole_numbers(y.shape, seed + 1)
    expected = conv2d(layer, x, tensors["conv1.weight"], dy)
    bias = tensors["conv1.bias"][:, None, None] if layer.bias else 0.0
    np.testing.assert_array_equal(y, expected.y + bias)
    gradients = bench.backward(dy)
    np.testing.assert_array_equal(gradients["x"], expected.dx)
    np.testing.assert_array_equal(gradients["conv1.weight"], expected.d_weight)
    if layer.bias:
        np.testing.assert_array_equal(gradients["conv1.bias"], dy.sum(axis=(0, 2, 3)))


@st.composite
def poolings(draw: st.DrawFn) -> tuple[int, int | None, tuple[int, int, int, int], int]:
    """Side and step of a window, the shape of its input, and a seed."""
    kernel = draw(st.integers(1, 4))
    shape = [draw(st.integers(1, 2)), draw(st.integers(1, 2))]
    shape += [draw(st.integers(kernel, kernel + 5)) for _ in range(2)]
    return kernel, draw(st.none() | st.integers(1, 4)), tuple(shape), draw(st.integers(0, 99))


@quick
@given(poolings(), st.booleans())
def test_any_max_pooling_is_the_first_largest_of_each_window(
    drawn: tuple[int, int | None, tuple[int, int, int, int], int], fuse: bool
) -> None:
    kernel, stride, shape, seed = drawn
    layer = MaxPool2d(kernel, stride)
    bench = Bench(Case(repr(layer), shape[1:], (), 0, 0), shape[0], fuse=fuse)
    x = whole_numbers(shape, seed)
    y = bench.forward(x)
    dy = whole_numbers(y.shape, seed + 1)
    expected, dx = max_pool(layer, x, dy)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(bench.backward(dy)["x"], dx)


@quick
@given(poolings())
def test_any_average_pooling_is_the_mean_of_each_window_and_its_backward_the_transpose(
    drawn: tuple[int, int | None, tuple[int, int, int, int], int],
) -> None:
    kernel, stride, shape, seed = drawn
    layer = AvgPool2d(kernel, stride)
    bench = Bench(Case(repr(layer), shape[1:], (), 0, 0), shape[0])
    x = whole_numbers(shape, seed)
    y = bench.forward(x)
    np.testing.assert_allclose(y, avg_pool(layer, x), rtol=1e-12, atol=1e-12)
    dy = cotangent(y)
    dx = bench.backward(dy)["x"]
    assert math.isclose(np.vdot(dy, y), np.vdot(dx, x), rel_tol=1e-9, abs_tol=1e-9)


@quick
@given(convolutions(), st.permutations(["ReLU()", "MaxPool2d(2)"]), st.booleans())
def test_ties_behind_a_convolution_go_to_the_first_pixel_of_a_window(
    drawn: tuple[Conv2d, tuple[int, int, int, int], int], tail: list[str], relu: bool
) -> None:
    layer, shape, seed = drawn
    height, width = layer.output_shape(shape[1:])[1:]
    shape = (*shape[:2], shape[2] + 2 * layer.stride, shape[3] + 2 * layer.stride)
    assert layer.output_shape(shape[1:])[1:] == (height + 2, width + 2)
    if not relu:
        tail = ["MaxPool2d(2)"]
    case = Case("\n".join([repr(layer), *tail]), shape[1:], (), 0, 0)
    bench = Bench(case, shape[0])
    tensors = bench.store.public
    for place, array in enumerate(tensors.values()):
        array[...] = np.clip(whole_numbers(array.shape, seed + place), -1, 1)
    x = np.where(whole_numbers(shape, seed) > 1, 1.0, 0.0)  # flat ground, few values
    y = bench.forward(x)
    dy = whole_numbers(y.shape, seed + 1)
    z = conv2d(layer, x, tensors["conv1.weight"], None).y
    z += tensors["conv1.bias"][:, None, None] if layer.bias else 0.0
    rectified = np.maximum(z, 0) if relu else z
    pooled, dz = max_pool(MaxPool2d(2), rectified, dy)
    dz = dz * (z > 0) if relu else dz
    expected = conv2d(layer, x, tensors["conv1.weight"], dz)
    np.testing.assert_array_equal(y, pooled)
    gradients = bench.backward(dy)
    np.testing.assert_array_equal(gradients["x"], expected.dx)
    np.testing.assert_array_equal(gradients["conv1.weight"], expected.d_weight)
    if layer.bias:
        np.testing.assert_array_equal(gradients["conv1.bias"], dz.sum(axis=(0, 2, 3)))


@pytest.mark.parametrize("text", ["ReLU()", "LeakyReLU(0.25)"])
def test_the_derivative_at_zero_is_that_of_the_left_side(text: str) -> None:
    bench = Bench(Case(text, (1, 1, 3), (1, 1, 3), 0, 0), 1)
    bench.forward(np.array([[[[-0.0, 0.0, 1.0]]]]))
    slope = 0.25 if "Leaky" in text else 0.0
    dx = bench.backward(np.ones((1, 1, 1, 3)))["x"]
    np.testing.assert_array_equal(dx.ravel(), [slope, slope, 1.0])


@pytest.mark.parametrize("text", ["GELU()", "SiLU()", "Tanh()", "Sigmoid()"])
def test_saturated_activations_stay_finite(text: str) -> None:
    bench = Bench(Case(text, (1, 1, 4), (1, 1, 4), 0, 0), 1, dtype=np.float32)
    y = bench.forward(np.array([[[[-1e4, -90.0, 90.0, 1e4]]]], np.float32))
    assert np.isfinite(y).all()
    assert np.isfinite(bench.backward(np.ones_like(y))["x"]).all()


def test_batch_statistics_survive_a_great_mean() -> None:
    case = Case("BatchNorm2d()", (2, 8, 8), (2, 8, 8), 0, 0)
    bench = Bench(case, 4, dtype=np.float32)
    x = images(case, 4) + 1000.0
    single = x.astype(np.float32)
    y = bench.forward(single)
    expected = run(case.layers, single.astype(np.float64), bench.tensors)[-1]
    np.testing.assert_allclose(y, expected, atol=1e-3)


def test_running_statistics_move_by_the_momentum_towards_the_unbiased_ones() -> None:
    case = Case("BatchNorm2d(momentum=0.25)", (2, 3, 4), (2, 3, 4), 0, 0)
    bench, x = Bench(case, 3), images(case, 3)
    before = {name: array.copy() for name, array in bench.store.buffers.items()}
    bench.forward(x)
    for name, moment in (("running_mean", np.mean), ("running_var", lambda v: np.var(v, ddof=1))):
        batch = np.array([moment(x[:, c]) for c in range(2)])
        expected = 0.75 * before[f"norm1.{name}"] + 0.25 * batch
        np.testing.assert_allclose(bench.store.buffers[f"norm1.{name}"], expected, rtol=1e-12)


def test_batch_norm_of_one_number_a_channel_is_its_bias() -> None:
    bench = Bench(Case("BatchNorm2d()", (3, 1, 1), (3, 1, 1), 0, 0), 1)
    x = np.array([[[[5.0]], [[-7.0]], [[0.0]]]])
    np.testing.assert_allclose(bench.forward(x).ravel(), bench.store.public["norm1.bias"])
    assert np.isfinite(bench.store.buffers["norm1.running_var"]).all()


def test_batch_norm_before_any_training_is_nearly_the_identity() -> None:
    case = Case("BatchNorm2d()", (3, 4, 4), (3, 4, 4), 0, 0)
    model, x = Sequential(case.layers, case.input_shape, dtype=np.float64), images(case, 2)
    np.testing.assert_allclose(model.forward(x), x, rtol=1e-5)


def test_a_cropped_input_leaves_gradients_of_zero_where_nobody_reads() -> None:
    case = Case("Conv2d(2)\nReLU()\nMaxPool2d(2)", (1, 7, 9), (2, 2, 3), 0, 0)
    assert shapes_of(case.layers, case.input_shape)[-1] == case.output_shape
    bench, x = Bench(case, 2), images(case, 2)
    y = bench.forward(x)
    dx = bench.backward(cotangent(y))["x"]
    assert not dx[:, :, 6:].any()
    assert not dx[..., 8:].any()
    x[:, :, 6:] = 1e3
    x[..., 8:] = -1e3
    np.testing.assert_array_equal(bench.forward(x), y)
