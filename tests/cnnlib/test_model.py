"""Sequential: names, text, shapes, weights, and answers that depend on no plan."""

from __future__ import annotations

import numpy as np
import pytest
from layer_cases import CASES, Case, images

from cnnlib.architectures import ARCHITECTURES, for_classes
from cnnlib.checking import check
from cnnlib.errors import CheckpointError, ShapeError, SpecificationError
from cnnlib.layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU
from cnnlib.model import NO_DRAW, Sequential
from cnnlib.parameters import ParameterStore
from cnnlib.plan import Plan, examples_first

MNIST = (1, 28, 28)
every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def digits(count: int, shape: tuple[int, ...] = MNIST) -> np.ndarray:
    """Bytes with a flat ground, as digits have."""
    rng = np.random.default_rng(count)
    pixels = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    pixels[rng.random(pixels.shape) < 0.7] = 0
    return pixels


def model_of(name: str, dtype: type = np.float32) -> Sequential:
    return Sequential.parse(ARCHITECTURES[name], MNIST, seed=1, dtype=dtype)


def test_names_count_within_a_kind() -> None:
    model = Sequential.parse(ARCHITECTURES["lenet"], MNIST)
    assert model.names == (
        *("conv1", "relu1", "pool1", "conv2", "relu2", "pool2"),
        *("flatten1", "dense1", "relu3", "dense2"),
    )
    assert list(model.parameters) == [
        *("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"),
        *("dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"),
    ]
    assert model.parameters["conv2.weight"].shape == (16, 8, 5, 5)
    assert model.parameters["dense1.weight"].shape == (64, 16 * 5 * 5)
    assert model.output_shape == (10,)
    assert model.classes == 10


def test_another_activation_renames_no_convolution() -> None:
    layers = [Conv2d(2), Conv2d(3), Flatten(), Dense(2)]
    more = [Conv2d(2), ReLU(), MaxPool2d(2), Conv2d(3), Flatten(), Dense(2)]
    first, second = (Sequential(chosen, (1, 12, 12)) for chosen in (layers, more))
    assert list(first.parameters) == list(second.parameters)


@every_architecture
def test_the_text_of_a_model_gives_it_back(name: str) -> None:
    model = model_of(name)
    again = Sequential.parse(model.text(), MNIST, seed=1)
    assert again.layers == model.layers
    assert again.text() == model.text()
    assert np.array_equal(again.flat_parameters, model.flat_parameters)


@every_architecture
def test_an_architecture_fits_any_number_of_classes(name: str) -> None:
    text = for_classes(ARCHITECTURES[name], 7)
    assert check(text, MNIST, classes=7).ok
    assert Sequential.parse(text, (3, 32, 32)).classes == 7


@every_case
def test_a_summary_tells_shapes_and_counts(case: Case) -> None:
    rows = Sequential(case.layers, case.input_shape).summary()
    assert rows[-1].output_shape == case.output_shape
    assert sum(row.parameters for row in rows) == case.parameters
    assert sum(row.multiply_adds for row in rows) == case.multiply_adds
    assert [row.text for row in rows] == list(map(repr, case.layers))
    assert [row.line for row in rows] == list(range(1, len(rows) + 1))


@every_case
def test_parameters_are_views_of_one_vector(case: Case) -> None:
    model = Sequential(case.layers, case.input_shape)
    for views, flat in (
        (model.parameters, model.flat_parameters),
        (model.gradients, model.flat_gradients),
    ):
        flat[:] = np.arange(flat.size)
        found = [view.ravel() for view in views.values()]
        joined = np.sort(np.concatenate(found)) if found else np.empty(0)
        np.testing.assert_array_equal(joined, np.arange(flat.size))


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_first_weights_follow_from_the_seed(seed: int) -> None:
    first, again = (Sequential.parse(ARCHITECTURES["lenet"], MNIST, seed=seed) for _ in range(2))
    other = Sequential.parse(ARCHITECTURES["lenet"], MNIST, seed=seed + 1)
    assert np.array_equal(first.flat_parameters, again.flat_parameters)
    for name, array in first.parameters.items():
        if name.endswith("weight"):
            assert not np.array_equal(array, other.parameters[name])
        else:
            assert not array.any()
    spread = first.parameters["conv2.weight"].std()
    assert spread == pytest.approx(np.sqrt(2 / (8 * 25)), rel=0.1)


