"""Rows of numbers as images: their shape, and the scale on which a network likes them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Shape

SMALLEST_SIDE = 8  # square rows below it are features rather than pictures


def flat(X: Any) -> tuple[Any, Shape | None]:
    """Images (n, C, H, W) or (n, H, W) as rows, with the shape of one; anything else as it is."""
    if not isinstance(X, np.ndarray) or X.ndim not in (3, 4):
        return X, None
    shape = X.shape[1:] if X.ndim == 4 else (1, *X.shape[1:])
    return X.reshape(len(X), math.prod(shape)), shape


def image_shape(features: int, given: Shape | None) -> Shape:
    """(C, H, W) of rows of so many features.

    Rows that make a square of at least 8 pixels a side are gray images; others are a single pixel
    with a channel for each feature.

    Args:
        features: numbers in a row.
        given: the shape, where somebody has said it.

    Raises:
        ValueError: the given shape has another number of pixels.
    """
    if given is not None:
        if len(given) != 3 or math.prod(given) != features:
            raise ValueError(
                f"image_shape: expected (channels, height, width) of {features} numbers, "
                f"received {given}"
            )
        return tuple(given)
    side = math.isqrt(features)
    if side >= SMALLEST_SIDE and side * side == features:
        return (1, side, side)
    return (features, 1, 1)


class Scale(NamedTuple):
    """How rows become what the first layer reads: (x - offset) / width.

    Images are divided by one number and keep their zero; features are standardised one by one.
    """

    offset: NDArray[np.float64] | float
    width: NDArray[np.float64] | float
    shape: Shape

    @classmethod
    def of(cls, rows: NDArray[Any], shape: Shape) -> Scale:
        """The scale that the training rows ask for."""
        if shape[1:] != (1, 1):
            most = 255.0 if rows.dtype == np.uint8 else float(np.abs(rows).max())
            return cls(0.0, most or 1.0, shape)
        mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
        rounding = 10 * np.finfo(np.float64).eps * np.abs(mean) + np.finfo(np.float32).tiny
        return cls(mean, np.where(deviation > rounding, deviation, 1.0), shape)

    def images(self, rows: NDArray[Any]) -> NDArray[np.uint8] | Array:
        """Rows (n, features) as images (n, C, H, W): bytes as they are, others as float32."""
        if rows.dtype != np.uint8 or np.ndim(self.width) or self.width != 255.0:
            rows = ((rows - self.offset) / self.width).astype(np.float32)
        return rows.reshape(len(rows), *self.shape)
