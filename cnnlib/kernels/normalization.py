"""Normalisation: shift and scale numbers to mean 0 and variance 1, then to what is learned.

    xhat = (x - mean) / sqrt(var + eps),   y = gamma * xhat + beta

Backward, with n numbers sharing one mean, and sums over those n:

    dgamma = sum(dy * xhat),   dbeta = sum(dy)
    dx = gamma / sqrt(var + eps) * (dy - dbeta / n - xhat * dgamma / n)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.kernels.dense import batch_last
from cnnlib.kernels.rows import parts

SumOverRanks = Callable[[NDArray[np.float64]], None]
"""Adds up a small array over all processes that share the batch, in place."""


class BatchNorm:
    """Statistics of each channel over the whole batch (Ioffe and Szegedy 2015), and ReLU behind.

    The micro-batch must be all that this process holds of the batch; the sums of the other
    processes are added through ``sum_over_ranks``, so the statistics are those of the batch.
    The running variance is the unbiased one, as in PyTorch.

    A whole batch is larger than the cache, so what is done to a number is done while its rows are
    there. Nothing is kept but y, for ReLU; x must stay until backward. Sums of squares are taken
    about the mean of the first rows, which is near enough to that of all.

    Args:
        input_shape: (C, H, W).
        n: images in the micro-batch.
        gamma, beta: (C,), with their gradients.
        running_mean, running_var: (C,), updated by ``forward``.
        momentum: share of the new statistics in the running ones.
        eps: keeps the root from zero.
        relu: whether ReLU follows.
        sum_over_ranks: see above.
    """

    def __init__(
        self,
        input_shape: Shape,
        n: int,
        gamma: Array,
        beta: Array,
        d_gamma: Array,
        d_beta: Array,
        running_mean: Array,
        running_var: Array,
        *,
        momentum: float,
        eps: float,
        relu: bool,
        sum_over_ranks: SumOverRanks,
    ) -> None:
        self.output_shape = input_shape
        channels, height, width = input_shape
        self._gamma, self._beta = gamma, beta
        self._d_gamma, self._d_beta = d_gamma, d_beta
        self._running_mean, self._running_var = running_mean, running_var
        self._momentum, self._eps, self._sum_over_ranks = momentum, eps, sum_over_ranks
        dtype = gamma.dtype
        self._shape = batch_last(input_shape, n)
        self._rows = (height, channels, width * n)
        self._count = height * width * n
        self._parts = parts(height, channels * width * n)
        self._y = np.empty(self._rows, dtype)
        part = (self._parts[0].stop, *self._rows[1:])
        self._work = np.empty(part, dtype)
        self._zeros = np.zeros(part, dtype) if relu else None
        self._ones = np.ones(width * n, dtype)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to y of the same shape; updates the running statistics."""
        x = self._x = x.reshape(self._rows)
        first = x[self._parts[0]]
        centre = np.matmul(first, self._ones).sum(axis=0) / (len(first) * len(self._ones))
        self._centre = centre.astype(x.dtype)[:, None]
        own_sum, own_squares = np.zeros((2, len(centre)))
        for part in self._parts:
            centred = self._centred(part)
            own_sum += np.matmul(centred, self._ones).sum(axis=0, dtype=np.float64)
            own_squares += np.vecdot(centred, centred).sum(axis=0, dtype=np.float64)
        subtracted = self._centre[:, 0].astype(np.float64)
        shared = np.concatenate(
            [
                [float(self._count)],
                own_sum + self._count * subtracted,
                own_squares + 2 * subtracted * own_sum + self._count * subtracted**2,
            ]
        )
        self._sum_over_ranks(shared)
        total = self._total = float(shared[0])
        channels = own_sum.size
        mean = self._mean = shared[1 : channels + 1] / total
        var = np.maximum(shared[channels + 1 :] / total - mean**2, 0.0)
        self._inverse = 1.0 / np.sqrt(var + self._eps)
        self._remember(self._running_mean, mean)
        self._remember(self._running_var, var * (total / max(total - 1.0, 1.0)))
        factor = self._gamma * self._inverse
        scale, shift = self._columns(factor, self._beta - factor * mean)
        for part in self._parts:
            y = np.multiply(x[part], scale, out=self._y[part])
            np.add(y, shift, out=y)
            if self._zeros is not None:
                np.maximum(y, self._zeros[: len(y)], out=y)
        return self._y.reshape(self._shape)

    def backward(self, dy: Array) -> Array:
        """dy (H, C, W, N) to dx of the same shape, written over y."""
        dy = dy.reshape(self._rows)
        d_beta, d_centred = np.zeros((2, self._rows[1]))
        for part in self._parts:
            d = dy[part]
            if self._zeros is not None:
                alive = np.greater(self._y[part], self._zeros[: len(d)], out=self._work[: len(d)])
                d = np.multiply(d, alive, out=self._y[part])
            d_beta += np.matmul(d, self._ones).sum(axis=0, dtype=np.float64)
            d_centred += np.vecdot(d, self._centred(part)).sum(axis=0, dtype=np.float64)
        offset = self._centre[:, 0] - self._mean
        d_gamma = self._inverse * (d_centred + offset * d_beta)
        self._d_beta += d_beta.astype(dy.dtype)
        self._d_gamma += d_gamma.astype(dy.dtype)
        shared = np.concatenate([d_beta, d_gamma])
        self._sum_over_ranks(shared)
        mean_beta, mean_gamma = np.split(shared / self._total, 2)
        factor = self._gamma * self._inverse
        towards = -factor * self._inverse * mean_gamma
        scale, slope, shift = self._columns(
            factor, towards, -towards * self._mean - factor * mean_beta
        )
        for part in self._parts:
            d = dy[part] if self._zeros is None else self._y[part]
            dx = np.multiply(d, scale, out=self._y[part])
            other = np.multiply(self._x[part], slope, out=self._work[: len(d)])
            np.add(other, shift, out=other)
            np.add(dx, other, out=dx)
        return self._y.reshape(self._shape)

    def _centred(self, part: slice) -> Array:
        """Some rows of x, less what is about their mean: so their squares keep their digits."""
        work: Array = self._work[: part.stop - part.start]
        np.subtract(self._x[part], self._centre, out=work)
        return work

    def _columns(self, *terms: Array) -> list[Array]:
        """Numbers for each channel as they are added to rows."""
        return [term.astype(self._y.dtype)[:, None] for term in terms]

    def _remember(self, running: Array, new: NDArray[np.float64]) -> None:
        running += self._momentum * (new.astype(running.dtype) - running)


