"""Two sets of predictions for the same examples: where both are right, one of them, or neither.

Whether one network is better rests on the examples about which they differ alone; how many both
get right says nothing. McNemar's test asks how likely such a division of those is by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Labels
from cnnlib.errors import ShapeError


@dataclass(frozen=True, eq=False)
class Agreement:
    """Places of examples, each (n,) int64 in order; together all of them, none twice.

    Attributes:
        both: both are right.
        first: only the first is.
        second: only the second is.
        neither: both are wrong, alike or not.
    """

    both: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    neither: NDArray[np.int64]

    @property
    def p_value(self) -> float:
        """The exact two-sided McNemar test: 1 where they differ about nothing, or evenly.

            p = min(1, 2 * sum over k = 0 .. min(b, c) of C(b + c, k) / 2^(b + c))

        with b = len(first), c = len(second). McNemar 1947; the binomial form asks no large counts.
        """
        b, c = len(self.first), len(self.second)
        tail = sum(comb(b + c, k) for k in range(min(b, c) + 1))
        chance: float = 2 * tail / 2 ** (b + c)
        return min(1.0, chance)


def agreement(labels: Labels, first: Labels, second: Labels) -> Agreement:
    """Compare two sets of predictions.

    Args:
        labels: the truth, (N,).
        first, second: predicted classes, (N,) each.

    Raises:
        ShapeError: they are not equally many.
    """
    if not labels.shape == first.shape == second.shape or labels.ndim != 1:
        raise ShapeError(
            "agreement",
            expected=f"two predictions for each of {len(labels)} labels",
            received=f"arrays of shape {first.shape} and {second.shape}",
        )
    a, b = first == labels, second == labels
    parts = (np.flatnonzero(each).astype(np.int64) for each in (a & b, a & ~b, b & ~a, ~a & ~b))
    return Agreement(*parts)
