"""How good a set of predictions is: counts first, then every score as a function of the counts.

Classes are numbers 0 ... K-1. In a confusion matrix the rows are the truth and the columns the
predictions, always. Where a score would divide by zero (a class that never occurs, or is never
predicted) it is 0.0, and every average runs over all K classes, so that the numbers equal
scikit-learn's with ``labels=range(K), zero_division=0``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Labels
from cnnlib.errors import DivergedError, ShapeError

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
    truth = _class_numbers("labels", labels, classes)
    guess = _class_numbers("predicted", predicted, classes)
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
        precision = _ratio(hits, called)
        recall = _ratio(hits, support)
        f1 = _ratio(2 * hits, support + called)
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


def example_losses(probabilities: Array, labels: Labels) -> Floats:
    """The cross-entropy of every example.

        loss[n] = -ln p[n, labels[n]],   p clipped to [ε, 1 - ε],   ε = 2⁻⁵²

    The clip is scikit-learn's for float64: a class that was ruled out costs 36, not infinity.

    Args:
        probabilities: (N, K), each row a distribution; computed in float64.
        labels: (N,) integers in [0, K).

    Returns:
        (N,) float64. Their mean is :func:`log_loss`.

    Raises:
        ShapeError, DivergedError: as :func:`check_probabilities`.
    """
    checked, truth = check_probabilities(probabilities, labels)
    eps = float(np.finfo(np.float64).eps)
    chosen = checked[np.arange(len(truth)), truth].astype(np.float64)
    losses: Floats = -np.log(np.clip(chosen, eps, 1 - eps))
    return losses


def log_loss(probabilities: Array, labels: Labels) -> float:
    """The mean cross-entropy in nats, see :func:`example_losses`; 0.0 without examples."""
    losses = example_losses(probabilities, labels)
    return float(losses.mean()) if losses.size else 0.0


def top_k_accuracy(probabilities: Array, labels: Labels, k: int) -> float:
    """The share of examples whose class is among the k likeliest; 0.0 without examples.

    Among equal probabilities the lower class number comes first, so k = 1 is the accuracy of
    ``probabilities.argmax(1)``.

    Args:
        probabilities: (N, K).
        labels: (N,) integers in [0, K).
        k: at least 1.
    """
    checked, truth = check_probabilities(probabilities, labels)
    if k < 1:
        raise ShapeError("k", expected="at least 1", received=f"{k}")
    if truth.size == 0:
        return 0.0
    own = checked[np.arange(len(truth)), truth][:, None]
    lower = np.arange(checked.shape[1]) < truth[:, None]
    ahead = ((checked > own) | ((checked == own) & lower)).sum(axis=1)
    return float((ahead < k).mean())


@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether a confidence of 90 % is right nine times out of ten.

    The examples are sorted into B bins of equal width by their confidence, the largest
    probability. Bin b holds edges[b] < confidence ≤ edges[b + 1].

        error = Σ_b counts[b] / N · |accuracy[b] - confidence[b]|

    Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), On Calibration of Modern Neural
    Networks, ICML, equation 3.

    Attributes:
        edges: (B + 1,) float64 from 0 to 1.
        counts: examples in each bin, (B,) int64.
        confidence: mean confidence in each bin, (B,), 0.0 where it is empty.
        accuracy: share of right predictions in each bin, (B,), 0.0 where it is empty.
        error: the expected calibration error (ECE), 0.0 without examples.
    """

    edges: Floats
    counts: Counts
    confidence: Floats
    accuracy: Floats
    error: float


def calibration(probabilities: Array, labels: Labels, bins: int = 15) -> Calibration:
    """Compare confidence with accuracy.

    Args:
        probabilities: (N, K).
        labels: (N,) integers in [0, K).
        bins: the number of bins B, at least 1.
    """
    checked, truth = check_probabilities(probabilities, labels)
    if bins < 1:
        raise ShapeError("bins", expected="at least 1", received=f"{bins}")
    edges = np.linspace(0.0, 1.0, bins + 1)
    sure = checked.max(axis=1).astype(np.float64)
    right = checked.argmax(axis=1) == truth
    place = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins).astype(np.int64)
    confidence = _ratio(np.bincount(place, weights=sure, minlength=bins), counts)
    accuracy = _ratio(np.bincount(place, weights=right, minlength=bins), counts)
    gaps = np.abs(accuracy - confidence)
    error = float(counts @ gaps / counts.sum()) if truth.size else 0.0
    return Calibration(edges, counts, confidence, accuracy, error)


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


def check_probabilities(probabilities: Array, labels: Labels) -> tuple[Array, NDArray[np.int64]]:
    """Both as arrays, when they fit each other.

    Raises:
        ShapeError: not (N, K) with (N,), or labels outside [0, K).
        DivergedError: a probability is not a finite number in [0, 1].
    """
    checked = np.asarray(probabilities)
    if checked.ndim != 2 or checked.shape[1] == 0 or checked.dtype.kind != "f":
        raise ShapeError(
            "probabilities",
            expected="floating-point numbers of a shape (examples, classes)",
            received=f"{checked.dtype} of shape {checked.shape}",
        )
    truth = _class_numbers("labels", labels, checked.shape[1])
    if len(truth) != len(checked):
        raise ShapeError(
            "labels",
            expected=f"one label for each of the {len(checked)} rows of probabilities",
            received=f"{len(truth)}",
        )
    wrong = ~((checked >= 0) & (checked <= 1 + 1e-5)).all(axis=1)
    if wrong.any():
        raise DivergedError(
            "probabilities",
            expected="finite numbers from 0 to 1",
            received=f"others for {int(wrong.sum())} of {len(checked)} examples",
            advice="The weights have probably diverged; use an earlier checkpoint.",
        )
    return checked, truth


def _class_numbers(where: str, numbers: Labels, classes: int) -> NDArray[np.int64]:
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


def _ratio(above: NDArray[np.number], below: NDArray[np.number]) -> Floats:
    """Element-wise quotient, 0.0 where the divisor is 0."""
    zeros = np.zeros(np.shape(above), dtype=np.float64)
    quotient: Floats = np.divide(above, below, out=zeros, where=np.asarray(below) != 0)
    return quotient
