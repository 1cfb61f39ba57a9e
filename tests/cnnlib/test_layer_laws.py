"""What every layer promises besides its values: shapes, counts, text, types, and clean hands."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from layer_cases import CASES, FLAT, SMOOTH, Bench, Case, batch_last, cotangent, images
from naive_layers import conv2d, run

from cnnlib.arrays import Draw
from cnnlib.errors import SpecificationError
from cnnlib.layers import (
    GELU,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
)
from cnnlib.layers.chain import shapes_of
from cnnlib.model import Sequential
from cnnlib.text import family, parse, parse_lines

every_case = pytest.mark.parametrize("case", CASES, ids=str)
fused_and_not = pytest.mark.parametrize("fuse", [True, False], ids=["fused", "unfused"])

# One object of each class with every option away from its default.
UNUSUAL: list[Layer] = [
    Conv2d(6, 5, 2, 3, 2, 3, False, "glorot_uniform"),
    Conv2d(6, padding="same"),
    Conv2d(6, padding="valid"),
    Dense(7, False, "he_normal"),
    Flatten(),
    ReLU(),
    LeakyReLU(0.3),
    GELU(),
    SiLU(),
    Tanh(),
    Sigmoid(),
    MaxPool2d(3, 1),
    AvgPool2d(3, 1),
    GlobalAvgPool2d(),
    BatchNorm2d(0.2, 1e-3, 16),
    LayerNorm(1e-3),
    Dropout(0.25),
    Residual((Conv2d(4, padding="same"), ReLU()), (Conv2d(4, kernel=1),)),
    Residual([Residual([ReLU(), Residual([Dropout(0.5)])])]),
]


def test_every_layer_has_an_unusual_example() -> None:
    assert {type(layer) for layer in UNUSUAL} == set(family(Layer).values())


@pytest.mark.parametrize("layer", UNUSUAL, ids=repr)
def test_the_text_of_a_layer_gives_it_back(layer: Layer) -> None:
    assert parse(repr(layer), Layer) == layer
    assert repr(parse(repr(layer), Layer)) == repr(layer)
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.kind = "other"  # type: ignore[misc]


INFINITY, NAN = float("inf"), float("nan")
REFUSED: list[tuple[type[Layer], dict[str, Any]]] = [
    (Conv2d, {"filters": 0}),
    *((Conv2d, {"filters": 4, name: 0}) for name in ("kernel", "stride", "dilation", "groups")),
    (Conv2d, {"filters": 4, "padding": -1}),
    (Conv2d, {"filters": 4, "padding": "same", "kernel": 2}),
    (Conv2d, {"filters": 4, "groups": 3}),
    (Dense, {"units": 0}),
    *((LeakyReLU, {"slope": slope}) for slope in (INFINITY, NAN)),
    *((pool, {"kernel": 0}) for pool in (MaxPool2d, AvgPool2d)),
    *((pool, {"kernel": 2, "stride": 0}) for pool in (MaxPool2d, AvgPool2d)),
    *((BatchNorm2d, {"momentum": share}) for share in (0.0, 1.5, NAN)),
    *((norm, {"eps": eps}) for norm in (BatchNorm2d, LayerNorm) for eps in (0.0, INFINITY, NAN)),
    *((BatchNorm2d, {"ghost": images}) for images in (1, -2)),
    *((Dropout, {"rate": rate}) for rate in (1.0, -0.1, NAN)),
    (Residual, {"layers": ()}),
]


@pytest.mark.parametrize(("cls", "options"), REFUSED, ids=str)
def test_a_value_outside_its_domain_is_refused(cls: type[Layer], options: dict[str, Any]) -> None:
    with pytest.raises(SpecificationError) as caught:
        cls(**options)
    assert caught.value.where.startswith(cls.__name__ + ": ")
    assert caught.value.expected
    assert caught.value.received


@pytest.mark.parametrize("cls", family(Layer).values(), ids=lambda cls: cls.__name__)
def test_every_layer_says_what_it_and_its_options_are(cls: type[Layer]) -> None:
    assert (cls.__doc__ or "").strip()
    assert cls.kind.isidentifier()
    assert all(option.help for option in cls.options())


def test_kinds_differ() -> None:
    kinds = [cls.kind for cls in family(Layer).values()]
    assert len(set(kinds)) == len(kinds)


@every_case
def test_the_text_of_a_network_gives_it_back(case: Case) -> None:
    text = "\n".join(map(repr, case.layers))
    assert tuple(layer for _, layer in parse_lines(text, Layer)) == case.layers


@every_case
@fused_and_not
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("train", [True, False], ids=["train", "infer"])
def test_output_shape_tells_the_truth(case: Case, n: int, fuse: bool, train: bool) -> None:
    assert shapes_of(case.layers, case.input_shape)[-1] == case.output_shape
    bench = Bench(case, n, fuse=fuse, train=train)
    assert bench.forward(images(case, n)).shape == (n, *case.output_shape)
    assert bench.plan.chain.output_shape == case.output_shape


@every_case
def test_the_shape_after_each_layer_is_that_of_the_definition(case: Case) -> None:
    bench = Bench(case, 1)
    outputs = run(case.layers, images(case, 1), bench.tensors)
    assert [y.shape[1:] for y in outputs] == shapes_of(case.layers, case.input_shape)[1:]


@every_case
def test_parameters_and_multiply_adds_are_counted_right(case: Case) -> None:
    shapes = shapes_of(case.layers, case.input_shape)
    pairs = list(zip(case.layers, shapes, strict=False))
    arrays = Bench(case, 1).store.public
    assert sum(array.size for array in arrays.values()) == case.parameters
    counted = [p.size for layer, shape in pairs for p in layer.parameters(shape).values()]
    assert sum(counted) == case.parameters
    assert sum(layer.multiply_adds(shape) for layer, shape in pairs) == case.multiply_adds


@pytest.mark.parametrize("case", [c for c in CASES if isinstance(c.layers[0], Conv2d)], ids=str)
def test_a_convolution_takes_as_many_products_as_it_says(case: Case) -> None:
    layer = case.layers[0]
    weight = Bench(case, 1).store.public["conv1.weight"]
    products = conv2d(layer, images(case, 1), weight, None).products
    assert layer.multiply_adds(case.input_shape) == products


class Watched:
    """A kernel that may only read what it is given, and whose numbers are all of one type."""

    def __init__(self, kernel: Any, dtype: type) -> None:
        self._kernel, self._dtype = kernel, dtype
        self.output_shape = kernel.output_shape

    def forward(self, x: np.ndarray, draw: Draw) -> np.ndarray:
        self._x, self._copy = x, x.copy()
        y = self._kernel.forward(_read_only(x), draw)
        assert y.dtype == self._dtype
        assert np.array_equal(x, self._copy), "forward wrote to x"
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        copy = dy.copy()
        dx = self._kernel.backward(_read_only(dy))
        assert dx.dtype == self._dtype
        assert np.array_equal(dy, copy), "backward wrote to dy"
        assert np.array_equal(self._x, self._copy), "backward wrote to x"
        assert not np.shares_memory(dx, dy)
        return dx


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


@every_case
@fused_and_not
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels_read_their_inputs_only_and_keep_the_type(
    case: Case, fuse: bool, dtype: type
) -> None:
    bench = Bench(case, 3, fuse=fuse, dtype=dtype)
    kernels = bench.plan.chain.kernels
    kernels[:] = [Watched(kernel, dtype) for kernel in kernels]
    y = bench.forward(images(case, 3, dtype=dtype))
    gradients = bench.backward(cotangent(y))
    assert {array.dtype for array in (y, *gradients.values())} == {np.dtype(dtype)}
    assert {array.dtype for array in bench.store.buffers.values()} <= {np.dtype(dtype)}


@every_case
def test_a_gradient_is_added_to_what_stands_there(case: Case) -> None:
    bench = Bench(case, 2)
    dy = cotangent(bench.forward(images(case, 2)))
    once = bench.backward(dy)
    bench.store.flat_gradients.fill(1.0)
    bench.forward(images(case, 2))  # a kernel may have used up what it kept of the first
    bench.plan.backward(batch_last(dy))
    for name, array in bench.store.public_gradients.items():
        np.testing.assert_allclose(array, once[name] + 1.0, rtol=1e-12, err_msg=name)


@every_case
def test_inference_changes_nothing(case: Case) -> None:
    model = Sequential(case.layers, case.input_shape, seed=1, dtype=np.float64)
    x = images(case, 2)
    dy = cotangent(model.forward(x, train=True))
    if dy.ndim == 2:
        model.backward(dy)
    before = [a.copy() for a in (*model.tensors().values(), model.flat_gradients, x)]
    model.forward(x)
    model.predict(x) if dy.ndim == 2 else None
    model.activations(x[0])
    after = [*model.tensors().values(), model.flat_gradients, x]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("case", [c for c in CASES if len(c.output_shape) == 1], ids=str)
def test_an_inference_between_forward_and_backward_leaves_the_gradients_alone(case: Case) -> None:
    model = Sequential(case.layers, case.input_shape, dtype=np.float64)
    x = images(case, 2)
    dy = cotangent(model.forward(x, train=True))
    model.backward(dy)
    expected = model.flat_gradients.copy()
    model.forward(x, train=True)
    model.forward(-x)
    model.predict(x[:1])
    model.backward(dy)
    assert np.array_equal(model.flat_gradients, expected)


@pytest.mark.parametrize(
    ("case", "train"),
    [(c, train) for c in CASES for train in (True, False) if not (train and c.mixes_examples)],
    ids=str,
)
def test_an_example_does_not_depend_on_its_batch(case: Case, train: bool) -> None:
    x = images(case, 5)
    whole = Bench(case, 5, train=train)
    expected = whole.forward(x)
    for n in (1, 2):
        part = Bench(case, n, train=train)
        for start in range(0, 4, n):
            part.draw = whole.draw.part(start, n)
            y = part.forward(x[start : start + n])
            np.testing.assert_allclose(y, expected[start : start + n], rtol=1e-12, atol=1e-12)


@every_case
@pytest.mark.parametrize("kind", [SMOOTH, FLAT])
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("train", [True, False], ids=["train", "infer"])
def test_fusing_and_cropping_change_nothing(case: Case, n: int, kind: str, train: bool) -> None:
    x = images(case, n, kind)
    fused = Bench(case, n, train=train, input_gradient=train)
    plain = Bench(case, n, train=train, fuse=False, input_gradient=train)
    y, expected = fused.forward(x), plain.forward(x)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    for name, buffer in fused.store.buffers.items():
        np.testing.assert_allclose(buffer, plain.store.buffers[name], rtol=1e-12, err_msg=name)
    if train:
        dy = cotangent(y)
        expected_gradients = plain.backward(dy)
        for name, array in fused.backward(dy).items():
            np.testing.assert_allclose(
                array, expected_gradients[name], rtol=1e-11, atol=1e-11, err_msg=name
            )


@every_case
def test_gradients_without_that_of_the_input_are_the_same(case: Case) -> None:
    x = images(case, 2, FLAT)
    with_dx, without = Bench(case, 2), Bench(case, 2, input_gradient=False)
    dy = cotangent(with_dx.forward(x))
    expected = with_dx.backward(dy)
    np.testing.assert_allclose(without.forward(x), with_dx.forward(x), rtol=1e-12, atol=1e-12)
    without.backward(dy)
    for name, array in without.store.public_gradients.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-11, atol=1e-11, err_msg=name)
