"""Pooling of images: the largest or the mean number of each window.

Both work one axis at a time, K - 1 steps along the columns and K - 1 along the rows, so every step
is one pass over an array and there is no index of the winner to store.
"""

from __future__ import annotations

import numpy as np

from cnnlib.arrays import Array, Draw, Shape


class _Windows:
    """The K strided views of an array, one for each place in a window along one axis."""

    def __init__(self, kernel: int, stride: int, outputs: int, axis: int) -> None:
        span = (outputs - 1) * stride + 1
        self._taps = [
            (slice(None),) * axis + (slice(tap, tap + span, stride),) for tap in range(kernel)
        ]

    def of(self, x: Array) -> list[Array]:
        return [x[tap] for tap in self._taps]


class MaxPool:
    """y[i, c, j, n] = max over 0 <= p, q < K of x[s*i + p, c, s*j + q, n].

    Backward: dy goes to the first largest number of its window in reading order.

    Args:
        input_shape: (C, H, W).
        output_shape: (C, Ho, Wo).
        kernel, stride: side of the window, and step between windows.
        n: images in a micro-batch.
        dtype: of the numbers.
        train: whether ``backward`` will be called.
    """

    def __init__(
        self,
        input_shape: Shape,
        output_shape: Shape,
        kernel: int,
        stride: int,
        n: int,
        dtype: np.dtype,
        *,
        train: bool,
    ) -> None:
        self.output_shape = output_shape
        channels, out_height, out_width = output_shape
        height, width = input_shape[1:]
        self._train = train
        self._columns = _Windows(kernel, stride, out_width, axis=2)
        self._rows = _Windows(kernel, stride, out_height, axis=0)
        across = (height, channels, out_width, n)
        self._across = np.empty(across, dtype)
        self._y = np.empty((out_height, channels, out_width, n), dtype)
        if train:
            self._column_won = np.empty((kernel, *across), bool)
            self._row_won = np.empty((kernel, *self._y.shape), bool)
            self._d_across = np.empty(across, dtype)
            self._dx = np.empty((height, channels, width, n), dtype)
            self._rest = np.empty_like(self._y), np.empty_like(self._across)
            self._share = np.empty_like(self._y), np.empty_like(self._across)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to y (Ho, C, Wo, N)."""
        self._largest(self._columns.of(x), self._across, self._column_won if self._train else None)
        self._largest(self._rows.of(self._across), self._y, self._row_won if self._train else None)
        return self._y

    def backward(self, dy: Array) -> Array:
        """dy (Ho, C, Wo, N) to dx (H, C, W, N)."""
        self._d_across.fill(0)
        self._dx.fill(0)
        rest, share = self._rest[0], self._share[0]
        self._hand_back(dy, self._rows.of(self._d_across), self._row_won, rest, share)
        rest, share = self._rest[1], self._share[1]
        self._hand_back(self._d_across, self._columns.of(self._dx), self._column_won, rest, share)
        return self._dx

    @staticmethod
    def _largest(taps: list[Array], y: Array, won: Array | None) -> None:
        """The largest of the taps; ``won[k]`` where tap k is larger than all before it."""
        np.copyto(y, taps[0])
        for k, tap in enumerate(taps[1:], 1):
            if won is not None:
                np.greater(tap, y, out=won[k])
            np.maximum(tap, y, out=y)

    @staticmethod
    def _hand_back(dy: Array, taps: list[Array], won: Array, rest: Array, share: Array) -> None:
        """Give dy to the last tap that won, which is the first of the largest."""
        np.copyto(rest, dy)
        for k in range(len(taps) - 1, 0, -1):
            np.multiply(rest, won[k], out=share)
            np.add(taps[k], share, out=taps[k])
            np.subtract(rest, share, out=rest)
        np.add(taps[0], rest, out=taps[0])


class AvgPool:
    """y[i, c, j, n] = mean over 0 <= p, q < K of x[s*i + p, c, s*j + q, n]; else as MaxPool."""

    def __init__(
        self,
        input_shape: Shape,
        output_shape: Shape,
        kernel: int,
        stride: int,
        n: int,
        dtype: np.dtype,
        *,
        train: bool,
    ) -> None:
        self.output_shape = output_shape
        channels, out_height, out_width = output_shape
        height, width = input_shape[1:]
        self._scale = 1.0 / kernel**2
        self._columns = _Windows(kernel, stride, out_width, axis=2)
        self._rows = _Windows(kernel, stride, out_height, axis=0)
        self._across = np.empty((height, channels, out_width, n), dtype)
        self._y = np.empty((out_height, channels, out_width, n), dtype)
        if train:
            self._share = np.empty_like(self._y)
            self._dx = np.empty((height, channels, width, n), dtype)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to y (Ho, C, Wo, N)."""
        self._sum(self._columns.of(x), self._across)
        self._sum(self._rows.of(self._across), self._y)
        np.multiply(self._y, self._scale, out=self._y)
        return self._y

    def backward(self, dy: Array) -> Array:
        """dy (Ho, C, Wo, N) to dx (H, C, W, N): each number shared equally by its window."""
        self._across.fill(0)
        self._dx.fill(0)
        np.multiply(dy, self._scale, out=self._share)
        for tap in self._rows.of(self._across):
            np.add(tap, self._share, out=tap)
        for tap in self._columns.of(self._dx):
            np.add(tap, self._across, out=tap)
        return self._dx

    @staticmethod
    def _sum(taps: list[Array], y: Array) -> None:
        np.copyto(y, taps[0])
        for tap in taps[1:]:
            np.add(y, tap, out=y)


class GlobalAvgPool:
    """y[c, n] = mean over h, w of x[h, c, w, n] (Lin et al. 2014).

    Args:
        input_shape: (C, H, W).
        n, dtype: as for MaxPool.
    """

    def __init__(self, input_shape: Shape, n: int, dtype: np.dtype) -> None:
        channels, height, width = input_shape
        self.output_shape: Shape = (channels,)
        self._scale = 1.0 / (height * width)
        self._columns = np.empty((channels, width, n), dtype)
        self._y = np.empty((channels, n), dtype)
        self._dx = np.empty((height, channels, width, n), dtype)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to y (C, N)."""
        np.add.reduce(x, axis=0, out=self._columns)
        np.add.reduce(self._columns, axis=1, out=self._y)
        np.multiply(self._y, self._scale, out=self._y)
        return self._y

    def backward(self, dy: Array) -> Array:
        """dy (C, N) to dx (H, C, W, N)."""
        np.multiply(dy[None, :, None, :], self._scale, out=self._dx)
        return self._dx