# ------------------------------------------------------------------ answers
@every_architecture
def test_probabilities_are_probabilities_in_any_micro_batch(name: str) -> None:
    model, pixels = model_of(name), digits(23)
    expected = model.predict(pixels)
    assert expected.shape == (23, 10)
    assert expected.dtype == np.float32
    np.testing.assert_allclose(expected.sum(axis=1), 1.0, atol=1e-6)
    assert (expected >= 0).all()
    for micro_batch in (1, 2, 7, 23, 100):
        found = model.predict(pixels, micro_batch=micro_batch)
        np.testing.assert_allclose(found, expected, atol=1e-5)


@every_architecture
def test_bytes_are_numbers_between_0_and_1(name: str) -> None:
    model, pixels = model_of(name), digits(5)
    as_numbers = pixels.astype(np.float32) / np.float32(255)
    np.testing.assert_allclose(model.predict(pixels), model.predict(as_numbers), atol=1e-6)


def test_no_image_has_no_probability() -> None:
    assert model_of("tiny").predict(digits(3)[:0]).shape == (0, 10)


@every_case
def test_activations_end_in_the_output_and_name_every_layer(case: Case) -> None:
    model = Sequential(case.layers, case.input_shape, seed=2, dtype=np.float64)
    image = images(case, 1)[0]
    found = model.activations(image)
    assert tuple(name for name, _ in found) == model.names
    assert [y.shape for _, y in found] == [row.output_shape for row in model.summary()]
    np.testing.assert_allclose(found[-1][1], model.forward(image[None])[0], rtol=1e-11, atol=1e-11)


def test_activations_are_unfused() -> None:
    model = model_of("lenet", np.float64)
    found = dict(model.activations(digits(1)[0]))
    assert (found["conv1"] < 0).any()
    np.testing.assert_array_equal(found["relu1"], np.maximum(found["conv1"], 0))
    blocks = found["relu1"].reshape(8, 14, 2, 14, 2)
    np.testing.assert_array_equal(found["pool1"], blocks.max(axis=(2, 4)))
    np.testing.assert_array_equal(found["flatten1"], found["pool2"].ravel())


@every_architecture
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_architecture_gives_the_same_however_it_is_planned(name: str, dtype: type) -> None:
    tolerance = 2e-5 if dtype == np.float32 else 1e-12
    model, pixels = model_of(name, dtype), digits(12)
    text = "\n".join(line for line in model.text().splitlines() if "Dropout" not in line)
    model = Sequential.parse(text, MNIST, seed=3, dtype=dtype)
    rng = np.random.default_rng(5)
    d_logits = rng.normal(size=(12, 10)).astype(dtype)
    plain = Plan(model.layers, MNIST, 12, model.store, train=True, fuse=False)
    logits = examples_first(plain.forward(pixels, NO_DRAW))
    model.flat_gradients.fill(0)
    plain.backward(np.ascontiguousarray(d_logits.T))
    expected = model.flat_gradients.copy()
    for size in (1, 4, 5, 12):
        model.flat_gradients.fill(0)
        for start in range(0, 12, size):
            part = slice(start, min(start + size, 12))
            plan = model.plan(part.stop - start, train=True)
            found = examples_first(plan.forward(pixels[part], NO_DRAW))
            np.testing.assert_allclose(found, logits[part], rtol=tolerance, atol=tolerance)
            plan.backward(np.ascontiguousarray(d_logits[part].T))
        scale = np.abs(expected).max()
        np.testing.assert_allclose(model.flat_gradients, expected, atol=tolerance * scale)


@pytest.mark.parametrize(
    "text",
    [
        "Conv2d(4, kernel=3)\nReLU()\nMaxPool2d(2)\nConv2d(4, kernel=3)\nReLU()\nMaxPool2d(2)",
        'Conv2d(4, kernel=5, padding="same")\nReLU()\nMaxPool2d(2)\nConv2d(4)\nMaxPool2d(2)',
        "Conv2d(4, stride=2)\nGELU()\nMaxPool2d(2)\nConv2d(4)\nReLU()\nAvgPool2d(2)",
        "Conv2d(4)\nBatchNorm2d()\nReLU()\nMaxPool2d(2)\nConv2d(4)\nMaxPool2d(3, stride=2)",
        "MaxPool2d(3)\nConv2d(4)\nMaxPool2d(2)",
        'Residual([Conv2d(1, padding="same")])\nMaxPool2d(2)\nConv2d(2)\nReLU()\nMaxPool2d(2)',
    ],
)
@pytest.mark.parametrize("size", [27, 29, 31])
def test_pixels_that_nobody_reads_change_nothing(text: str, size: int) -> None:
    text += "\nFlatten()\nDense(3)"
    model = Sequential.parse(text, (1, size, size), seed=1, dtype=np.float64)
    pixels = digits(3, (1, size, size))
    d_logits = np.ones((3, 3))
    plain = Plan(model.layers, model.input_shape, 3, model.store, train=True, fuse=False)
    expected = examples_first(plain.forward(pixels, NO_DRAW))
    model.flat_gradients.fill(0)
    plain.backward(np.ascontiguousarray(d_logits.T))
    gradients = model.flat_gradients.copy()
    np.testing.assert_allclose(model.forward(pixels, train=True), expected, rtol=1e-11)
    model.backward(d_logits)
    np.testing.assert_allclose(model.flat_gradients, gradients, rtol=1e-9, atol=1e-10)