class Affine:
    """y = scale * x + shift for each channel: batch normalisation when only inferring; and ReLU.

    The scale and shift follow from the running statistics at every call.
    """

    def __init__(
        self,
        input_shape: Shape,
        n: int,
        gamma: Array,
        beta: Array,
        running_mean: Array,
        running_var: Array,
        *,
        eps: float,
        relu: bool,
        input_gradient: bool,
    ) -> None:
        self.output_shape = input_shape
        self._terms = gamma, beta, running_mean, running_var
        self._eps = eps
        channels, height, width = input_shape
        self._shape = batch_last(input_shape, n)
        self._parts = parts(height, channels * width * n)
        self._y = np.empty(self._shape, gamma.dtype)
        self._dx = np.empty_like(self._y) if input_gradient else None
        self._zeros = np.zeros_like(self._y[self._parts[0]]) if relu else None

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to y of the same shape."""
        gamma, beta, mean, var = self._terms
        scale = gamma / np.sqrt(var + self._eps)
        shift = beta - mean * scale
        for part in self._parts:
            y = np.multiply(x[part], scale[:, None, None], out=self._y[part])
            np.add(y, shift[:, None, None], out=y)
            if self._zeros is not None:
                np.maximum(y, self._zeros[: len(y)], out=y)
        return self._y

    def backward(self, dy: Array) -> Array | None:
        """dy (H, C, W, N) to dx of the same shape (for saliency through a trained network)."""
        if self._dx is None:
            return None
        gamma, _, _, var = self._terms
        scale = gamma / np.sqrt(var + self._eps)
        np.multiply(dy, scale[:, None, None], out=self._dx)
        if self._zeros is not None:
            np.multiply(self._dx, self._y > 0, out=self._dx)
        return self._dx


class LayerNorm:
    """Statistics of each example over all its numbers (Ba et al. 2016).

    Args:
        input_shape: (C, H, W) or (D,).
        n: examples in a micro-batch.
        gamma, beta: as stored batch-last: (H, C, W) or (D,), with their gradients.
        eps: keeps the root from zero.
    """

    def __init__(
        self,
        input_shape: Shape,
        n: int,
        gamma: Array,
        beta: Array,
        d_gamma: Array | None,
        d_beta: Array | None,
        *,
        eps: float,
    ) -> None:
        self.output_shape = input_shape
        self._shape = batch_last(input_shape, n)
        self._gamma, self._beta = gamma.reshape(-1, 1), beta.reshape(-1, 1)
        self._d_gamma = None if d_gamma is None else d_gamma.reshape(-1)
        self._d_beta = None if d_beta is None else d_beta.reshape(-1)
        self._eps = eps
        self._xhat = np.empty((gamma.size, n), gamma.dtype)
        self._work = np.empty_like(self._xhat)
        self._y = np.empty_like(self._xhat)
        self._scaled = np.empty_like(self._xhat)  # dy * gamma

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (..., N) to y of the same shape."""
        x = x.reshape(self._xhat.shape)
        np.subtract(x, x.mean(axis=0), out=self._xhat)
        var = np.multiply(self._xhat, self._xhat, out=self._work).mean(axis=0)
        self._inverse = 1.0 / np.sqrt(var + self._eps)
        np.multiply(self._xhat, self._inverse, out=self._xhat)
        np.multiply(self._xhat, self._gamma, out=self._y)
        np.add(self._y, self._beta, out=self._y)
        return self._y.reshape(self._shape)

    def backward(self, dy: Array) -> Array:
        """dy (..., N) to dx of the same shape."""
        dy = dy.reshape(self._xhat.shape)
        if self._d_gamma is not None and self._d_beta is not None:
            self._d_beta += dy.sum(axis=1)
            self._d_gamma += np.multiply(dy, self._xhat, out=self._work).sum(axis=1)
        g = np.multiply(dy, self._gamma, out=self._scaled)
        mean_gamma = np.multiply(g, self._xhat, out=self._work).mean(axis=0)
        dx: Array = np.multiply(self._xhat, mean_gamma, out=self._work)
        np.add(dx, g.mean(axis=0), out=dx)
        np.subtract(g, dx, out=dx)
        np.multiply(dx, self._inverse, out=dx)
        return dx.reshape(self._shape)
