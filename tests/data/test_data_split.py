"""Held-out examples: disjoint, complete, stratified, exact in number, and the same for a seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import BadRequest, DataError, Dataset, Split, holdout, holdout_indices
from data.split import holdout_in_place

labels_strategy = st.lists(st.integers(0, 6), max_size=120).map(
    lambda values: np.array(values, dtype=np.uint8)
)


def split_of(labels: np.ndarray) -> Split:
    images = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Split(images, labels)


@settings(max_examples=150, deadline=None)
@given(labels=labels_strategy, fraction=st.floats(0, 0.99), seed=st.integers(0, 2**40))
def test_holdout_divides_exactly(labels: np.ndarray, fraction: float, seed: int) -> None:
    rest, held = holdout_indices(labels, fraction, seed)
    assert sorted([*rest, *held]) == list(range(len(labels)))
    assert (np.diff(rest) > 0).all()
    assert (np.diff(held) > 0).all()
    counts = np.bincount(labels, minlength=7)
    given_up = np.bincount(labels[held], minlength=7)
    possible = np.maximum(counts - 1, 0)
    assert (given_up <= possible).all(), "no class loses its last example"
    if (np.ceil(counts * fraction) <= possible).all():
        assert (np.abs(given_up - counts * fraction) < 1).all()
    assert len(held) == min(round(len(labels) * fraction), possible.sum())


def test_holdout_of_a_balanced_set_gives_every_class_its_share() -> None:
    labels = np.repeat(np.arange(10), 500)
    rest, held = holdout_indices(labels, 0.2, seed=0)
    assert np.bincount(labels[held]).tolist() == [100] * 10
    assert np.bincount(labels[rest]).tolist() == [400] * 10


def test_holdout_is_the_same_for_a_seed_and_another_for_another() -> None:
    labels = np.repeat(np.arange(10), 50)
    first, again, other = (holdout_indices(labels, 0.3, seed)[1] for seed in (7, 7, 8))
    assert (first == again).all()
    assert (first != other).any()


def test_holdout_keeps_images_with_their_labels() -> None:
    rest, held = holdout(split_of(np.arange(200) % 5), 0.25, seed=3)
    assert (len(rest), len(held)) == (150, 50)
    for part in (rest, held):
        assert (part.images.ravel() % 5 == part.labels).all()


def test_holdout_of_one_class_does_not_depend_on_the_others() -> None:
    alone = np.zeros(40, dtype=np.uint8)
    together = np.concatenate([alone, np.ones(60, dtype=np.uint8)])
    held = holdout_indices(together, 0.5, seed=1)[1]
    assert (held[held < 40] == holdout_indices(alone, 0.5, seed=1)[1]).all()


@pytest.mark.parametrize(("fraction", "seed"), [(1.0, 0), (-0.1, 0), (float("nan"), 0), (0.1, -1)])
def test_holdout_refuses_what_makes_no_sense(fraction: float, seed: int) -> None:
    with pytest.raises(BadRequest) as caught:
        holdout(split_of(np.zeros(4, dtype=np.uint8)), fraction, seed)
    assert caught.value.exit_code == 2


def test_splits_are_read_only_and_check_themselves() -> None:
    split = split_of(np.zeros(4, dtype=np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        split.images[0] = 1
    with pytest.raises(DataError, match="as many labels as images"):
        Split(np.zeros((3, 1, 2, 2), np.uint8), np.zeros(2, np.uint8))
    with pytest.raises(DataError, match="float64"):
        Split(np.zeros((3, 1, 2, 2)), np.zeros(3, np.uint8))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="integers"):
        Split(np.zeros((3, 1, 2, 2), np.uint8), np.zeros(3))  # type: ignore[arg-type]


def test_a_split_does_not_freeze_the_array_it_was_given() -> None:
    images = np.zeros((1, 1, 2, 2), np.uint8)
    Split(images, np.zeros(1, np.uint8))
    images[0] = 3
    assert images.max() == 3


def dataset_of(train: Split, test: Split, classes: int = 2) -> Dataset:
    return Dataset("a", "A", train, test, tuple("abcdef"[:classes]), "a test")


def test_the_identity_of_a_data_set_is_its_content() -> None:
    one = split_of(np.array([0, 1], dtype=np.uint8))
    same = Split(one.images.copy(), one.labels.astype(np.int64))
    other = Split(one.images, np.array([1, 0], dtype=np.uint8))
    assert dataset_of(one, one).sha256 == dataset_of(same, same).sha256
    assert dataset_of(one, one).sha256 != dataset_of(one, other).sha256
    assert dataset_of(one, other).sha256 != dataset_of(other, one).sha256
    assert dataset_of(one, one).image_shape == (1, 1, 1)


def test_a_data_set_has_one_image_size_and_a_class_for_each_label() -> None:
    one = split_of(np.array([0, 1], dtype=np.uint8))
    wide = Split(np.zeros((1, 1, 1, 2), np.uint8), np.zeros(1, np.uint8))
    with pytest.raises(DataError, match="one size"):
        dataset_of(one, wide)
    with pytest.raises(DataError, match="labels from 0 to 0"):
        dataset_of(one, one, classes=1)


@settings(deadline=None)
@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    fraction=st.floats(0, 0.95),
    seed=st.integers(0, 9),
)
def test_a_division_in_place_is_the_same_division(
    labels: list[int], fraction: float, seed: int
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 1, 3, 2), dtype=np.uint8)
    split = Split(images.copy(), np.array(labels))
    for one, other in zip(
        holdout(split, fraction, seed), holdout_in_place(split, fraction, seed), strict=True
    ):
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.labels, other.labels)


def test_a_division_in_place_leaves_the_memory_of_others_alone() -> None:
    images = np.zeros((10, 1, 2, 2), dtype=np.uint8)
    images.flags.writeable = False
    rest, held = holdout_in_place(Split(images, np.arange(10) % 2), 0.2, 0)
    assert (len(rest), len(held)) == (8, 2)
    assert not np.shares_memory(rest.images, images)
