"""Matrices as BLAS multiplies them fastest: in pieces, and rows by columns.

OpenBLAS reads the matrices of a small product where they stand; the operands of a larger one it
copies first. A convolution has few filters and many columns, so those copies cost it up to a third
of its speed: its columns are cut into pieces that are small enough. In place it is quick only where
neither matrix is transposed, so a product with a transposed matrix (every gradient of a weight) is
given a transposed copy instead, where the product is long enough to pay for it.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from cnnlib.arrays import Array

_IN_PLACE = 10**6  # multiplications of the largest product that OpenBLAS computes in place
_REGISTER = 16  # columns that its innermost loop takes at once
_LONG = 48  # rows that a matrix must meet for its transposed copy to pay
_LOW = 16  # rows below which a piece is too low to be quick


def pieces(rows: int, inner: int, columns: int) -> int:
    """How many pieces the columns of a product (rows, inner) @ (inner, columns) are best cut into.

    >>> pieces(16, 200, 320)
    2
    """
    fitting = _IN_PLACE // (rows * inner)
    for count in range(1, columns // _REGISTER + 1):
        if columns % (count * _REGISTER) == 0 and columns // count <= fitting:
            return count
    return 1


def in_pieces(matrices: Array, count: int) -> Array:
    """View matrices (..., M, L) as (..., count, M, L / count), each with some of the columns."""
    return matrices.reshape(*matrices.shape[:-1], count, -1).swapaxes(-2, -3)


def multiply(left: Array, right: Array, out: Array) -> None:
    """Write the products of matrices (..., M, K) @ (..., K, L) to ``out``, in pieces."""
    rows, inner, columns = *left.shape[-2:], right.shape[-1]
    high, wide = cuts(rows, inner, columns)
    np.matmul(
        left.reshape(*left.shape[:-2], high, 1, rows // high, inner),
        in_pieces(right, wide)[..., None, :, :, :],
        out=out.reshape(*out.shape[:-2], high, rows // high, wide, columns // wide).swapaxes(
            -2, -3
        ),
    )


@cache
def cuts(rows: int, inner: int, columns: int) -> tuple[int, int]:
    """How many pieces rows and columns of a product are best cut into: the largest that fit.

    >>> cuts(64, 576, 256)
    (4, 4)
    """
    best, largest = (1, 1), 0
    for wide in range(1, columns // _REGISTER + 1):
        if columns % (wide * _REGISTER):
            continue
        for high in range(1, max(1, rows // _LOW) + 1):
            size = rows // high * (columns // wide)
            if rows % high == 0 and largest < size <= _IN_PLACE / inner:
                best, largest = (high, wide), size
    return best


def copy_pays(rows: int) -> bool:
    """Whether a matrix is worth a transposed copy, for a product with another of so many rows."""
    return rows >= _LONG
