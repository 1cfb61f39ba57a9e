"""The convolution of an image that is too large for the cache: tile by tile.

`Convolution` copies every row K times and keeps the copies until backward. Where they outgrow the
cache, that is a walk through memory for every product. Here the output is cut into tiles, a few
rows by a few columns; what a tile reads is copied (`Windows`), multiplied while it is in the cache,
and forgotten. With a stride of 1 the gradient by the input is such a convolution too, of dy by the
same weight, its window turned by 180 degrees and its channels exchanged:

    dx[h, c, w, n] = sum over kh, kw, f of
                         w[f, K-1-kh, K-1-kw, c] * dy[h + kh - (K-1-p), f, w + kw - (K-1-p), n]

and with Q the patch matrix (K*K*F, L) of dy that a tile of dx reads, the gradient of that turned
weight is  Q @ x.T,  summed over the tiles. So backward copies dy alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnnlib.arrays import Array, Draw
from cnnlib.kernels.convolution import Geometry
from cnnlib.kernels.products import multiply

_TILE = 1 << 17  # numbers that are copied for a tile: 512 KiB, half of a core's cache
_RUN = 64  # least numbers of a row in a tile: shorter ones cost more to copy


def suits(geometry: Geometry, n: int) -> bool:
    """Whether this kernel can compute the convolution (but not train it alone), and is faster."""
    channels, *_ = geometry.input_shape
    copies = geometry.rows * geometry.kernel * channels * geometry.output_shape[2] * n
    return (
        geometry.stride == geometry.dilation == 1
        and not geometry.pooled
        and not geometry.split_input
        and 2 * geometry.padding < geometry.kernel  # else dx would not see all of dy
        and copies > 8 * _TILE
    )


@dataclass(frozen=True)
class Tile:
    """A part of the output, and how the part of x that it reads is copied.

    Args:
        rows, columns: of the output.
        zeros: places (rows, shifts, columns) of the copy that lie outside of x.
        copies: for each shift along W, such a place and the (rows, columns) of x that go there.
    """

    rows: slice
    columns: slice
    zeros: list[tuple[slice, slice | int, slice]]
    copies: list[tuple[tuple[slice, int, slice], tuple[slice, slice]]]

    @property
    def size(self) -> tuple[int, int]:
        """How many rows and columns."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


def _tiles(geometry: Geometry, height: int, width: int) -> Iterator[Tile]:
    """The output in tiles of at most ``height`` x ``width``."""
    _, last_row, last_column = geometry.output_shape
    for top in range(0, last_row, height):
        rows = slice(top, min(top + height, last_row))
        for left in range(0, last_column, width):
            yield _tile(geometry, rows, slice(left, min(left + width, last_column)))


def _tile(geometry: Geometry, rows: slice, columns: slice) -> Tile:
    _, height, width = geometry.input_shape
    kernel, padding = geometry.kernel, geometry.padding
    count = columns.stop - columns.start
    read = rows.stop - rows.start + kernel - 1
    to_rows, from_rows = _inside(rows.start - padding, read, height)
    every = slice(0, kernel)
    zeros: list[tuple[slice, slice | int, slice]] = [
        (outside, every, slice(0, count)) for outside in _outside(to_rows, read)
    ]
    copies = []
    for shift in range(kernel):
        to, source = _inside(columns.start + shift - padding, count, width)
        zeros += [(to_rows, shift, outside) for outside in _outside(to, count)]
        copies.append(((to_rows, shift, to), (from_rows, source)))
    return Tile(rows, columns, zeros, copies)


def _inside(first: int, count: int, size: int) -> tuple[slice, slice]:
    """Those of ``count`` places from ``first`` on within ``size``: counted from there, from 0."""
    start, stop = max(first, 0), min(first + count, size)
    if start >= stop:
        return slice(0, 0), slice(0, 0)
    return slice(start - first, stop - first), slice(start, stop)


