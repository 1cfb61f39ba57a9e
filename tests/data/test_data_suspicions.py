"""What is suspicious in a data set is named, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

import data
from data import Dataset, Split, describe
from data.suspicions import suspicions


def made(train: np.ndarray, train_labels: list[int], test: np.ndarray, test_labels: list[int]):
    dataset = Dataset(
        "d",
        "d",
        Split(train, np.array(train_labels, np.uint8)),
        Split(test, np.array(test_labels, np.uint8)),
        ("a", "b", "c"),
        "here",
    )
    return suspicions(describe(dataset))


def pictures(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, 5, 5), dtype=np.uint8)


def texts(found) -> str:
    return "\n".join(each.text for each in found)


def test_sound_data_raise_no_suspicion():
    assert made(pictures(6), [0, 1, 2] * 2, pictures(3, 1), [0, 1, 2]) == []


def test_the_embedded_data_raise_none():
    assert suspicions(describe(data.load("mnist-5k"))) == []


def test_copies_across_splits_are_serious_and_named():
    train, test = pictures(6), pictures(3, 1)
    test[1] = train[4]
    (found,) = made(train, [0, 1, 2] * 2, test, [0, 1, 2])
    assert found.serious
    assert found.text == "1 image of test stands in train too"
    assert found.images == (("test", 1),)


def test_copies_within_a_split_and_under_another_label():
    train = pictures(9)
    train[5], train[6] = train[2], train[0]
    found = made(train, [0, 1, 2, 0, 1, 2, 1, 2, 0], pictures(3, 1), [0, 1, 2])
    assert [each.serious for each in found] == [True, False]
    assert found[0].images == (("train", 6),)
    assert found[1].images == (("train", 5), ("train", 6))
    assert texts(found).split("\n") == [
        "1 image repeats another under another label",
        "2 images of train repeat an earlier one",
    ]


@pytest.mark.parametrize(("count", "words"), [(1, "1 image of"), (3, "3 images of")])
def test_images_are_counted_in_the_words_of_the_count(count, words):
    train = pictures(12)
    train[9 : 9 + count] = train[:count]
    (found,) = made(train, [0, 1, 2] * 4, pictures(3, 1), [0, 1, 2])
    assert found.text == f"{words} train repeat{'s' * (count == 1)} an earlier one"


@pytest.mark.parametrize("value", [0, 255, 17])
def test_blank_images_are_named(value):
    train = pictures(6)
    train[3] = value
    (found,) = made(train, [0, 1, 2] * 2, pictures(3, 1), [0, 1, 2])
    assert found.images == (("train", 3),)
    assert "nothing in" in found.text


def test_rare_and_missing_classes_are_named():
    found = made(pictures(9), [0] * 6 + [1] * 2 + [2], pictures(2, 1), [0, 1])
    assert "no image of c in test" in texts(found)
    assert "6.0 times as many a (6) as c (1)" in texts(found)
    assert found[0].serious


def test_spread_images_are_the_deviations_of_a_class():
    images, labels = pictures(40), [i % 3 for i in range(40)]
    dataset = Dataset(
        "d",
        "d",
        Split(images, np.array(labels, np.uint8)),
        Split(pictures(3, 1), np.array([0, 1, 2], np.uint8)),
        ("a", "b", "c"),
        "here",
    )
    found = describe(dataset)
    for kind in range(3):
        own = images[np.array(labels) == kind].astype(np.float64)
        np.testing.assert_allclose(found.spread_images[kind], own.std(axis=0), rtol=1e-5)
