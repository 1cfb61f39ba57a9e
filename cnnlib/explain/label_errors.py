"""The 15 wrong labels of MNIST's test set that people confirmed, and the score without them.

Northcutt, Athalye and Mueller (2021), "Pervasive label errors in test sets destabilize machine
learning benchmarks", arXiv 2103.14749, found 100 suspects by confident learning and showed each to
five raters on Mechanical Turk: the given label or the network's guess, both or neither? Where fewer
than three chose the given label, it counts as an error. The table is that of
``mturk/mnist_mturk.json`` in https://github.com/cleanlab/label-errors, Apache License 2.0. As the
paper warns, raters can be wrong too.

Where three or more agree on the guess it is the verdict: 10 images. For 2 they do not agree, for
3 most see neither digit; those 5 have no right answer. Hence the corrected accuracy: the 5 are
left out, the 10 relabelled, n = 9,995.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from cnnlib.arrays import Labels
from cnnlib.errors import ShapeError
from cnnlib.metrics import wilson_interval

EXAMPLES = 10_000  # of MNIST's test set

Verdict = Literal["relabelled", "unclear", "neither"]


class Votes(NamedTuple):
    """How many of five raters saw the given label, the guess, neither of them."""

    given: int
    guess: int
    neither: int


@dataclass(frozen=True)
class LabelError:
    """One wrong label.

    Attributes:
        index: of the image in the test set, counted from 0.
        given: the label in the file.
        guess: what the network that raised the suspicion saw.
        votes: of the raters.
    """

    index: int
    given: int
    guess: int
    votes: Votes

    @property
    def verdict(self) -> Verdict:
        """What most raters say: the guess ("relabelled"), "neither", or no majority ("unclear")."""
        if self.votes.guess >= 3:
            return "relabelled"
        return "neither" if self.votes.neither >= 3 else "unclear"

    @property
    def label(self) -> int | None:
        """The right label; None where there is none."""
        return self.guess if self.verdict == "relabelled" else None


def _error(index: int, given: int, guess: int, *votes: int) -> LabelError:
    return LabelError(index, given, guess, Votes(*votes))


MNIST_TEST_ERRORS: tuple[LabelError, ...] = (
    _error(947, 8, 9, 0, 5, 0),
    _error(1621, 0, 6, 2, 3, 0),
    _error(1901, 9, 4, 2, 3, 0),
    _error(2130, 4, 9, 2, 2, 1),
    _error(2462, 2, 0, 0, 4, 1),
    _error(2597, 5, 3, 0, 4, 1),
    _error(2654, 6, 1, 0, 2, 3),
    _error(3520, 6, 4, 2, 0, 3),
    _error(3558, 5, 0, 1, 4, 0),
    _error(5937, 5, 3, 1, 3, 1),
    _error(6651, 0, 6, 0, 5, 0),
    _error(6783, 1, 6, 2, 3, 0),
    _error(8527, 4, 9, 2, 2, 1),
    _error(9679, 6, 3, 2, 0, 3),
    _error(9729, 5, 6, 2, 3, 0),
)


@dataclass(frozen=True)
class CorrectedAccuracy:
    """A score with the label errors and without them.

    Attributes:
        published: share right among all examples, by the labels of the file.
        accuracy: share right by the corrected labels, without the examples that have none.
        interval: the 95 % Wilson interval of ``accuracy``.
        correct, examples: the counts behind ``accuracy``.
        fixed: indices of errors that were counted wrong and are right by the corrected label.
        broken: indices of errors that were counted right and are wrong by it.
        dropped: indices of the examples left out.
    """

    published: float
    accuracy: float
    interval: tuple[float, float]
    correct: int
    examples: int
    fixed: tuple[int, ...]
    broken: tuple[int, ...]
    dropped: tuple[int, ...]


def is_mnist_test(labels: Labels) -> bool:
    """Whether these look like the labels of MNIST's test set: as many, and the known ones alike."""
    return labels.shape == (EXAMPLES,) and all(
        int(labels[error.index]) == error.given for error in MNIST_TEST_ERRORS
    )


def corrected_accuracy(labels: Labels, predicted: Labels) -> CorrectedAccuracy:
    """The accuracy on MNIST's test set with its known label errors put right.

    Args:
        labels: those of the file, (10000,), in its order.
        predicted: the predicted classes, (10000,).

    Raises:
        ShapeError: these are not the labels of MNIST's test set, or not as many predictions.
    """
    if not is_mnist_test(labels):
        raise ShapeError(
            "corrected accuracy",
            expected=f"the {EXAMPLES:,} labels of MNIST's test set in their order",
            received=f"others ({labels.size:,})",
        )
    if predicted.shape != labels.shape:
        raise ShapeError(
            "corrected accuracy",
            expected=f"{EXAMPLES:,} predictions",
            received=f"an array of shape {predicted.shape}",
        )
    right = predicted == labels
    published = float(right.mean())
    fixed: list[int] = []
    broken: list[int] = []
    dropped: list[int] = []
    kept = np.ones(EXAMPLES, bool)
    for error in MNIST_TEST_ERRORS:
        if error.label is None:
            kept[error.index] = False
            dropped.append(error.index)
            continue
        now = bool(predicted[error.index] == error.label)
        if now != right[error.index]:
            (fixed if now else broken).append(error.index)
        right[error.index] = now
    correct, examples = int(right[kept].sum()), int(kept.sum())
    return CorrectedAccuracy(
        published=published,
        accuracy=correct / examples,
        interval=wilson_interval(correct, examples),
        correct=correct,
        examples=examples,
        fixed=tuple(fixed),
        broken=tuple(broken),
        dropped=tuple(dropped),
    )
