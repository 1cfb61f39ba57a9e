"""How wrong the network is, as one number, and the gradient that says in which direction.

Inside the library logits stand batch-last, (K, N) for K classes and N examples, as the kernels
leave them. A loss gives the *sum* over examples and scales the gradient as it is told, so that a
batch may be cut into micro-batches and spread over processes: with

    scale = 1 / loss.normaliser(labels of the whole batch)

the gradients of the parts add up to the gradient of the mean, and the sums over the same
normaliser add up to the mean itself, exactly as PyTorch's ``reduction="mean"`` defines it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from cnnlib.arrays import Array, Labels
from cnnlib.domain import require
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.text import Described


class Loss(Described, ABC, family="loss"):
    """A measure of error between logits and class numbers."""

    @abstractmethod
    def _sum(self, logits: Array, labels: Labels, scale: float, out: Array) -> float:
        """``batch_last`` on at least one example, arguments already checked."""

    def batch_last(self, logits: Array, labels: Labels, scale: float, out: Array) -> float:
        """The sum of the losses of N examples, and its gradient.

        Args:
            logits: scores before any softmax, (K, N).
            labels: class numbers in 0..K-1, (N,).
            scale: factor on the gradient; 1 / ``normaliser`` of the batch gives that of the mean.
            out: receives scale · d(sum)/d(logits), (K, N); it may be ``logits`` itself.

        Returns:
            The sum of the losses, not scaled. Logits that are not finite give a loss that is not.

        Raises:
            ShapeError: arrays that do not fit each other.
            SpecificationError: a label outside 0..K-1.
        """
        if logits.ndim != 2 or labels.shape != logits.shape[1:] or out.shape != logits.shape:
            raise ShapeError(
                type(self).__name__,
                expected="logits (K, N), labels (N,) and out (K, N)",
                received=f"{logits.shape}, {labels.shape} and {out.shape}",
                advice="Give one column of logits for each label.",
            )
        if not labels.size:
            return 0.0
        _require_labels(labels, logits.shape[0], type(self).__name__, _OUTPUTS)
        with np.errstate(invalid="ignore", over="ignore"):  # divergence is seen in the result
            return self._sum(logits, labels, scale, out)

    def normaliser(self, labels: Labels) -> float:
        """What the sum of the losses of a batch is divided by to give their mean: N."""
        return float(labels.size)

    def __call__(self, logits: Array, labels: Labels) -> tuple[float, Array]:
        """The mean loss and its gradient, examples first.

        Args:
            logits: scores before any softmax, (N, K).
            labels: class numbers in 0..K-1, (N,).

        Returns:
            The mean loss, and d(mean)/d(logits), (N, K).

        Raises:
            ShapeError: arrays that do not fit each other, or no example.
            SpecificationError: a label outside 0..K-1.
        """
        if logits.ndim != 2 or labels.shape != logits.shape[:1] or not labels.size:
            raise ShapeError(
                type(self).__name__,
                expected="logits (N, K) and labels (N,), N at least 1",
                received=f"{logits.shape} and {labels.shape}",
                advice="Give one row of logits for each label.",
            )
        _require_labels(labels, logits.shape[1], type(self).__name__, _OUTPUTS)
        divisor = self.normaliser(labels)
        gradient = np.empty((logits.shape[1], logits.shape[0]), logits.dtype)
        total = self.batch_last(np.ascontiguousarray(logits.T), labels, 1.0 / divisor, gradient)
        return total / divisor, np.ascontiguousarray(gradient.T)


_OUTPUTS = "Give the last layer as many outputs as there are classes."


def _require_labels(labels: Labels, classes: int, where: str, advice: str) -> None:
    highest = int(labels.max())
    lowest = int(labels.min()) if labels.dtype.kind == "i" else 0
    if highest >= classes or lowest < 0:
        raise SpecificationError(
            where,
            expected=f"labels from 0 to {classes - 1}",
            received=f"label {highest if highest >= classes else lowest}",
            advice=advice,
        )


@dataclass(frozen=True, repr=False)
class CrossEntropyLoss(Loss):
    """Softmax cross-entropy: the surprise at the true class, -ln p[y].

        p[k] = exp(x[k] - m) / Σⱼ exp(x[j] - m),    m = max x: nothing overflows
        t[k] = w[k]·((1 - e)·[k = y] + e/K)         e label smoothing, w class weights
        loss = -Σₖ t[k]·ln p[k]
        d loss/d x[k] = T·p[k] - t[k],              T = Σₖ t[k]

    The mean over a batch divides by Σₙ w[yₙ], which is ``normaliser``, as PyTorch does.
    Smoothing: Szegedy et al. 2016, section 7.
    """

    label_smoothing: float = field(
        default=0.0,
        metadata={"help": "share of the target that is spread over all classes, 0 to 1"},
    )
    class_weights: tuple[float, ...] | None = field(
        default=None, metadata={"help": "importance of each class, one number a class"}
    )

    def __post_init__(self) -> None:
        require(self, "label_smoothing", 0 <= self.label_smoothing < 1, "at least 0, less than 1")
        weights = self.class_weights
        require(
            self,
            "class_weights",
            weights is None or (len(weights) > 0 and all(0 < w < math.inf for w in weights)),
            "None or a list of numbers above 0",
        )

    def normaliser(self, labels: Labels) -> float:
        """Σₙ w[yₙ]; without class weights N.

        Raises:
            SpecificationError: a label that has no weight.
        """
        if self.class_weights is None or not labels.size:
            return float(labels.size)
        where = f"{type(self).__name__}: class_weights"
        _require_labels(labels, len(self.class_weights), where, "Give every class a weight.")
        return float(np.asarray(self.class_weights)[labels].sum())

    def _sum(self, logits: Array, labels: Labels, scale: float, out: Array) -> float:
        classes, count = logits.shape
        each = np.arange(count)
        smooth = self.label_smoothing / classes
        np.subtract(logits, logits.max(axis=0), out=out)  # x - m
        at_label = out[labels, each]
        if self.class_weights is None:
            weights: Array | float = 1.0
            peak: Array | float = 1.0 - self.label_smoothing  # t[y] without its smooth part
            mass: Array | float = 1.0  # T
        else:
            weights = self._weights(classes, logits.dtype)[:, None]
            peak = (1.0 - self.label_smoothing) * weights[labels, 0]
            mass = peak + smooth * float(weights.sum())
        spread: Array | float = (weights * out).sum(axis=0) if smooth else 0.0  # Σ w·(x - m)
        np.exp(out, out=out)
        total = out.sum(axis=0)
        losses = mass * np.log(total) - peak * at_label - smooth * spread
        np.multiply(out, (scale * mass) / total, out=out)  # scale·T·p
        out[labels, each] -= scale * peak
        if smooth:
            np.subtract(out, (scale * smooth) * weights, out=out)
        return float(losses.sum(dtype=np.float64))

    def _weights(self, classes: int, dtype: np.dtype[np.floating]) -> Array:
        weights: Array = np.asarray(self.class_weights, dtype)
        if weights.shape != (classes,):
            raise ShapeError(
                "CrossEntropyLoss: class_weights",
                expected=f"{classes} numbers, one a class",
                received=f"{weights.size}",
                advice="Give as many weights as the last layer has outputs.",
            )
        return weights


@dataclass(frozen=True, repr=False)
class MSELoss(Loss):
    """Mean squared error against one-hot targets, as PyTorch's ``MSELoss`` on ``one_hot(y)``.

    loss = 1/K · Σₖ (x[k] - [k = y])²           d loss/d x[k] = 2/K · (x[k] - [k = y])
    """

    def _sum(self, logits: Array, labels: Labels, scale: float, out: Array) -> float:
        classes = len(logits)
        np.copyto(out, logits)
        out[labels, np.arange(labels.size)] -= 1.0
        squares = float(np.square(out).sum(dtype=np.float64))
        np.multiply(out, 2.0 * scale / classes, out=out)
        return squares / classes
