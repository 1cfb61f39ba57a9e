"""Functions applied to each number by itself."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.kernels.dense import batch_last


class _Elementwise(ABC):
    """y = f(x); backward dx = dy * f'(x), where f' is computed from what ``forward`` kept."""

    def __init__(self, input_shape: Shape, n: int, dtype: np.dtype) -> None:
        self.output_shape = input_shape
        shape = batch_last(input_shape, n)
        self._y = np.empty(shape, dtype)
        self._slope = np.empty(shape, dtype)
        self._dx = np.empty(shape, dtype)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x to y of the same shape."""
        self._x = x
        self._function(x, self._y)
        return self._y

    def backward(self, dy: Array) -> Array:
        """dy to dx of the same shape."""
        self._derivative(self._x, self._y, self._slope)
        return np.multiply(dy, self._slope, out=self._dx)

    @abstractmethod
    def _function(self, x: Array, y: Array) -> None:
        """Write f(x) to y."""

    @abstractmethod
    def _derivative(self, x: Array, y: Array, slope: Array) -> None:
        """Write f'(x), where y = f(x), to ``slope``."""


class ReLU(_Elementwise):
    """f(x) = max(x, 0); f'(0) = 0 (Nair and Hinton 2010)."""

    def __init__(self, input_shape: Shape, n: int, dtype: np.dtype) -> None:
        super().__init__(input_shape, n, dtype)
        self._zeros = np.zeros_like(self._y)  # an array is three times faster than a scalar here

    def _function(self, x: Array, y: Array) -> None:
        np.maximum(x, self._zeros, out=y)

    def _derivative(self, x: Array, y: Array, slope: Array) -> None:
        np.greater(y, self._zeros, out=slope)


class LeakyReLU(_Elementwise):
    """f(x) = x where x > 0, else slope * x; f'(0) = slope (Maas et al. 2013)."""

    def __init__(self, input_shape: Shape, n: int, dtype: np.dtype, negative_slope: float) -> None:
        super().__init__(input_shape, n, dtype)
        self._negative_slope = negative_slope
        self._zeros = np.zeros_like(self._y)

    def _function(self, x: Array, y: Array) -> None:
        self._derivative(x, y, self._slope)
        np.multiply(x, self._slope, out=y)

    def _derivative(self, x: Array, y: Array, slope: Array) -> None:
        np.greater(x, self._zeros, out=slope)
        np.multiply(slope, 1.0 - self._negative_slope, out=slope)
        np.add(slope, self._negative_slope, out=slope)


class Tanh(_Elementwise):
    """f(x) = tanh(x); f' = 1 - y^2."""

    def _function(self, x: Array, y: Array) -> None:
        np.tanh(x, out=y)

    def _derivative(self, x: Array, y: Array, slope: Array) -> None:
        np.multiply(y, y, out=slope)
        np.subtract(1.0, slope, out=slope)


class Sigmoid(_Elementwise):
    """f(x) = 1 / (1 + exp(-x)) = (1 + tanh(x/2)) / 2, which cannot overflow; f' = y (1 - y)."""

    def _function(self, x: Array, y: Array) -> None:
        _sigmoid(x, y)

    def _derivative(self, x: Array, y: Array, slope: Array) -> None:
        np.subtract(1.0, y, out=slope)
        np.multiply(slope, y, out=slope)


class SiLU(_Elementwise):
    """f(x) = x s(x), s the sigmoid; f' = s + y (1 - s) (Elfwing et al. 2018)."""

    def __init__(self, input_shape: Shape, n: int, dtype: np.dtype) -> None:
        super().__init__(input_shape, n, dtype)
        self._s = np.empty_like(self._y)

    def _function(self, x: Array, y: Array) -> None:
        _sigmoid(x, self._s)
        np.multiply(x, self._s, out=y)

    def _derivative(self, x: Array, y: Array, slope: Array) -> None:
        np.subtract(1.0, self._s, out=slope)
        np.multiply(slope, y, out=slope)
        np.add(slope, self._s, out=slope)


class GELU(_Elementwise):
    """f(x) = x (1 + t) / 2 with t = tanh(r (x + 0.044715 x^3)), r = sqrt(2/pi).

    The tanh form of Hendrycks and Gimpel (2016); within 5e-4 of the exact one, which needs the
    error function. f' = (1 + t)/2 + x (1 - t^2) r (1 + 3 * 0.044715 x^2) / 2.
    """

    _R = math.sqrt(2.0 / math.pi)
    _CUBIC = 0.044715

    def __init__(self, input_shape: Shape, n: int, dtype: np.dtype) -> None:
        super().__init__(input_shape, n, dtype)
        self._t = np.empty_like(self._y)

    def _function(self, x: Array, y: Array) -> None:
        t = self._t
        np.multiply(x, x, out=t)
        np.multiply(t, self._R * self._CUBIC, out=t)
        np.add(t, self._R, out=t)
        np.multiply(t, x, out=t)
        np.tanh(t, out=t)
        np.add(t, 1.0, out=y)
        np.multiply(y, 0.5, out=y)
        np.multiply(y, x, out=y)

    def _derivative(self, x: Array, y: Array, slope: Array) -> None:
        t, inner = self._t, self._dx
        np.multiply(x, x, out=inner)
        np.multiply(inner, 3.0 * self._R * self._CUBIC, out=inner)
        np.add(inner, self._R, out=inner)
        np.multiply(inner, x, out=inner)
        np.multiply(t, t, out=slope)
        np.subtract(1.0, slope, out=slope)
        np.multiply(slope, inner, out=slope)
        np.add(slope, t, out=slope)
        np.add(slope, 1.0, out=slope)
        np.multiply(slope, 0.5, out=slope)


def _sigmoid(x: Array, y: Array) -> None:
    np.multiply(x, 0.5, out=y)
    np.tanh(y, out=y)
    np.add(y, 1.0, out=y)
    np.multiply(y, 0.5, out=y)
