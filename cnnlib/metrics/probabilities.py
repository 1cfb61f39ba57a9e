"""Scores of the probabilities themselves: their loss, their order, and whether they are honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Labels
from cnnlib.errors import DivergedError, ShapeError
from cnnlib.metrics.counts import Counts, Floats, class_numbers, ratio


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
    confidence = ratio(np.bincount(place, weights=sure, minlength=bins), counts)
    accuracy = ratio(np.bincount(place, weights=right, minlength=bins), counts)
    gaps = np.abs(accuracy - confidence)
    error = float(counts @ gaps / counts.sum()) if truth.size else 0.0
    return Calibration(edges, counts, confidence, accuracy, error)


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
    truth = class_numbers("labels", labels, checked.shape[1])
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
