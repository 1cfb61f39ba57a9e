"""The known label errors of MNIST's test set, and the score without them."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from cnnlib.errors import ShapeError
from cnnlib.explain import MNIST_TEST_ERRORS, corrected_accuracy, is_mnist_test

FOLDER = os.environ.get("CNN_TUI_DATA", "")


def labels_like_the_file() -> np.ndarray:
    """Any labels, with the known errors where they stand."""
    labels = np.random.default_rng(0).integers(0, 10, 10_000).astype(np.uint8)
    for error in MNIST_TEST_ERRORS:
        labels[error.index] = error.given
    return labels


def put_right(labels: np.ndarray) -> np.ndarray:
    """The corrected labels; 10, which nobody predicts, where there is none."""
    corrected = labels.copy()
    for error in MNIST_TEST_ERRORS:
        corrected[error.index] = 10 if error.label is None else error.label
    return corrected


def test_there_are_15_of_which_10_are_relabelled_and_5_dropped() -> None:
    verdicts = [error.verdict for error in MNIST_TEST_ERRORS]
    assert len({error.index for error in MNIST_TEST_ERRORS}) == 15
    assert [verdicts.count(verdict) for verdict in ("relabelled", "unclear", "neither")] == [
        10,
        2,
        3,
    ]
    for error in MNIST_TEST_ERRORS:
        assert sum(error.votes) == 5
        assert error.votes.given < 3
        assert error.given != error.guess
        assert error.label == (error.guess if error.verdict == "relabelled" else None)
        assert 0 <= error.index < 10_000


def test_the_labels_of_the_file_lose_15_and_the_right_ones_win() -> None:
    labels = labels_like_the_file()
    by_the_file = corrected_accuracy(labels, labels)
    assert (by_the_file.published, by_the_file.examples) == (1.0, 9_995)
    assert by_the_file.correct == 9_985
    assert len(by_the_file.broken) == 10
    assert by_the_file.fixed == ()
    right = corrected_accuracy(labels, put_right(labels))
    assert (right.accuracy, right.published) == (1.0, 0.9985)
    assert len(right.fixed) == 10
    assert right.broken == ()
    assert right.dropped == (2130, 2654, 3520, 8527, 9679)
    low, high = right.interval
    assert low < right.accuracy <= high


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_accuracy_by_the_corrected_labels(seed: int) -> None:
    labels = labels_like_the_file()
    rng = np.random.default_rng(seed)
    predicted = np.where(rng.random(10_000) < 0.1, rng.integers(0, 10, 10_000), put_right(labels))
    for error in MNIST_TEST_ERRORS:
        predicted[error.index] = rng.choice([error.given, error.guess, 2])
    found = corrected_accuracy(labels, predicted)
    kept = put_right(labels) < 10
    assert found.examples == kept.sum() == 9_995
    assert found.accuracy == pytest.approx((predicted == put_right(labels))[kept].mean())
    assert found.published == (predicted == labels).mean()
    kept_published = round(10_000 * found.published) - sum(
        int(predicted[index] == labels[index]) for index in found.dropped
    )
    assert found.correct == kept_published + len(found.fixed) - len(found.broken)


def test_labels_of_another_set_are_refused() -> None:
    labels = labels_like_the_file()
    other = labels.copy()
    other[947] = 9
    for wrong in (other, labels[:9_999], labels.reshape(100, 100)):
        assert not is_mnist_test(wrong)
        with pytest.raises(ShapeError, match="MNIST"):
            corrected_accuracy(wrong, wrong)
    with pytest.raises(ShapeError, match="10,000 predictions"):
        corrected_accuracy(labels, labels[:100])
    assert is_mnist_test(labels.astype(np.int64))


@pytest.mark.mnist
@pytest.mark.skipif(not FOLDER, reason="CNN_TUI_DATA names no folder")
def test_the_given_labels_are_those_of_the_real_file() -> None:
    plain, packed = (Path(FOLDER) / f"t10k-labels-idx1-ubyte{end}" for end in ("", ".gz"))
    content = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    labels = np.frombuffer(content, np.uint8, offset=8)
    for error in MNIST_TEST_ERRORS:
        assert labels[error.index] == error.given
    assert is_mnist_test(labels)
