"""What a decision rests on: gradients by the image, Grad-CAM and occlusion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from explain_cases import REGISTRY, random_image, random_model

from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.explain import (
    enlarge,
    grad_cam,
    gradient,
    gradient_times_input,
    integrated_gradients,
    occlusion,
)
from cnnlib.explain.quantities import Quantity
from cnnlib.layers import Layer
from cnnlib.model import Sequential, softmax

QUANTITIES: tuple[Quantity, ...] = ("score", "log_probability", "probability")
CONVOLUTIONS = (
    "Conv2d(4)\nBatchNorm2d()\nReLU()\nMaxPool2d(2)\nConv2d(3)\nTanh()\nFlatten()\nDense(3)"
)
NO_BIAS = "Conv2d(4, bias=False)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(3, bias=False)"


def quantity(model: Sequential, image: np.ndarray, target: int, of: Quantity) -> float:
    """By its definition, through the plain forward pass."""
    scores = model.forward(image[None])[0]
    if of == "score":
        return float(scores[target])
    probability = float(softmax(scores, axis=0)[target])
    return probability if of == "probability" else float(np.log(probability))


def uniform(model: Sequential, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.05, 0.95, model.input_shape)


def small(text: str, seed: int = 0) -> Sequential:
    model = Sequential.parse(text, (2, 8, 9), seed=seed, dtype=np.float64)
    rng = np.random.default_rng(seed)
    for array in model.buffers.values():
        array[...] = rng.uniform(0.5, 1.5, array.shape)
    return model


@pytest.mark.parametrize("of", QUANTITIES)
@pytest.mark.parametrize("wanted", REGISTRY, ids=lambda cls: cls.__name__)
def test_the_gradient_equals_central_differences(wanted: type[Layer], of: Quantity) -> None:
    model = random_model(1, wanted, np.float64)
    image = uniform(model)
    target = model.classes - 1
    found = gradient(model, image, target, of=of)
    assert found.shape == model.input_shape
    rng = np.random.default_rng(0)
    step = 1e-6
    for _ in range(25):
        index = tuple(int(rng.integers(side)) for side in image.shape)
        above, below = image.copy(), image.copy()
        above[index] += step
        below[index] -= step
        numeric = (quantity(model, above, target, of) - quantity(model, below, target, of)) / (
            2 * step
        )
        assert abs(found[index] - numeric) <= 1e-6 * (1 + abs(numeric)), index


def test_asking_leaves_no_trace_in_the_model() -> None:
    model = small(CONVOLUTIONS + "\nDropout(0.5)")
    image = uniform(model)
    x = np.random.default_rng(1).normal(size=(3, *model.input_shape))
    logits = model.forward(x, train=True)
    d = np.ones_like(logits)
    model.backward(d)
    tensors = {name: array.copy() for name, array in model.tensors().items()}
    gradients = model.flat_gradients.copy()
    model.forward(x, train=True)
    moved = {name: array.copy() for name, array in model.buffers.items()}
    for ask in (gradient, gradient_times_input, integrated_gradients, occlusion):
        ask(model, image)
    grad_cam(model, image, "conv2")
    assert np.array_equal(model.flat_gradients, gradients)
    assert all(np.array_equal(model.buffers[name], array) for name, array in moved.items())
    assert all(np.array_equal(model.parameters[name], tensors[name]) for name in model.parameters)
    model.backward(d)  # the forward pass before the questions is still the one that counts


def test_the_same_question_has_the_same_answer() -> None:
    model = small(CONVOLUTIONS + "\nDropout(0.5)")
    image = uniform(model)
    assert np.array_equal(gradient(model, image), gradient(model, image))


def test_bytes_and_their_numbers_are_one_image() -> None:
    model = Sequential.parse(CONVOLUTIONS, (2, 8, 9))
    image = random_image(model, 0)
    numbers = image * np.float32(1 / 255)
    assert gradient(model, image).dtype == np.float32
    assert np.array_equal(gradient(model, image), gradient(model, numbers))
    assert np.array_equal(occlusion(model, image), occlusion(model, numbers))
    assert np.array_equal(grad_cam(model, image, "conv1"), grad_cam(model, numbers, "conv1"))


def test_without_a_class_the_question_is_about_the_one_that_is_seen() -> None:
    model = small(CONVOLUTIONS)
    image = uniform(model)
    seen = int(model.predict(image[None])[0].argmax())
    for ask in (gradient, integrated_gradients, occlusion):
        assert np.array_equal(ask(model, image), ask(model, image, seen))
        assert not np.array_equal(ask(model, image), ask(model, image, (seen + 1) % 3))


def test_without_biases_gradient_times_input_adds_up_to_the_score() -> None:
    model = small(NO_BIAS)
    image = uniform(model)
    for target in range(3):
        found = gradient_times_input(model, image, target)
        assert found.sum() == pytest.approx(quantity(model, image, target, "score"))


@pytest.mark.parametrize("of", QUANTITIES)
@pytest.mark.parametrize("baseline", [0.0, 0.4])
def test_integrated_gradients_add_up_to_the_difference(baseline: float, of: Quantity) -> None:
    model = small("Conv2d(4)\nTanh()\nAvgPool2d(2)\nFlatten()\nDense(3)")
    image = uniform(model)
    found = integrated_gradients(model, image, 1, of=of, baseline=baseline, steps=200)
    empty = np.full(model.input_shape, baseline)
    gained = quantity(model, image, 1, of) - quantity(model, empty, 1, of)
    assert found.shape == model.input_shape
    assert found.sum() == pytest.approx(gained, abs=1e-4)


def test_integrated_gradients_of_a_linear_network_need_one_step() -> None:
    model = small("Flatten()\nDense(3)")
    image = uniform(model)
    one, many = (integrated_gradients(model, image, 0, steps=steps) for steps in (1, 37))
    assert np.allclose(one, many)
    assert np.allclose(one, gradient_times_input(model, image, 0))
    with pytest.raises(SpecificationError, match="steps"):
        integrated_gradients(model, image, 0, steps=0)


@pytest.mark.parametrize("layer", ["conv1", "norm1", "relu1", "pool1", "conv2", "tanh1"])
def test_grad_cam_follows_its_formula(layer: str) -> None:
    model = small(CONVOLUTIONS)
    image = uniform(model)
    maps = dict(model.activations(image))[layer]
    tail = Sequential(model.layers[model.names.index(layer) + 1 :], maps.shape, dtype=np.float64)
    after = [
        value for name, value in model.tensors().items() if _after(model, name.split(".")[0], layer)
    ]
    for array, value in zip(tail.tensors().values(), after, strict=True):
        array[...] = value
    positive = 0
    for target in range(3):
        found = grad_cam(model, image, layer, target)
        weights = gradient(tail, maps, target).mean((1, 2))
        expected = np.maximum((weights[:, None, None] * maps).sum(0), 0)
        assert found.shape == maps.shape[1:]
        assert np.allclose(found, expected, atol=1e-12)
        positive += np.count_nonzero(found)
    assert positive


def _after(model: Sequential, name: str, layer: str) -> bool:
    return model.names.index(name) > model.names.index(layer)


def test_grad_cam_of_the_last_layer_before_the_mean_is_the_class_activation_map() -> None:
    """For convolution, global mean, dense they are one (Zhou et al. 2016)."""
    model = small("Conv2d(5)\nReLU()\nGlobalAvgPool2d()\nDense(3)")
    image = uniform(model)
    maps = dict(model.activations(image))["relu1"]
    weights = model.parameters["dense1.weight"][1] / maps[0].size
    expected = np.maximum(np.tensordot(weights, maps, axes=1), 0)
    assert np.allclose(grad_cam(model, image, "relu1", 1), expected)


@pytest.mark.parametrize("layer", ["dense1", "flatten1", "conv9"])
def test_grad_cam_asks_for_a_layer_with_maps(layer: str) -> None:
    model = small(CONVOLUTIONS)
    with pytest.raises(SpecificationError, match="conv1, norm1"):
        grad_cam(model, uniform(model), layer)


def test_enlarging_is_linear_between_the_middles_of_cells() -> None:
    values = np.array([[0.0, 4.0], [8.0, 12.0]])
    assert np.array_equal(enlarge(values, (2, 2)), values)
    assert np.allclose(enlarge(values, (4, 4))[0], [0, 1, 3, 4])
    assert np.allclose(enlarge(values, (4, 4))[:, 0], [0, 2, 6, 8])
    assert enlarge(values, (28, 13)).shape == (28, 13)
    assert np.all(enlarge(np.full((1, 3), 2.5), (7, 9)) == 2.5)
    assert np.all(enlarge(np.full((5, 3), 2.5), (2, 1)) == 2.5)


@pytest.mark.parametrize("of", QUANTITIES)
def test_covering_a_constant_image_with_its_own_value_loses_nothing(of: Quantity) -> None:
    model = small(CONVOLUTIONS)
    found = occlusion(model, np.full(model.input_shape, 0.3), of=of, fill=0.3)
    assert found.shape == (8, 9)
    assert np.abs(found).max() <= 1e-12


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 2), (4, 4), (5, 3), (20, 7)])
@pytest.mark.parametrize("micro_batch", [1, 7, 500])
def test_occlusion_is_the_mean_loss_over_the_patches_of_a_pixel(
    size: int, stride: int, micro_batch: int
) -> None:
    model = small(CONVOLUTIONS)
    image = uniform(model)
    found = occlusion(
        model, image, 1, of="score", size=size, stride=stride, fill=0.5, micro_batch=micro_batch
    )
    height, width = image.shape[1:]
    tops, lefts = (
        sorted({*range(0, max(1, side - size + 1), stride), max(0, side - size)})
        for side in (height, width)
    )
    lost: dict[tuple[int, int], list[float]] = {place: [] for place in np.ndindex(height, width)}
    for top in tops:
        for left in lefts:
            covered = image.copy()
            covered[:, top : top + size, left : left + size] = 0.5
            loss = quantity(model, image, 1, "score") - quantity(model, covered, 1, "score")
            for place, losses in lost.items():
                if 0 <= place[0] - top < size and 0 <= place[1] - left < size:
                    losses.append(loss)
    expected = [np.mean(losses) for losses in lost.values()]
    assert np.allclose(found.ravel(), expected)


def test_occlusion_finds_the_pixel_that_decides() -> None:
    model = small("Flatten()\nDense(2)")
    weight = model.parameters["dense1.weight"]
    weight[...] = 0
    weight[1, 9 * 3 + 4] = 5.0
    found = occlusion(model, np.full(model.input_shape, 0.8), 1, size=3, stride=1)
    assert np.unravel_index(found.argmax(), found.shape) == (3, 4)
    assert found[3, 4] > 0
    assert found[0, 0] == 0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"size": 0}, "size"),
        ({"stride": 0}, "stride"),
        ({"micro_batch": 0}, "micro_batch"),
        ({"size": 2, "stride": 3}, "stride"),
        ({"of": "luck"}, "log_probability"),
    ],
)
def test_impossible_patches_are_refused(options: dict[str, object], word: str) -> None:
    model = small(CONVOLUTIONS)
    with pytest.raises(SpecificationError, match=word):
        occlusion(model, uniform(model), **options)  # type: ignore[arg-type]


ASKED: list[Callable[..., np.ndarray]] = [
    gradient,
    gradient_times_input,
    integrated_gradients,
    occlusion,
    lambda model, image, target=None: grad_cam(model, image, "conv1", target),
]


@pytest.mark.parametrize("ask", ASKED)
def test_what_does_not_fit_is_refused(ask: Callable[..., np.ndarray]) -> None:
    model = small(CONVOLUTIONS)
    with pytest.raises(ShapeError, match="2×8×9"):
        ask(model, np.zeros((1, 8, 9)))
    for target in (-1, 3):
        with pytest.raises(ShapeError, match="below 3"):
            ask(model, uniform(model), target)
    maps = small("Conv2d(4)")
    with pytest.raises(ShapeError, match="classes"):
        ask(maps, uniform(maps))
