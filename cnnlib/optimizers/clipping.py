"""Gradients kept from growing too long: one norm over all of them."""

from __future__ import annotations

import math

import numpy as np

from cnnlib.arrays import Array


def clip_norm(gradients: Array, limit: float) -> float:
    """Scale the gradients in place so that their Euclidean norm is at most ``limit``.

        g ← g · min(1, limit / (‖g‖ + 1e-6))

    Args:
        gradients: the flat buffer, (P,).
        limit: the largest norm wanted, above 0; ``math.inf`` only measures.

    Returns:
        The norm before clipping. If it is not finite, nothing was scaled.

    See Pascanu et al. 2013, algorithm 1; the 1e-6 is PyTorch's.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        norm = math.sqrt(float(np.dot(gradients, gradients)))
    if not math.isfinite(norm):  # the squares may have left float32 although the norm does not
        norm = float(np.linalg.norm(gradients.astype(np.float64)))
    scale = limit / (norm + 1e-6)
    if math.isfinite(norm) and scale < 1.0:
        np.multiply(gradients, scale, out=gradients)
    return norm
