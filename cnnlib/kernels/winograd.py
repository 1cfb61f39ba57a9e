"""A 3x3 convolution with bias, ReLU and 2x2 max pooling, in 2.25 times fewer multiplications.

Winograd's F(2x2, 3x3) (Lavin and Gray 2016) computes a 2x2 tile of outputs Y from a 4x4 tile d of
inputs and a 3x3 window g of weights with 16 instead of 36 multiplications:

    Y = A' [(G g G') * (B' d B)] A        (* number by number, ' transposed)

    B' = 1  0 -1  0      G =  1    0    0      A' = 1  1  1  0
         0  1  1  0          1/2  1/2  1/2          0  1 -1 -1
         0 -1  1  0          1/2 -1/2  1/2
         0  1  0 -1           0    0    1

For all tiles and channels at once the product M = (GgG') V, with V = B' d B, is 16 products of
matrices. A transform of both axes of a tile is one matrix on its 16 numbers, the Kronecker product
of the two: it is applied to 16 planes, one for each place in a tile. The output tile *is* the
window of the pooling, which therefore compares four planes. Backward uses the adjoints:

    dM = A dY A',   d(GgG') = dM V',   dg = G' d(GgG') G,   dV = (GgG')' dM,   dd = B dV B'
"""

from __future__ import annotations

import numpy as np

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.kernels import winners
from cnnlib.kernels.convolution import Geometry
from cnnlib.kernels.products import in_pieces, pieces

_A = np.array([[1, 0], [1, 1], [1, -1], [0, -1]])
_B = np.array([[1, 0, 0, 0], [0, 1, -1, 1], [-1, 1, 1, 0], [0, 0, 0, -1]])
_G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
LEAST = 16  # channels and filters from which it is faster than the direct kernel


def suits(geometry: Geometry) -> bool:
    """Whether this kernel can compute the convolution, and is faster."""
    return (
        geometry.pooled
        and geometry.kernel == 3
        and geometry.stride == geometry.dilation == geometry.groups == 1
        and min(geometry.input_shape[0], geometry.output_shape[0]) >= LEAST
    )


