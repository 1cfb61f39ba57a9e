"""Scores that follow from counts: who was taken for whom, and how often.

In a confusion matrix the rows are the truth and the columns the predictions, always. Where a
score would divide by zero (a class that never occurs, or is never predicted) it is 0.0, and every
average runs over all K classes, so that the numbers equal scikit-learn's with
``labels=range(K), zero_division=0``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Labels
from cnnlib.errors import ShapeError

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

NORMAL_95 = 1.959963984540054  # the standard normal lies within this of 0 with probability 0.95


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> Counts:
    """Count how often each class was taken for each class.

        matrix[i, j] = number of examples of class i that were predicted as class j

    Args:
        labels: the truth, (N,) integers in [0, classes).
        predicted: the predictions, (N,) integers in [0, classes).
        classes: the number of classes K.

    Returns:
        (K, K) int64, rows the truth.

    Raises:
        ShapeError: the two differ in length, or hold something else than class numbers.

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    truth = class_numbers("labels", labels, classes)
    guess = class_numbers("predicted", predicted, classes)
    if truth.shape != guess.shape:
        raise ShapeError(
            "predicted",
            expected=f"one prediction for each of the {len(truth)} labels",
            received=f"{len(guess)}",
        )
    pairs = np.bincount(truth * classes + guess, minlength=classes * classes)
    return pairs.reshape(classes, classes).astype(np.int64)


def wilson_interval(correct: int, examples: int, z: float = NORMAL_95) -> tuple[float, float]:
    """The interval in which the true rate lies, for a rate measured on a sample.

        (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n),   p = correct / n

    Unlike p ± z sqrt(p(1-p)/n) it stays inside [0, 1] and is honest close to 1, where the
    accuracies of digits are. Without examples it is (0, 1): nothing is known.

    Source: E. B. Wilson (1927), Journal of the American Statistical Association 22, 209-212.

    >>> low, high = wilson_interval(9910, 10_000)
    >>> round(low, 4), round(high, 4)
    (0.989, 0.9927)
    """
    if examples == 0:
        return 0.0, 1.0
    rate = correct / examples
    spread = z * sqrt(rate * (1 - rate) / examples + z * z / (4 * examples * examples))
    middle = rate + z * z / (2 * examples)
    scale = 1 + z * z / examples
    low = 0.0 if correct == 0 else (middle - spread) / scale
    high = 1.0 if correct == examples else (middle + spread) / scale
    return low, high


@dataclass(frozen=True)
class Average:
    """Precision, recall and F1 of all classes in one number each."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class Scores:
    """Everything that follows from a confusion matrix.

        precision = tp / (tp + fp)   of what was called k, the share that is k
        recall    = tp / (tp + fn)   of what is k, the share that was found
        f1        = 2 tp / (2 tp + fp + fn)   their harmonic mean

    Attributes:
        matrix: the counts, (K, K) int64, rows the truth.
        examples: their sum.
        accuracy: the share on the diagonal, 0.0 without examples.
        accuracy_interval: its Wilson interval at 95 %.
        precision, recall, f1: (K,) float64.
        support: the number of examples of each class, (K,) int64.
        macro: the mean over the classes, each class counting the same.
        weighted: the mean over the classes, each class counting by its support.
    """

    matrix: Counts
    examples: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    precision: Floats
    recall: Floats
    f1: Floats
    support: Counts
    macro: Average
    weighted: Average

    @classmethod
    def from_confusion(cls, matrix: NDArray[np.integer]) -> Scores:
        """Score a confusion matrix.

        Args:
            matrix: (K, K) counts, rows the truth.

        Raises:
            ShapeError: it is not square, or not made of counts.
        """
        counts = np.asarray(matrix)
        if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.size == 0:
            raise ShapeError(
                "confusion matrix", expected="a shape (K, K)", received=f"{counts.shape}"
            )
        if counts.dtype.kind not in "iu" or counts.min() < 0:
            raise ShapeError(
                "confusion matrix",
                expected="counts, integers of at least 0",
                received=f"{counts.dtype} with a least value of {counts.min()}",
            )
        counts = counts.astype(np.int64)
        hits, support, called = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
        examples, correct = int(counts.sum()), int(hits.sum())
        precision = ratio(hits, called)
        recall = ratio(hits, support)
        f1 = ratio(2 * hits, support + called)
        weights = support / examples if examples else np.zeros(len(support))
        return cls(
            matrix=counts,
            examples=examples,
            accuracy=correct / examples if examples else 0.0,
            accuracy_interval=wilson_interval(correct, examples),
            precision=precision,
            recall=recall,
            f1=f1,
            support=support,
            macro=Average(float(precision.mean()), float(recall.mean()), float(f1.mean())),
            weighted=Average(
                float(weights @ precision), float(weights @ recall), float(weights @ f1)
            ),
        )


@dataclass(frozen=True, eq=False)
class Tallied:
    """What a :class:`Tally` holds so far: the mean loss per example, and the scores."""

    loss: float
    scores: Scores


class Tally:
    """Scores of a stream of batches, as if they had come in one piece.

    It adds up sums over examples, never means over batches: so a short last batch weighs no
    more than its examples. Reading it changes nothing.

    Args:
        classes: the number of classes K.

    >>> tally = Tally(classes=2)
    >>> tally.update(np.array([0, 1, 1]), np.array([0, 1, 0]), loss_sum=1.5)
    >>> tally.update(np.array([1]), np.array([1]), loss_sum=0.5)
    >>> result = tally.compute()
    >>> result.loss, result.scores.accuracy
    (0.5, 0.75)
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.reset()

    def reset(self) -> None:
        """Forget all examples."""
        self._matrix = np.zeros((self.classes, self.classes), dtype=np.int64)
        self._loss_sum = 0.0

    def update(self, labels: Labels, predicted: Labels, loss_sum: float) -> None:
        """Add a batch.

        Args:
            labels: the truth, (n,) integers in [0, K).
            predicted: the predictions, (n,) integers in [0, K).
            loss_sum: the SUM of the losses of these n examples.
        """
        self._matrix += confusion_matrix(labels, predicted, self.classes)
        self._loss_sum += float(loss_sum)

    def compute(self) -> Tallied:
        """The scores of all examples since the last reset; without any, all are 0.0."""
        scores = Scores.from_confusion(self._matrix)
        return Tallied(self._loss_sum / max(scores.examples, 1), scores)


def class_numbers(where: str, numbers: Labels, classes: int) -> NDArray[np.int64]:
    """The numbers as int64 (N,), when all are class numbers; a :class:`ShapeError` otherwise."""
    given = np.asarray(numbers)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise ShapeError(
            where,
            expected="integers of a shape (examples,)",
            received=f"{given.dtype} of shape {given.shape}",
        )
    if given.size and (given.min() < 0 or given.max() >= classes):
        raise ShapeError(
            where,
            expected=f"class numbers from 0 to {classes - 1}",
            received=f"{given.min()} to {given.max()}",
        )
    return given.astype(np.int64)


def ratio(above: NDArray[np.number], below: NDArray[np.number]) -> Floats:
    """Element-wise quotient, 0.0 where the divisor is 0."""
    zeros = np.zeros(np.shape(above), dtype=np.float64)
    quotient: Floats = np.divide(above, below, out=zeros, where=np.asarray(below) != 0)
    return quotient
