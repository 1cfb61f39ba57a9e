"""Which pixel of a pooling window gets the gradient, where ReLU follows the pooling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array


def remember(
    p: Array,
    zeros: Array | None,
    lower: NDArray[np.bool_],
    upper: NDArray[np.bool_],
    alive: NDArray[np.bool_],
) -> None:
    """Tell in which row of each window the gradient goes on: nowhere where ReLU rests.

    Args:
        p: the pooled numbers, after ReLU where it follows.
        zeros: like p; None without ReLU.
        lower: whether the second row won; then whether it also passed ReLU.
        upper: is given the same for the first row.
        alive: workspace.
    """
    if zeros is None:
        np.logical_not(lower, out=upper)
        return
    np.greater(p, zeros, out=alive)
    np.greater(alive, lower, out=upper)  # alive and not lower
    np.logical_and(alive, lower, out=lower)
