"""Dense layers, the way from images to features, and dropout."""

from __future__ import annotations

import numpy as np

from cnnlib.arrays import Array, Draw, Shape


class Flatten:
    """Images (H, C, W, N) to features (C*H*W, N), in the order of a flattened (C, H, W) array.

    The one copy that this costs is less than a hundredth of a step, and it buys dense weights that
    mean the same as everywhere else.
    """

    def __init__(self, input_shape: Shape, n: int, dtype: np.dtype) -> None:
        channels, height, width = input_shape
        self.output_shape: Shape = (channels * height * width,)
        self._y = np.empty((channels, height, width, n), dtype)
        self._dx = np.empty((height, channels, width, n), dtype)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N) to y (C*H*W, N)."""
        np.copyto(self._y, x.swapaxes(0, 1))
        return self._y.reshape(self.output_shape[0], -1)

    def backward(self, dy: Array) -> Array:
        """dy (C*H*W, N) to dx (H, C, W, N)."""
        np.copyto(self._dx, dy.reshape(self._y.shape).swapaxes(0, 1))
        return self._dx


class Dense:
    """y = W x + b, and ReLU where it follows.

    Backward: dW = dy x.T, db = sum over n of dy, dx = W.T dy.

    Args:
        weight, d_weight: (out, in) and its gradient (None when only inferring).
        bias, d_bias: (out,) and its gradient, or None.
        n: examples in a micro-batch.
        relu: whether ReLU follows.
        input_gradient: whether ``backward`` is to return dx.
    """

    def __init__(
        self,
        weight: Array,
        d_weight: Array | None,
        bias: Array | None,
        d_bias: Array | None,
        n: int,
        *,
        relu: bool,
        input_gradient: bool,
    ) -> None:
        outputs, inputs = weight.shape
        dtype = weight.dtype
        self.output_shape: Shape = (outputs,)
        self._weight, self._d_weight = weight, d_weight
        self._bias = None if bias is None else bias[:, None]
        self._d_bias = d_bias
        self._y = np.empty((outputs, n), dtype)
        self._zeros = np.zeros((outputs, n), dtype) if relu else None
        self._dx = np.empty((inputs, n), dtype) if input_gradient else None
        if d_weight is not None:
            self._product = np.empty_like(weight)
        if d_weight is not None or input_gradient:
            self._alive = np.empty((outputs, n), bool)
            self._dy = np.empty((outputs, n), dtype)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (in, N) to y (out, N)."""
        self._x = x
        np.matmul(self._weight, x, out=self._y)
        if self._bias is not None:
            np.add(self._y, self._bias, out=self._y)
        if self._zeros is not None:
            np.maximum(self._y, self._zeros, out=self._y)
        return self._y

    def backward(self, dy: Array) -> Array | None:
        """dy (out, N) to dx (in, N)."""
        if self._zeros is not None:
            np.greater(self._y, self._zeros, out=self._alive)
            dy = np.multiply(dy, self._alive, out=self._dy)
        if self._d_weight is not None:
            np.matmul(dy, self._x.T, out=self._product)
            self._d_weight += self._product
        if self._d_bias is not None:
            self._d_bias += dy.sum(axis=1)
        if self._dx is None:
            return None
        return np.matmul(self._weight.T, dy, out=self._dx)


class Dropout:
    """y = x * keep / (1 - rate): each number kept with probability 1 - rate (Srivastava 2014).

    When only inferring it is the identity, and no kernel is planned for it. ``place`` is the
    layer's address in the randomness of a step.
    """

    def __init__(
        self, input_shape: Shape, n: int, dtype: np.dtype, rate: float, place: tuple[int, ...]
    ) -> None:
        self.output_shape = input_shape
        self._place = place
        self._rate, self._scale = rate, 1.0 / (1.0 - rate)
        shape = batch_last(input_shape, n)
        self._mask = np.empty(shape, dtype)
        self._y = np.empty(shape, dtype)
        self._dx = np.empty(shape, dtype)

    def forward(self, x: Array, draw: Draw) -> Array:
        """x (..., N) to y of the same shape."""
        n = x.shape[-1]
        numbers = draw.child(*self._place).uniform(x.size // n).T.reshape(x.shape)
        np.multiply(numbers >= self._rate, self._scale, out=self._mask)
        return np.multiply(x, self._mask, out=self._y)

    def backward(self, dy: Array) -> Array:
        """dy (..., N) to dx of the same shape."""
        return np.multiply(dy, self._mask, out=self._dx)


def batch_last(shape: Shape, n: int) -> Shape:
    """The shape of a batch-last array: (H, C, W, N) for images, (D, N) for features."""
    if len(shape) == 3:
        channels, height, width = shape
        return (height, channels, width, n)
    return (*shape, n)