class WinogradPool:
    """Convolution + bias + ReLU (where it follows) + 2x2 max pooling with stride 2.

    R x Q tiles; all planes are (F, R, Q, N), the transformed input (C, R, Q, N).

    Args:
        geometry: the sizes of the convolution, which ``suits``.
        weight, d_weight: (F, 3, 3, C) and its gradient (None when only inferring).
        bias, d_bias: (F,) and its gradient, or None.
        n: images in a micro-batch.
        relu: whether ReLU follows.
        input_gradient: whether ``backward`` is to return dx.
    """

    def __init__(
        self,
        geometry: Geometry,
        weight: Array,
        d_weight: Array | None,
        bias: Array | None,
        d_bias: Array | None,
        n: int,
        *,
        relu: bool,
        input_gradient: bool,
    ) -> None:
        channels, height, width = geometry.input_shape
        filters, out_height, out_width = geometry.output_shape
        r, q = self._tiles = out_height // 2, out_width // 2
        self.output_shape: Shape = (filters, r, q)
        dtype = weight.dtype
        self._a, self._b, self._g = (np.kron(one, one).astype(dtype) for one in (_A, _B, _G))
        self._a_turned = np.ascontiguousarray(self._a.T)
        self._b_turned = np.ascontiguousarray(self._b.T)
        self._weight, self._d_weight = weight, d_weight
        self._bias = None if bias is None else bias[:, None]
        self._d_bias = d_bias
        self._tiles_of = _Tiles(geometry)
        self._padded = np.zeros((2 * r + 2, channels, 2, q + 1, n), dtype)
        self._d = np.empty((16, channels, r, q, n), dtype)
        self._places = self._by_place(self._padded)
        self._v = np.empty_like(self._d)
        self._taps = np.empty((9, filters, channels), dtype)
        self._u = np.empty((16, filters, channels), dtype)
        length = r * q * n
        self._pieces = pieces(filters, channels, length)
        self._m = np.empty((16, filters, length), dtype)
        self._y = np.empty((2, 2, filters, length), dtype)
        self._columns = np.empty((2, filters, length), dtype)
        self._p = np.empty((filters, length), dtype)
        self._zeros = np.zeros_like(self._p) if relu else None
        self._planes = (filters, r, q, n)
        self._train = d_weight is not None or input_gradient
        if self._train:
            self._right = np.empty(self._columns.shape, bool)
            self._lower, self._upper, self._alive = np.empty((3, *self._p.shape), bool)
            self._v_turned = np.empty((16, self._pieces, length // self._pieces, channels), dtype)
            self._d_u_pieces = np.empty((16, self._pieces, filters, channels), dtype)
            self._d_u = np.empty_like(self._u)
            self._ones = np.ones(length, dtype)
            self._dx: Array | None = None
            if input_gradient:
                self._dx = np.empty((height, channels, width, n), dtype)
                self._d_padded = np.empty_like(self._padded)
                self._d_places = self._by_place(self._d_padded)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to p (R, F, Q, N), a view whose planes lie filter by filter."""
        filters = len(self._p)
        self._tiles_of.take(x, self._padded)
        for plane, place in zip(self._d, self._places, strict=True):
            np.copyto(plane, place)
        _transform(self._b_turned, self._d, out=self._v)
        np.copyto(self._taps, self._weight.reshape(filters, 9, -1).swapaxes(0, 1))
        np.matmul(self._g, self._taps.reshape(9, -1), out=self._u.reshape(16, -1))
        np.matmul(self._u[:, None], self._matrices(self._v), out=self._matrices(self._m))
        _transform(self._a_turned, self._m, out=self._y)
        self._pool()
        return self._p.reshape(self._planes).swapaxes(0, 1)

    def backward(self, dy: Array) -> Array | None:
        """dy (R, F, Q, N) to dx (H, C, W, N), or None if it is not wanted."""
        filters = len(self._p)
        self._unpool(dy.swapaxes(0, 1))
        _transform(self._a, self._y, out=self._m)
        m, v = self._matrices(self._m), self._matrices(self._v)
        if self._d_weight is not None:
            np.copyto(self._v_turned, v.swapaxes(-1, -2))
            np.matmul(m, self._v_turned, out=self._d_u_pieces)
            np.add.reduce(self._d_u_pieces, axis=1, out=self._d_u)
            taps = np.matmul(self._g.T, self._d_u.reshape(16, -1)).reshape(self._taps.shape)
            self._d_weight.reshape(filters, 9, -1)[...] += taps.swapaxes(0, 1)
        if self._dx is None:
            return None
        np.matmul(self._u.swapaxes(1, 2)[:, None], m, out=v)
        _transform(self._b, self._v, out=self._d)
        self._add_tiles()
        self._tiles_of.give_back(self._d_padded, self._dx)
        return self._dx

    def _by_place(self, padded: Array) -> list[Array]:
        """Where the pixels of one place of every tile stand in ``padded``, each (C, R, Q, N)."""
        r, q = self._tiles
        return [
            padded[row : row + 2 * r : 2, :, column % 2, column // 2 : column // 2 + q].swapaxes(
                0, 1
            )
            for row in range(4)
            for column in range(4)
        ]

    def _matrices(self, planes: Array) -> Array:
        """(16, C, ...) as 16 matrices (C, T), in pieces."""
        return in_pieces(planes.reshape(16, planes.shape[1], -1), self._pieces)

    def _add_tiles(self) -> None:
        """Add up the gradients of all tiles where they overlap."""
        self._d_padded[-2:] = 0
        self._d_padded[:, :, :, -1] = 0
        for place, (plane, target) in enumerate(zip(self._d, self._d_places, strict=True)):
            if place in (0, 1, 4, 5):  # the first of each parity
                np.copyto(target, plane)
            else:
                np.add(target, plane, out=target)

    def _pool(self) -> None:
        """The largest of the four planes, with bias and ReLU; remember which it was."""
        y, columns, p = self._y, self._columns, self._p
        np.maximum(y[:, 0], y[:, 1], out=columns)
        np.maximum(columns[0], columns[1], out=p)
        if self._train:
            np.greater(y[:, 1], y[:, 0], out=self._right)
            np.greater(columns[1], columns[0], out=self._lower)
        if self._bias is not None:
            np.add(p, self._bias, out=p)
        if self._zeros is not None:
            np.maximum(p, self._zeros, out=p)
        if self._train:
            winners.remember(p, self._zeros, self._lower, self._upper, self._alive)

    def _unpool(self, dp: Array) -> None:
        """dY: dp (F, R, Q, N) to the plane that won."""
        columns, y = self._columns, self._y
        tiles = columns.reshape(2, *self._planes)
        np.multiply(dp, self._upper.reshape(self._planes), out=tiles[0])
        np.multiply(dp, self._lower.reshape(self._planes), out=tiles[1])
        if self._d_bias is not None:
            self._d_bias += np.matmul(columns, self._ones).sum(axis=0)
        np.multiply(columns, self._right, out=y[:, 1])
        np.subtract(columns, y[:, 1], out=y[:, 0])


class _Tiles:
    """Copies between an image and the buffer of tiles: padded, columns even before odd."""

    def __init__(self, geometry: Geometry) -> None:
        padding, (_, height, width) = geometry.padding, geometry.input_shape
        _, rows, columns = geometry.output_shape
        last_row = min(rows + 2, height + padding)
        self._rows = slice(padding, last_row), slice(0, last_row - padding)
        self._columns = []
        for parity in (0, 1):
            first = parity if parity >= padding else parity + 2
            padded = range(first, min(columns + 2, width + padding), 2)
            read = range(padded.start - padding, padded.stop - padding, 2)
            to = slice(first // 2, first // 2 + len(padded))
            self._columns.append((parity, to, geometry.stored(read)))

    def take(self, x: Array, padded: Array) -> None:
        """Copy x (H, C, W, N) into ``padded`` (rows, C, 2, columns/2, N), whose halo stays."""
        for parity, to, source in self._columns:
            np.copyto(padded[self._rows[0], :, parity, to], x[self._rows[1], :, source])

    def give_back(self, padded: Array, x: Array) -> None:
        """Copy the other way; pixels that no tile read get 0."""
        x.fill(0)
        for parity, to, source in self._columns:
            np.copyto(x[self._rows[1], :, source], padded[self._rows[0], :, parity, to])


def _transform(matrix: Array, planes: Array, out: Array) -> None:
    """Make each of the ``out`` planes a sum of the others, weighted by a row of ``matrix``."""
    rows, inner = matrix.shape
    numbers = planes.reshape(inner, -1)
    count = pieces(rows, inner, numbers.shape[1])
    np.matmul(matrix, in_pieces(numbers, count), out=in_pieces(out.reshape(rows, -1), count))
