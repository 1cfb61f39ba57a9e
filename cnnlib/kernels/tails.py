"""What follows the products of a convolution: bias, ReLU and 2x2 max pooling, in one pass.

Adding a bias and ReLU never change which of several numbers is larger, so they may come after the
pooling, on a quarter of the numbers:  relu(max(y) + b) = max(relu(y + b)).

The pooling keeps which pixel won, as booleans: a comparison along the columns, then one along the
rows. Ties go to the first pixel in reading order, as in PyTorch: MNIST's flat background makes
four-way ties everywhere, and a mask ``y == max`` would pass the gradient four times.
"""

from __future__ import annotations

import numpy as np

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.kernels import winners
from cnnlib.kernels.convolution import Convolution


class ConvolutionBias:
    """Convolution + bias, and ReLU where it follows.

    Args:
        convolution: the products.
        bias, d_bias: (F,) and its gradient, or None.
        relu: whether ReLU follows.
        n: images in a micro-batch.
        train: whether ``backward`` will be called.
    """

    def __init__(
        self,
        convolution: Convolution,
        bias: Array | None,
        d_bias: Array | None,
        n: int,
        *,
        relu: bool,
        train: bool,
    ) -> None:
        self.output_shape: Shape = convolution.output_shape
        filters, height, width = self.output_shape
        self._convolution, self._relu = convolution, relu
        self._bias = None if bias is None else bias[:, None]
        self._d_bias = d_bias
        self._as_images = (height, filters, width, n)
        self._as_rows = (height, filters, width * n)
        dtype = convolution.dtype
        self._zeros = np.zeros(self._as_rows, dtype) if relu else None
        if train:
            self._alive = np.empty(self._as_rows, bool)
            self._dy = np.empty(self._as_rows, dtype) if relu else None
            self._ones = np.ones(width * n, dtype)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to y (Ho, F, Wo, N)."""
        y = self._convolution.forward(x)
        if self._bias is not None:
            np.add(y, self._bias, out=y)
        if self._zeros is not None:
            np.maximum(y, self._zeros, out=y)
        self._y = y
        return y.reshape(self._as_images)

    def backward(self, dy: Array) -> Array | None:
        """dy (Ho, F, Wo, N) to dx, zero where ReLU was at rest."""
        d = dy.reshape(self._as_rows)
        if self._zeros is not None and self._dy is not None:
            np.greater(self._y, self._zeros, out=self._alive)
            d = np.multiply(d, self._alive, out=self._dy)
        if self._d_bias is not None:
            self._d_bias += np.matmul(d, self._ones).sum(axis=0)
        return self._convolution.backward(d)


class ConvolutionPool:
    """Convolution + bias + ReLU (where it follows) + 2x2 max pooling with stride 2.

    The output of the convolution is four times what is kept, so it is made and used up in blocks
    of rows that fit the cache.

    Args:
        convolution: the products, planned as pooled, with an even number of rows and columns.
        block: how many output rows of the convolution make a block, even.
        bias, d_bias, relu, n, train: as for ConvolutionBias.
    """

    def __init__(
        self,
        convolution: Convolution,
        block: int,
        bias: Array | None,
        d_bias: Array | None,
        n: int,
        *,
        relu: bool,
        train: bool,
    ) -> None:
        filters, height, width = convolution.output_shape
        self.output_shape: Shape = (filters, height // 2, width // 2)
        self.split_output = convolution.geometry.split_output
        self._convolution, self._train = convolution, train
        self._blocks = [(row, min(row + block, height)) for row in range(0, height, block)]
        self._bias = None if bias is None else bias[:, None]
        self._d_bias = d_bias
        length = width // 2 * n
        pooled = (height // 2, filters, length)
        self._halves = (-1, filters, 2, length)
        self._as_images = (height // 2, filters, width // 2, n)
        dtype = convolution.dtype
        self._columns = np.empty((block, filters, length), dtype)
        self._p = np.empty(pooled, dtype)
        self._zeros = np.zeros((block // 2, filters, length), dtype) if relu else None
        if train:
            self._right = np.empty((height, filters, length), bool)  # the odd column won
            self._lower = np.empty(pooled, bool)  # the odd row won, and ReLU let it pass
            self._upper = np.empty(pooled, bool)  # the even row won, and ReLU let it pass
            self._alive = np.empty((block // 2, filters, length), bool)
            self._dy = np.empty((block, filters, 2, length), dtype)
            self._ones = np.ones(length, dtype)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to p (Ho/2, F, Wo/2, N), columns as the geometry says."""
        self._convolution.gather(x)
        for start, stop in self._blocks:
            y = self._convolution.rows(start, stop).reshape(self._halves)
            self._pool(y, start, stop)
        return self._p.reshape(self._as_images)

    def _pool(self, y: Array, start: int, stop: int) -> None:
        """Pool the rows from ``start`` up to ``stop``, y (rows, F, 2, Wo/2*N)."""
        even, odd, columns = y[:, :, 0], y[:, :, 1], self._columns[: stop - start]
        p = self._p[start // 2 : stop // 2]
        np.maximum(even, odd, out=columns)
        np.maximum(columns[0::2], columns[1::2], out=p)
        if self._train:
            np.greater(odd, even, out=self._right[start:stop])
            lower = np.greater(
                columns[1::2], columns[0::2], out=self._lower[start // 2 : stop // 2]
            )
        if self._bias is not None:
            np.add(p, self._bias, out=p)
        if self._zeros is not None:
            np.maximum(p, self._zeros[: len(p)], out=p)
        if self._train:
            zeros = None if self._zeros is None else self._zeros[: len(p)]
            upper = self._upper[start // 2 : stop // 2]
            winners.remember(p, zeros, lower, upper, self._alive[: len(p)])

    def backward(self, dy: Array) -> Array | None:
        """dy (Ho/2, F, Wo/2, N) to dx: each number goes to the pixel that won its window."""
        dp = dy.reshape(self._p.shape)
        self._convolution.begin_backward()
        for start, stop in reversed(self._blocks):
            pooled = slice(start // 2, stop // 2)
            d_columns, d = self._columns[: stop - start], self._dy[: stop - start]
            np.multiply(dp[pooled], self._upper[pooled], out=d_columns[0::2])
            np.multiply(dp[pooled], self._lower[pooled], out=d_columns[1::2])
            if self._d_bias is not None:
                self._d_bias += np.matmul(d_columns, self._ones).sum(axis=0)
            np.multiply(d_columns, self._right[start:stop], out=d[:, :, 1])
            np.subtract(d_columns, d[:, :, 1], out=d[:, :, 0])
            self._convolution.backward_rows(start, stop, d.reshape(*d.shape[:2], -1))
        return self._convolution.end_backward()