# ------------------------------------------------------------------ weights
@every_case
def test_tensors_carry_a_model_to_another(case: Case) -> None:
    first, second = (Sequential(case.layers, case.input_shape, seed=s) for s in (1, 2))
    for array in first.buffers.values():
        array += 0.5
    second.load({name: array.copy() for name, array in first.tensors().items()})
    assert np.array_equal(first.flat_parameters, second.flat_parameters)
    for name, array in first.tensors().items():
        assert np.array_equal(second.tensors()[name], array)


def _damaged(kind: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if kind == "missing":
        del tensors["norm1.running_var"]
    elif kind == "extra":
        tensors["conv2.weight"] = np.zeros(3)
    elif kind == "misshapen":
        tensors["conv1.weight"] = tensors["conv1.weight"].transpose(1, 0, 2, 3)
    return tensors


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("missing", "without norm1.running_var"),
        ("extra", "with conv2.weight"),
        ("misshapen", "conv1.weight is (2, 4, 3, 3), not (4, 2, 3, 3)"),
    ],
)
def test_tensors_of_another_model_are_refused_and_nothing_changes(kind: str, word: str) -> None:
    model = Sequential.parse("Conv2d(4)\nBatchNorm2d()\nFlatten()\nDense(2)", (2, 6, 6))
    before = {name: array.copy() for name, array in model.tensors().items()}
    tensors = _damaged(kind, {name: array + 1 for name, array in before.items()})
    with pytest.raises(CheckpointError, match="the weights: expected") as caught:
        model.load(tensors)
    assert word in str(caught.value)
    assert all(np.array_equal(model.tensors()[name], array) for name, array in before.items())


# ------------------------------------------------------------------ refusals
@pytest.mark.parametrize("shape", [(28, 28), (2, 28, 28), (4, 1, 28, 27), (1, 1, 28, 28, 1)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    model = model_of("tiny")
    for ask in (model.forward, model.predict):
        with pytest.raises(ShapeError, match=r"images of shape \(N, 1, 28, 28\)"):
            ask(np.zeros(shape, np.float32))
    if len(shape) != 4:
        with pytest.raises(ShapeError):
            model.activations(np.zeros(shape, np.float32)[0])


def test_backward_needs_a_forward_of_as_many_examples() -> None:
    model = model_of("tiny")
    with pytest.raises(ShapeError, match="received none"):
        model.backward(np.zeros((2, 10)))
    model.forward(digits(3), train=True)
    with pytest.raises(ShapeError, match="received 3 examples"):
        model.backward(np.zeros((2, 10)))
    model.backward(np.zeros((3, 10)))
    with pytest.raises(ShapeError, match="received none"):
        model.backward(np.zeros((3, 10)))


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([], MNIST),
        ([Flatten(), Dense(2)], (28, 28)),
        ([Dense(2)], MNIST),
        ([Conv2d(2, 9)], (1, 8, 8)),
    ],
)
def test_a_network_that_cannot_be_is_refused(layers: list, shape: tuple[int, ...]) -> None:
    with pytest.raises(SpecificationError):
        Sequential(layers, shape)


def test_a_public_view_follows_the_stored_array() -> None:
    store = ParameterStore((Conv2d(2, kernel=3),), (3, 5, 5), 0, np.dtype(np.float32))
    store.stored["conv1.weight"][1, 2, 0, 1] = 7.0  # (F, K, K, C) in memory
    assert store.public["conv1.weight"][1, 1, 2, 0] == 7.0  # (F, C, K, K) for people
    store.flat[:] = np.arange(store.flat.size)
    assert store.public["conv1.bias"][-1] == store.flat[-1]
