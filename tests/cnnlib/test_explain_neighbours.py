"""The nearest images are those that a full sort finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.explain import features, nearest, nearest_images, pixels
from cnnlib.explain.neighbours import Metric
from cnnlib.model import Sequential

METRICS: tuple[Metric, ...] = ("euclidean", "cosine")
NETWORK = "Conv2d(4)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(6)\nTanh()\nDropout(0.5)\nDense(3)"


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, 9, 8)).astype(np.uint8)


def sorted_out(query: np.ndarray, vectors: np.ndarray, metric: Metric) -> np.ndarray:
    """All distances, one by one."""
    distances = []
    for vector in vectors.astype(np.float64):
        if metric == "euclidean":
            distances.append(float(np.sqrt(((vector - query) ** 2).sum())))
        else:
            lengths = np.sqrt((vector**2).sum()) * np.sqrt((query**2).sum())
            distances.append(1.0 if lengths == 0 else 1 - float(vector @ query) / lengths)
    return np.array(distances)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 999),
    n=st.integers(0, 40),
    block=st.integers(1, 50),
    count=st.integers(1, 45),
    metric=st.sampled_from(METRICS),
)
def test_they_are_the_first_of_a_full_sort(
    seed: int, n: int, block: int, count: int, metric: Metric
) -> None:
    """Small whole numbers make ties and zero vectors; equally near ones come in their order."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-1, 2, (n, 3)).astype(np.float64)
    query = rng.integers(-1, 2, 3).astype(np.float64)
    blocks = [vectors[start : start + block] for start in range(0, n, block)]
    found = nearest(query, blocks, count=count, metric=metric)
    distances = sorted_out(query, vectors, metric)
    assert len(found.indices) == min(count, n)
    assert np.allclose(found.distances, np.sort(distances)[:count], atol=1e-7)
    assert np.allclose(distances[found.indices], found.distances, atol=1e-7)
    if metric == "euclidean":
        assert np.array_equal(found.indices, np.argsort(distances, kind="stable")[:count])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("space", ["features", "pixels"])
def test_an_image_of_the_set_is_its_own_nearest(space: str, metric: Metric) -> None:
    model = Sequential.parse(NETWORK, (1, 9, 8))
    many = images(300)
    found = nearest_images(model, many[137], many, count=4, space=space, metric=metric)  # type: ignore[arg-type]
    assert found.indices[0] == 137
    assert found.distances[0] == pytest.approx(0, abs=1e-3)
    assert np.all(np.diff(found.distances) >= 0)
    assert len(set(found.indices.tolist())) == 4


def test_features_are_what_the_last_dense_layer_reads() -> None:
    model = Sequential.parse(NETWORK, (1, 9, 8))
    many = images(20)
    found = np.concatenate(list(features(model, many, block=7)))
    expected = [dict(model.activations(image))["dropout1"] for image in many]
    assert np.allclose(found, expected, atol=1e-6)
    logits = found @ model.parameters["dense2.weight"].T + model.parameters["dense2.bias"]
    assert np.allclose(logits, model.forward(many), atol=1e-5)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("Flatten()\nDense(3)", 72),
        ("Conv2d(3)\nGlobalAvgPool2d()", 72),
        ("ReLU()\nFlatten()", 72),
        ("Conv2d(2)\nMaxPool2d(2)\nConv2d(4, kernel=2)\nMaxPool2d(2)\nFlatten()", 2 * 3 * 3),
        ("Conv2d(2)\nBatchNorm2d()\nReLU()\nGlobalAvgPool2d()\nDense(3)", 2),
    ],
)
def test_every_network_has_features(text: str, size: int) -> None:
    model = Sequential.parse(text, (1, 9, 8))
    (found,) = features(model, images(3))
    assert found.shape == (3, size)


def test_blocks_are_of_their_own() -> None:
    model = Sequential.parse(NETWORK, (1, 9, 8))
    blocks = list(features(model, images(10), block=5))
    again = [block.copy() for block in features(model, images(10), block=5)]
    assert all(np.array_equal(a, b) for a, b in zip(blocks, again, strict=True))


def test_pixels_are_in_0_to_1_and_never_all_at_once() -> None:
    many = images(50)
    blocks = list(pixels(many, block=20))
    assert [len(block) for block in blocks] == [20, 20, 10]
    assert np.allclose(np.concatenate(blocks), many.reshape(50, -1) / 255)
    floats = many / 255
    assert np.allclose(np.concatenate(list(pixels(floats))), floats.reshape(50, -1))


def test_a_nearer_image_is_found_by_its_likeness() -> None:
    model = Sequential.parse(NETWORK, (1, 9, 8))
    many = images(100)
    query = many[42].copy()
    query[0, 3, 3] ^= 8
    found = nearest_images(model, query, many, count=1, space="pixels")
    assert found.indices.tolist() == [42]
    assert found.distances[0] == pytest.approx(8 / 255, rel=1e-4)


def test_what_cannot_be_compared_is_refused() -> None:
    model = Sequential.parse(NETWORK, (1, 9, 8))
    many = images(4)
    with pytest.raises(ShapeError, match="1, 9, 8"):
        nearest_images(model, many[0, :, :5], many)
    with pytest.raises(ShapeError, match="72 numbers"):
        nearest(np.zeros(72), [np.zeros((3, 71))])
    with pytest.raises(SpecificationError, match="count"):
        nearest_images(model, many[0], many, count=0)
    with pytest.raises(SpecificationError, match="cosine"):
        nearest_images(model, many[0], many, metric="manhattan")  # type: ignore[arg-type]
    with pytest.raises(SpecificationError, match="pixels"):
        nearest_images(model, many[0], many, space="dreams")  # type: ignore[arg-type]
