"""The numbers of an explanation are the network's numbers, and they add up."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from explain_cases import MAKERS, REGISTRY, random_image, random_model

from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.explain import IMAGE, Place, Trace, explain, explain_place, receptive_field
from cnnlib.explain.parts import (
    Applied,
    Arithmetic,
    Copied,
    Largest,
    Mean,
    Normalized,
    Pixel,
    Summed,
    WeightedSum,
    WeightedWindow,
)
from cnnlib.explain.places import as_images
from cnnlib.layers import AvgPool2d, Conv2d, Dense, Flatten, Layer, ReLU, Residual
from cnnlib.model import Sequential

each_layer = pytest.mark.parametrize("wanted", REGISTRY, ids=lambda cls: cls.__name__)


def close(a: float, b: float, scale: float = 1.0) -> bool:
    return abs(a - b) <= 1e-5 * max(1.0, abs(a), scale)


def random_place(name: str, values: np.ndarray, rng: np.random.Generator) -> Place:
    sides = as_images(values.shape)
    return Place(name, *(int(rng.integers(side)) for side in sides))


def added_up(parts: Arithmetic) -> float:
    """The value again, from the parts alone."""
    match parts:
        case WeightedWindow():
            assert np.array_equal(parts.products, parts.patch * parts.kernel)
            assert np.allclose(parts.channel_sums, parts.products.sum((1, 2)), atol=1e-12)
            assert not parts.patch[:, ~parts.inside].any()
            return math.fsum(parts.channel_sums) + (parts.bias or 0.0)
        case WeightedSum():
            assert np.array_equal(parts.products, parts.inputs * parts.weights)
            assert np.all(np.diff(np.abs(parts.products)) <= 0)
            return math.fsum(parts.products) + parts.rest + (parts.bias or 0.0)
        case Largest():
            assert parts.window[parts.winner] == parts.window.max()
            before = parts.window.ravel()[: np.ravel_multi_index(parts.winner, parts.window.shape)]
            assert np.all(before < parts.value)
            return float(parts.window[parts.winner])
        case Mean():
            assert parts.count == parts.window.size
            assert parts.total == pytest.approx(math.fsum(parts.window.ravel()), abs=1e-9)
            return parts.total / parts.count
        case Normalized():
            again = (parts.x - parts.mean) / math.sqrt(parts.var + parts.eps)
            assert again == pytest.approx(parts.normalized)
            return parts.weight * parts.normalized + parts.bias
        case Summed():
            return parts.main + parts.shortcut
        case Copied():
            return parts.x
        case Applied():
            names = {"max": max, "x": parts.x, "pi": math.pi}
            names |= {name: getattr(math, name) for name in ("tanh", "exp", "sqrt")}
            formula = parts.formula.replace("^", "**")
            if " where " in formula:
                formula = "x if x > 0 else " + formula.split("else ")[1]
            return float(eval(formula, {}, names))
        case Pixel():
            return parts.value if parts.byte is None else parts.byte / 255
    raise AssertionError(f"nobody adds up a {type(parts).__name__}")


def test_every_layer_of_the_registry_is_put_to_the_test() -> None:
    assert set(MAKERS) == set(REGISTRY)


@each_layer
@pytest.mark.parametrize("seed", range(8))
def test_the_value_is_the_layers_output_and_its_parts_add_up(
    wanted: type[Layer], seed: int
) -> None:
    model = random_model(seed, wanted)
    image = random_image(model, seed)
    rng = np.random.default_rng(seed)
    trace = Trace(model, image)
    seen = set()
    for name, values in model.activations(image):
        for _ in range(6):
            place = random_place(name, values, rng)
            parts = explain_place(trace, place, top=int(rng.integers(0, 12)))
            truth = float(values.reshape(as_images(values.shape))[place[1:]])
            assert close(parts.value, truth), (place, parts)
            assert close(added_up(parts), parts.value), (place, parts)
            assert parts.place == place
            assert parts.layer == repr(trace.station(name).layer)
        seen.add(type(trace.station(name).layer))
    assert wanted in seen


@each_layer
def test_layers_inside_others_are_explained_and_are_the_ones_that_count(
    wanted: type[Layer],
) -> None:
    for seed in range(4):
        model = random_model(seed, wanted)
        image = random_image(model, seed)
        trace = Trace(model, image)
        for name, values in model.activations(image):
            assert np.array_equal(trace.outputs[name], values)
        rng = np.random.default_rng(seed)
        for name, values in trace.outputs.items():
            place = random_place(name, values, rng)
            parts = explain_place(trace, place)
            assert close(parts.value, trace.value(place))
            assert close(added_up(parts), parts.value)


@each_layer
@pytest.mark.parametrize("seed", range(3))
def test_sources_hold_the_numbers_that_were_read(wanted: type[Layer], seed: int) -> None:
    """A screen can walk back: what a source names is what the parts say, down to the image."""
    model = random_model(seed, wanted)
    trace = Trace(model, random_image(model, seed))
    rng = np.random.default_rng(seed)
    for name, values in trace.outputs.items():
        parts = explain_place(trace, random_place(name, values, rng), top=5)
        assert bool(parts.sources) == (name != IMAGE)
        for source in parts.sources:
            assert source.layer in trace.outputs
        match parts:
            case WeightedWindow():
                for index in np.ndindex(parts.patch.shape):
                    found = parts.sources[0].at(*index)
                    assert (found is not None) == parts.inside[index[1:]]
                    expected = 0.0 if found is None else trace.value(found)
                    assert parts.patch[index] == expected
            case WeightedSum():
                for unit, x in zip(parts.units, parts.inputs, strict=True):
                    assert trace.value(Place(parts.sources[0].layer, int(unit))) == x
            case Largest():
                assert trace.value(parts.winner_place) == pytest.approx(parts.value)
                assert parts.sources[0].at(0, *parts.winner) == parts.winner_place
            case Mean():
                for index in np.ndindex(parts.window.shape):
                    found = parts.sources[0].at(0, *index)
                    assert found is not None
                    assert trace.value(found) == parts.window[index]
            case Applied() | Copied() | Normalized():
                found = parts.sources[0].at(0, 0, 0)
                assert found is not None
                assert trace.value(found) == parts.x
            case Summed():
                ways = [source.at(0, 0, 0) for source in parts.sources]
                assert [trace.value(way) for way in ways if way] == [parts.main, parts.shortcut]


def test_a_walk_from_a_score_ends_at_the_image() -> None:
    model = Sequential.parse(
        "Conv2d(4)\nReLU()\nMaxPool2d(2)\nResidual([Conv2d(4, padding=1)])\nFlatten()\nDense(3)",
        (1, 9, 8),
    )
    trace = Trace(model, random_image(model, 1))
    place, steps = Place("dense1", 2), []
    while place.layer != IMAGE:
        steps.append(place.layer)
        parts = explain_place(trace, place)
        if isinstance(parts, WeightedSum):
            place = Place(parts.sources[0].layer, int(parts.units[0]))
        elif isinstance(parts, Largest):
            place = parts.winner_place
        else:
            source = parts.sources[0]
            middle = len(source.rows) // 2, len(source.columns) // 2
            found = source.at(0, *middle)
            assert found is not None
            place = found
    assert steps == [
        "dense1",
        "flatten1",
        "residual1",
        "residual1.conv1",
        "pool1",
        "relu1",
        "conv1",
    ]
    assert isinstance(explain_place(trace, place), Pixel)


def test_contributions_of_a_dense_layer_that_are_not_shown_are_in_the_rest() -> None:
    model = Sequential.parse("Flatten()\nDense(4)", (1, 5, 5))
    image = random_image(model, 2)
    shown = [explain(model, image, "dense1", 1, top=top) for top in (0, 3, 25, 99)]
    assert [part.rest_count for part in shown if isinstance(part, WeightedSum)] == [25, 22, 0, 0]
    assert np.ptp([part.value for part in shown]) < 1e-12


def test_the_first_of_the_largest_wins_in_reading_order() -> None:
    model = Sequential.parse("MaxPool2d(3)", (1, 3, 3))
    image = np.array([[[0, 7, 2], [7, 7, 1], [0, 0, 7]]], np.uint8)
    parts = explain(model, image, "pool1", 0, 0, 0)
    assert isinstance(parts, Largest)
    assert parts.winner == (0, 1)
    assert parts.winner_place == Place(IMAGE, 0, 0, 1)


def test_a_pixel_is_a_byte_where_the_image_has_bytes() -> None:
    model = Sequential.parse("ReLU()", (1, 2, 2))
    bytes_of = explain(model, np.full((1, 2, 2), 51, np.uint8), IMAGE, 0, 1, 1)
    assert isinstance(bytes_of, Pixel)
    assert (bytes_of.byte, bytes_of.value) == (51, pytest.approx(0.2))
    for number in (0.2001, -3.0, 7.0, math.nan):
        other = explain(model, np.full((1, 2, 2), number), IMAGE, 0, 1, 1)
        assert isinstance(other, Pixel)
        assert other.byte is None


def test_parts_are_copies_that_nothing_changes_later() -> None:
    model = Sequential.parse("Conv2d(2)", (1, 4, 4))
    image = random_image(model, 0)
    parts = explain(model, image, "conv1", 1, 0, 1)
    assert isinstance(parts, WeightedWindow)
    before = parts.kernel.copy(), parts.patch.copy()
    model.flat_parameters.fill(0)
    image.fill(0)
    assert np.array_equal(parts.kernel, before[0])
    assert np.array_equal(parts.patch, before[1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        parts.value = 0.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("place", "error", "word"),
    [
        (("conv9", 0, 0, 0), SpecificationError, "conv1"),
        (("conv1", 2, 0, 0), ShapeError, "conv1"),
        (("conv1", 0, -1, 0), ShapeError, "conv1"),
        (("flatten1", 0, 0, 1), ShapeError, "flatten1"),
        ((IMAGE, 0, 4, 0), ShapeError, "image"),
    ],
)
def test_a_place_that_is_not_there_is_named(
    place: tuple[str, int, int, int], error: type[Exception], word: str
) -> None:
    model = Sequential.parse("Conv2d(2)\nFlatten()", (1, 4, 4))
    with pytest.raises(error, match=word):
        explain(model, np.zeros((1, 4, 4), np.uint8), *place)


def test_an_image_of_another_size_is_refused() -> None:
    model = Sequential.parse("ReLU()", (1, 4, 4))
    with pytest.raises(ShapeError, match="1×4×4"):
        explain(model, np.zeros((1, 5, 4), np.uint8), "relu1", 0, 0, 0)


def naive_field(model: Sequential, place: Place) -> tuple[int, int, int, int]:
    """Where a large change of a pixel changes a number, one pixel at a time."""
    rng = np.random.default_rng(3)
    image = rng.uniform(0.5, 1.0, model.input_shape)
    base = Trace(model, image).value(place)
    touched = np.zeros(model.input_shape[1:], bool)
    for row, column in np.ndindex(touched.shape):
        other = image.copy()
        other[:, row, column] += 100.0
        touched[row, column] = Trace(model, other).value(place) != base
    if not touched.any():
        return (0, 0, 0, 0)
    rows, columns = np.nonzero(touched)
    return (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)


@pytest.mark.parametrize(
    "text",
    [
        "Conv2d(1)\nReLU()\nConv2d(1, stride=2, padding=1)\nMaxPool2d(2)",
        "Conv2d(2, dilation=2, padding='same')\nAvgPool2d(3, stride=2)\nTanh()",
        "Conv2d(1, kernel=2, padding=3)\nMaxPool2d(2)",
        "Residual([Conv2d(1, padding='same'), Conv2d(1, padding='same')])\nAvgPool2d(2)",
        "Residual([Conv2d(2, stride=2, padding=1)], [Conv2d(2, kernel=1, stride=2)])\nReLU()",
        "MaxPool2d(2)\nFlatten()\nReLU()",
        "Conv2d(2)\nGlobalAvgPool2d()\nDropout()\nDense(2)",
    ],
)
def test_the_receptive_field_is_where_pixels_change_a_number(text: str) -> None:
    model = Sequential.parse(text, (1, 9, 8), dtype=np.float64)
    for name, array in model.parameters.items():
        array[...] = 0.1 if "weight" in name else 0.0
    trace = Trace(model, np.zeros(model.input_shape))
    rng = np.random.default_rng(0)
    for name in trace.stations:
        channels, height, width = trace.images(name).shape
        for row, column in {(0, 0), (height - 1, width - 1), (height // 2, width // 2)}:
            channel = int(rng.integers(channels))
            place = Place(name, channel, row, column)
            unit = channel if trace.outputs[name].ndim == 1 else None
            found = receptive_field(model, name, row, column, unit=unit)
            assert found == naive_field(model, place), (name, place)


def test_features_of_an_image_rest_on_all_that_is_read() -> None:
    model = Sequential([Conv2d(2), AvgPool2d(2), Flatten(), ReLU(), Dense(3)], (1, 8, 9))
    assert receptive_field(model, "dense1") == (0, 0, 8, 8)
    assert receptive_field(model, "relu1") == (0, 0, 8, 8)
    assert receptive_field(model, "relu1", unit=0) == (0, 0, 4, 4)
    assert receptive_field(model, IMAGE, 2, 3) == (2, 3, 3, 4)


def test_many_residuals_in_a_row_are_followed_at_once() -> None:
    block = Residual([Conv2d(1, padding="same"), ReLU()])
    model = Sequential([block] * 40, (1, 9, 9))
    assert receptive_field(model, "residual3", 4, 4) == (1, 1, 8, 8)
    assert receptive_field(model, "residual40", 4, 4) == (0, 0, 9, 9)


@pytest.mark.parametrize("name", ["conv7", "dense"])
def test_a_layer_that_is_not_there_has_no_field(name: str) -> None:
    model = Sequential.parse("Conv2d(2)", (1, 4, 4))
    with pytest.raises(SpecificationError, match="conv1"):
        receptive_field(model, name)
    with pytest.raises(ShapeError, match="conv1"):
        receptive_field(model, "conv1", 2, 0)
