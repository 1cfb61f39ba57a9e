"""Images drawn anew through an affine map, each through its own: the arithmetic of augmentation.

Every output pixel looks back to the place that it comes from and blends the four pixels around
it (bilinear interpolation). The places of all pixels are computed at once; the four neighbours
are then four ``take``s with one array of flat indices, each into a view that starts a pixel or a
row later. Images are worked through in blocks whose arrays stay in the cache.
"""

from __future__ import annotations

import numpy as np

from cnnlib.arrays import Array
from cnnlib.errors import ShapeError

_PIXELS = 12_544  # pixels in a block: 16 images of 28 × 28
_EXACT = 2**24  # whole numbers up to here are exact in float32


def warp(images: Array, matrix: Array, move: Array) -> Array:
    """Sample each image at the affine images of its pixel places.

        y[n, c, i, j] = x[n, c] at  centre + matrix[n]·(place(i, j) − centre) + move[n]

    A place is (column, row); the centre is the middle of the image. Places between pixels blend
    their four neighbours; outside of the image everything is 0.

    Args:
        images: (N, C, H, W).
        matrix: from output places to input places, (N, 2, 2).
        move: in pixels, (N, 2).

    Returns:
        A new array like ``images``. The identity gives the same numbers, and numbers in [0, 1]
        stay there, rounding included.

    Raises:
        ShapeError: an image of more than sixteen million pixels.
    """
    count, channels, height, width = images.shape
    rows, columns = height + 3, width + 3  # a frame of zeros: one before, two after
    if rows * columns > _EXACT:
        raise ShapeError("warp", expected="images up to 4000 × 4000", received=f"{height}×{width}")
    dtype = images.dtype
    result = np.empty_like(images, order="C")
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x = np.arange(width, dtype=dtype) - middle_x
    y = np.arange(height, dtype=dtype) - middle_y
    (xx, xy), (yx, yy) = matrix.transpose(1, 2, 0)[..., None].astype(dtype, copy=False)
    start_x = move[:, :1].astype(dtype, copy=False) + (middle_x + 1)  # 1: the frame
    start_y = move[:, 1:].astype(dtype, copy=False) + (middle_y + 1)

    size = min(count, max(1, _PIXELS // max(height * width, 1)))
    framed = np.zeros((channels, size, rows, columns), dtype)
    across, down, whole_x, whole_y, *corners = np.empty((8, size, height, width), dtype)
    place = np.empty((size, height, width), np.intp)
    image_start = np.arange(0, size * rows * columns, rows * columns)[:, None, None]
    for first in range(0, count, max(size, 1)):
        part = slice(first, min(first + size, count))
        n = part.stop - first
        framed[:, :n, 1:-2, 1:-2] = images[part].transpose(1, 0, 2, 3)
        u, v, at_x, at_y, at = across[:n], down[:n], whole_x[:n], whole_y[:n], place[:n]
        np.add((xx[part] * x)[:, None, :], (xy[part] * y + start_x[part])[:, :, None], out=u)
        np.add((yx[part] * x)[:, None, :], (yy[part] * y + start_y[part])[:, :, None], out=v)
        np.clip(u, 0, width + 1, out=u)
        np.clip(v, 0, height + 1, out=v)
        np.floor(u, out=at_x)
        np.floor(v, out=at_y)
        np.subtract(u, at_x, out=u)  # the fractions: how far towards the next pixel
        np.subtract(v, at_y, out=v)
        np.multiply(at_y, columns, out=at_y)
        np.add(at_x, at_y, out=at_x)
        np.copyto(at, at_x, casting="unsafe")
        np.add(at, image_start[:n], out=at)
        for channel in range(channels):
            _blend(framed[channel].reshape(-1), at, columns, u, v, corners, result[part, channel])
    return result


def _blend(
    pixels: Array, at: np.ndarray, columns: int, u: Array, v: Array, work: list[Array], out: Array
) -> None:
    """The four pixels at ``at`` and one to the right and below, weighed by the fractions u, v.

    top = p₀₀ + u·(p₀₁ − p₀₀),  bottom = p₁₀ + u·(p₁₁ − p₁₀),  top + v·(bottom − top)
    """
    p00, p01, p10, p11 = (array[: len(at)] for array in work)
    pixels.take(at, out=p00, mode="clip")  # "clip": no buffering; the places are in range
    pixels[1:].take(at, out=p01, mode="clip")
    pixels[columns:].take(at, out=p10, mode="clip")
    pixels[columns + 1 :].take(at, out=p11, mode="clip")
    for low, high in ((p00, p01), (p10, p11)):
        np.subtract(high, low, out=high)
        np.multiply(high, u, out=high)
        np.add(low, high, out=low)
    np.subtract(p10, p00, out=p10)
    np.multiply(p10, v, out=p10)
    np.add(p00, p10, out=out)
