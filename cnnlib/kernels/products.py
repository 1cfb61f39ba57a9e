"""Matrices as BLAS multiplies them fastest: in pieces, and rows by columns.

OpenBLAS reads the matrices of a small product where they stand; the operands of a larger one it
copies first. A convolution has few filters and many columns, so those copies cost it up to a third
of its speed: its columns are cut into pieces that are small enough. In place it is quick only where
neither matrix is transposed, so a product with a transposed matrix (every gradient of a weight) is
given a transposed copy instead, where the product is long enough to pay for it.
"""

from __future__ import annotations

from cnnlib.arrays import Array

_IN_PLACE = 10**6  # multiplications of the largest product that OpenBLAS computes in place
_REGISTER = 16  # columns that its innermost loop takes at once
_LONG = 48  # rows that a matrix must meet for its transposed copy to pay


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


def copy_pays(rows: int) -> bool:
    """Whether a matrix is worth a transposed copy, for a product with another of so many rows."""
    return rows >= _LONG
