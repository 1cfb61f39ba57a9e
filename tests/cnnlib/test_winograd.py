"""Laws of the fused Winograd kernel that need an exact tie, or memory that was used before."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from cnnlib.kernels import winograd
from cnnlib.kernels.convolution import Geometry
from cnnlib.kernels.winograd import WinogradPool


class Used(SimpleNamespace):
    """NumPy whose fresh memory holds what was there before: here NaN."""

    def __getattr__(self, name: str) -> object:
        return getattr(np, name)

    @staticmethod
    def empty(shape: object, dtype: object = float) -> np.ndarray:
        fresh = np.empty(shape, dtype)  # type: ignore[call-overload]
        fresh.fill(np.nan if fresh.dtype.kind == "f" else 1)
        return fresh

    @staticmethod
    def empty_like(array: np.ndarray) -> np.ndarray:
        return Used.empty(array.shape, array.dtype)


def kernel_of(
    size: tuple[int, int], padding: int, weight: np.ndarray, *, relu: bool = False
) -> tuple[WinogradPool, tuple[int, int]]:
    """The kernel for images of this size, and the rows and columns that its tiles compute."""
    filters, _, _, channels = weight.shape
    rows, columns = ((each + 2 * padding - 2) & ~1 for each in size)
    geometry = Geometry(
        (channels, *size), (filters, rows, columns), 3, padding=padding, pooled=True
    )
    kernel = WinogradPool(
        geometry, weight, np.zeros_like(weight), None, None, 1, relu=relu, input_gradient=True
    )
    return kernel, (rows, columns)


def spread(
    dp: np.ndarray, x: np.ndarray, weight: np.ndarray, padding: int
) -> tuple[np.ndarray, np.ndarray]:
    """dx and dw by the definition; the first of equals in a window gets the gradient."""
    height, channels, width, _ = x.shape
    padded = np.zeros((height + 2 * padding + 1, channels, width + 2 * padding + 1))
    inner = slice(padding, padding + height), slice(None), slice(padding, padding + width)
    padded[inner] = x[..., 0]
    d_padded, d_weight = np.zeros_like(padded), np.zeros_like(weight)
    for row, f, column in itertools.product(*map(range, dp.shape[:3])):
        places = [(2 * row + i, 2 * column + j) for i in (0, 1) for j in (0, 1)]
        windows = [padded[i : i + 3, :, j : j + 3].swapaxes(1, 2) for i, j in places]
        best = int(np.argmax([np.vdot(weight[f], window) for window in windows]))
        i, j = places[best]
        d_weight[f] += dp[row, f, column, 0] * windows[best]
        share = dp[row, f, column, 0] * weight[f]
        d_padded[i : i + 3, :, j : j + 3] += share.swapaxes(1, 2)
    return d_padded[inner], d_weight


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("size", [(6, 6), (7, 6), (6, 7), (7, 9), (5, 5)])
def test_memory_that_was_used_before_changes_no_gradient(
    size: tuple[int, int], padding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    monkeypatch.setattr(winograd, "np", Used())
    weight = rng.normal(size=(3, 3, 3, 2))
    kernel, _ = kernel_of(size, padding, weight)
    x = rng.normal(size=(size[0], 2, size[1], 1))
    dp = rng.normal(size=kernel.forward(x).shape)
    for _ in range(2):  # the second time over the numbers of the first
        kernel.forward(x)
        dx = kernel.backward(dp)
    assert dx is not None
    expected, d_weight = spread(dp, x, weight, padding)
    np.testing.assert_allclose(dx[..., 0], expected, atol=1e-12)
    assert kernel._d_weight is not None
    np.testing.assert_allclose(kernel._d_weight, 2 * d_weight, atol=1e-11)


@pytest.mark.parametrize("relu", [False, True])
def test_of_equal_pixels_the_first_gets_the_gradient(relu: bool) -> None:
    """All windows are equal, and small whole numbers are exact."""
    weight = np.arange(1.0, 3 * 9 * 2 + 1).reshape(3, 3, 3, 2)
    kernel, _ = kernel_of((6, 6), 0, weight, relu=relu)
    x = np.ones((6, 2, 6, 1))
    p = kernel.forward(x)
    dp = np.arange(1.0, p.size + 1).reshape(p.shape)
    dx = kernel.backward(dp)
    assert dx is not None
    assert np.array_equal(dx[..., 0], spread(dp, x, weight, 0)[0])