def _outside(inside: slice, count: int) -> list[slice]:
    parts = (slice(0, inside.start), slice(inside.stop, count))
    return [part for part in parts if part.start < part.stop]


class Windows:
    """Patch matrices, made for one tile at a time.

    Args:
        geometry: the sizes of the convolution, which ``suits``.
        n: images in a micro-batch.
        dtype: of the numbers.
    """

    def __init__(self, geometry: Geometry, n: int, dtype: np.dtype) -> None:
        channels, _, in_width = geometry.input_shape
        _, height, width = geometry.output_shape
        kernel, groups = geometry.kernel, geometry.groups
        depth = channels // groups
        columns = min(width, -(-_RUN // n))
        fitting = max(1, _TILE // (kernel * channels * columns * n) - kernel + 1)
        rows = -(-height // -(-height // fitting))
        self._n = n
        self._x_shape = (-1, groups, depth, in_width, n)
        self.tiles = list(_tiles(geometry, rows, columns))
        buffer = np.empty((rows + kernel - 1) * kernel * channels * columns * n, dtype)
        self._made = {
            tile.size: _overlapping(buffer, tile.size, groups, kernel, depth, n)
            for tile in self.tiles
        }

    def run(self, tile: Tile) -> slice:
        """The columns of a tile in rows (Wo*N)."""
        return slice(tile.columns.start * self._n, tile.columns.stop * self._n)

    def of(self, x: Array, tile: Tile) -> Array:
        """The patch matrices (G, rows, K*K*C/G, columns*N) that a tile reads of x (H, C, W, N).

        The next call makes the next tile's in the same memory.
        """
        shifted, matrices = self._made[tile.size]
        x = x.reshape(self._x_shape).swapaxes(0, 1)
        for rows, shift, columns in tile.zeros:
            shifted[:, rows, shift, ..., columns, :] = 0
        for (rows, shift, columns), (from_rows, from_columns) in tile.copies:
            np.copyto(shifted[:, rows, shift, :, columns], x[:, from_rows, :, from_columns])
        return matrices


def _overlapping(
    buffer: Array, size: tuple[int, int], groups: int, kernel: int, depth: int, n: int
) -> tuple[Array, Array]:
    """Rows (G, rows + K - 1, K, C/G, columns, N) and the patch matrices that overlap in them."""
    rows, columns = size
    shape = (groups, rows + kernel - 1, kernel, depth, columns, n)
    shifted = buffer[: math.prod(shape)].reshape(shape)
    group, row, _, line = shifted.strides[:4]
    matrices = as_strided(
        shifted,
        (groups, rows, kernel * kernel * depth, columns * n),
        (group, row, line, shifted.itemsize),
    )
    return shifted, matrices


class TiledConvolution:
    """Convolution with stride 1 + bias, and ReLU where it follows, for large images.

    Args:
        geometry: the sizes, which ``suits``.
        weight, d_weight: (F, K, K, C/G) and its gradient (None when only inferring).
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
        filters, out_height, out_width = self.output_shape = geometry.output_shape
        kernel, groups = geometry.kernel, geometry.groups
        per_group, depth = filters // groups, channels // groups
        dtype = weight.dtype
        self._groups, self._relu = groups, relu
        self._windows = Windows(geometry, n, dtype)
        self._weight = weight.reshape(groups, 1, per_group, -1)
        self._bias = None if bias is None else bias[:, None]
        self._y = np.empty((out_height, filters, out_width * n), dtype)
        self._y_shape = (out_height, filters, out_width, n)
        self._d_weight = self._d_bias = self._dx = None
        if not input_gradient:
            return
        self._d_bias = d_bias
        self._back = Windows(
            replace(
                geometry,
                input_shape=geometry.output_shape,
                output_shape=geometry.input_shape,
                padding=kernel - 1 - geometry.padding,
            ),
            n,
            dtype,
        )
        tap = (kernel - 1 - geometry.padding) * (kernel + 1)
        self._centre = slice(tap * per_group, (tap + 1) * per_group)  # dy itself in a patch of it
        self._dx = np.empty((height, channels, width * n), dtype)
        self._dx_shape = (height, channels, width, n)
        self._turned = np.empty((groups, depth, kernel, kernel, per_group), dtype)
        self._weight_to_turn = self._to_turn(weight)
        self._ones = np.ones(width * n, dtype)
        if d_weight is not None:
            self._d_weight = self._to_turn(d_weight)

    def forward(self, x: Array, draw: Draw | None = None) -> Array:
        """x (H, C, W, N), which must stay until backward, to y (Ho, F, Wo, N)."""
        self._x = x
        by_group = grouped(self._y, self._groups)
        for tile in self._windows.tiles:
            run = self._windows.run(tile)
            multiply(self._weight, self._windows.of(x, tile), by_group[:, tile.rows, :, run])
            y = self._y[tile.rows, :, run]
            if self._bias is not None:
                np.add(y, self._bias, out=y)
            if self._relu:
                np.maximum(y, 0, out=y)
        return self._y.reshape(self._y_shape)

    def backward(self, dy: Array) -> Array | None:
        """dy (Ho, F, Wo, N) to dx (H, C, W, N), or None if it is not wanted."""
        if self._dx is None:
            return None
        if self._relu:
            dy = np.multiply(dy, self._y.reshape(dy.shape) > 0)
        np.copyto(self._turned, self._weight_to_turn)
        groups, depth, kernel, _, per_group = self._turned.shape
        weight = self._turned.reshape(groups, 1, depth, -1)
        dx = grouped(self._dx, groups)
        x = grouped(self._x.reshape(self._dx.shape), groups)
        d_bias = np.zeros((groups, per_group), dy.dtype)
        d_turned = np.zeros((groups, kernel * kernel * per_group, depth), dy.dtype)
        for tile in self._back.tiles:
            run = self._back.run(tile)
            patches = self._back.of(dy, tile)
            multiply(weight, patches, dx[:, tile.rows, :, run])
            if self._d_bias is not None:
                centre = patches[:, :, self._centre]
                d_bias += np.matmul(centre, self._ones[: centre.shape[-1]]).sum(axis=1)
            if self._d_weight is not None:
                d_turned += _weight_gradient(patches, x[:, tile.rows, :, run])
        if self._d_bias is not None:
            self._d_bias += d_bias.reshape(-1)
        if self._d_weight is not None:
            d_turned = d_turned.reshape(groups, kernel, kernel, per_group, depth)
            self._d_weight += d_turned.transpose(0, 4, 1, 2, 3)
        return self._dx.reshape(self._dx_shape)

    def _to_turn(self, weight: Array) -> Array:
        """View a weight (F, K, K, C/G) turned: (G, C/G, K, K, F/G)."""
        groups, depth, kernel, _, per_group = self._turned.shape
        split = weight.reshape(groups, per_group, kernel, kernel, depth)
        return split[:, :, ::-1, ::-1].transpose(0, 4, 2, 3, 1)


def grouped(y: Array, groups: int) -> Array:
    """View (rows, F, L) as (G, rows, F/G, L)."""
    rows, filters, length = y.shape
    return y.reshape(rows, groups, filters // groups, length).swapaxes(0, 1)


def _weight_gradient(patches: Array, x: Array) -> Array:
    """Q @ x.T, summed over the rows of a tile: (G, K*K*F/G, C/G).

    x is turned in two steps: its long rows, a power of two apart, would all meet in the same few
    lines of the cache.
    """
    x = np.ascontiguousarray(np.ascontiguousarray(x).swapaxes(-1, -2))
    products = np.empty((*x.shape[:2], patches.shape[2], x.shape[-1]), x.dtype)
    multiply(patches, x, products)
    total: Array = np.add.reduce(products, axis=1)
    return total
