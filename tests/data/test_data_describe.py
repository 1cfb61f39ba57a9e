"""A description equals what NumPy says of the whole at once, on sets that have every trait."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import data
from data import Dataset, Split


def dataset_of(
    images: np.ndarray, labels: np.ndarray, cut: int, classes: tuple[str, ...]
) -> Dataset:
    train, test = Split(images[:cut], labels[:cut]), Split(images[cut:], labels[cut:])
    return Dataset("made", "Made up", train, test, classes, "a test")


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(2, 60),
    channels=st.sampled_from([1, 3]),
    cut=st.data(),
)
def test_a_description_is_true(seed: int, n: int, channels: int, cut: st.DataObject) -> None:
    generator = np.random.default_rng(seed)
    images = generator.integers(0, generator.integers(2, 256), (n, channels, 2, 1), dtype=np.uint8)
    labels = generator.integers(0, 3, n, dtype=np.uint8)
    dataset = dataset_of(images, labels, cut.draw(st.integers(1, n - 1)), ("a", "b", "c", "none"))
    found = data.describe(dataset)
    background = np.bincount(dataset.train.images.ravel()).argmax()
    for name, split in (("train", dataset.train), ("test", dataset.test)):
        row = found.pixels.loc[name]
        assert row["min"] == split.images.min()
        assert row["max"] == split.images.max()
        assert row["mean"] == pytest.approx(split.images.mean())
        assert row["std"] == pytest.approx(split.images.std(), abs=1e-9)
        assert row["background"] == background
        assert row["background_share"] == pytest.approx((split.images == background).mean())
        counts = np.bincount(split.labels, minlength=4)
        assert found.counts[name].tolist() == counts.tolist()
        assert found.counts[f"{name}_share"].to_numpy() == pytest.approx(counts / len(split))
        assert found.splits.loc[name, "images"] == len(split)
        assert found.splits.loc[name, ["channels", "height", "width"]].tolist() == [channels, 2, 1]
    for kind in range(4):
        mine = dataset.train.images[dataset.train.labels == kind]
        mean = mine.mean(axis=0) if len(mine) else np.zeros((channels, 2, 1))
        assert found.mean_images[kind] == pytest.approx(mean, rel=1e-5)


def test_duplicates_within_and_between_splits() -> None:
    numbers = np.array([1, 2, 1, 3, 1, 4, 4, 2, 5], dtype=np.uint8)
    labels = np.array([0, 0, 0, 0, 1, 1, 0, 0, 1], dtype=np.uint8)
    images = np.zeros((9, 1, 2, 2), np.uint8)
    images[:, 0, 1, 1] = numbers
    found = data.describe(dataset_of(images, labels, 5, ("a", "b")))
    assert found.duplicates["images"].to_dict() == {
        "within train": 2,
        "within test": 1,
        "test also in train": 1,
    }
    assert found.duplicates["other_label"].tolist() == [1, 1, 0]
    assert found.repeated.to_dict(orient="list") == {
        "split": ["train", "train", "test", "test"],
        "index": [2, 4, 1, 2],
        "label": [0, 1, 0, 0],
        "of_split": ["train", "train", "test", "train"],
        "of_index": [0, 0, 0, 1],
        "of_label": [0, 0, 1, 0],
    }


def test_a_description_as_json_is_plain_and_complete() -> None:
    dataset = dataset_of(np.zeros((6, 1, 2, 2), np.uint8), np.zeros(6, np.uint8), 4, ("0",))
    plain = json.loads(json.dumps(data.describe(dataset).to_dict(), allow_nan=False))
    assert plain["sha256"] == dataset.sha256
    assert plain["splits"]["train"] == {
        "images": 4,
        "channels": 1,
        "height": 2,
        "width": 2,
        "dtype": "uint8",
        "labels": "uint8",
        "megabytes": pytest.approx(20 / 1e6),
    }
    assert plain["counts"] == {"0": {"train": 4, "test": 2, "train_share": 1, "test_share": 1}}
    assert plain["duplicates"]["test also in train"] == {"images": 2, "other_label": 0}
    assert plain["pixels"]["test"]["background_share"] == 1


def test_describing_takes_less_memory_than_the_set_in_floating_point() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20_000, 1, 28, 28), dtype=np.uint8)
    dataset = dataset_of(images, np.zeros(20_000, np.uint8), 15_000, ("a",))
    data.describe(dataset_of(images[:10], np.zeros(10, np.uint8), 5, ("a",)))
    tracemalloc.start()
    data.describe(dataset)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 3 * images.nbytes
