"""Convolution as products of matrices over overlapping windows of rows.

    y[ho, f, wo, n] = sum over kh, kw, c of
                          w[f, kh, kw, c] * x[s*ho + d*kh - p, c, s*wo + d*kw - p, n]

(stride s, dilation d, padding p; zero outside x.) The usual way copies each pixel K*K times into a
matrix of patches. Here each row is copied K times only, once for each shift along W:

    shifted[h, kw, c, wo, n] = x[h - p, c, s*wo + d*kw - p, n]

Then K consecutive rows of ``shifted`` *are* the patch matrix (K*K*C, Wo*N) of one output row, and
the patch matrices of consecutive output rows overlap in memory: a strided view, no copy. BLAS
accepts it, since each matrix by itself is regular. Groups (Krizhevsky 2012) are one axis more.

The columns of a row may stand in another order, which costs nothing here. Before a 2x2 pooling the
even columns come first, then the odd ones, so the pooling compares contiguous halves. And where the
pooled image is read by another such convolution it is *split* likewise, so that every shift of that
convolution copies contiguous runs too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnnlib.arrays import Array, Shape
from cnnlib.kernels.products import copy_pays, in_pieces, pieces

_TURNED = 1 << 17  # numbers of dy that are turned at once: 512 KiB
_FEW = 4
"""Pieces of a gradient's product that are worth adding up: each leaves a matrix of its own."""


@dataclass(frozen=True)
class Geometry:
    """The sizes of one convolution.

    Args:
        input_shape: (C, H, W) of x, perhaps cropped to the part that is read.
        output_shape: (F, Ho, Wo) to compute, perhaps cropped to the part that is needed.
        kernel: side K of the window.
        stride: step s between windows.
        padding: rows and columns of zeros above and left of x; those below and right follow.
        dilation: distance d between the pixels of a window.
        groups: number G of groups of channels that do not see each other.
        pooled: whether a 2x2 pooling follows: even columns are stored before odd ones.
        split_output: whether the pooled columns, too, are stored even before odd.
        split_input: whether the columns of x are stored even before odd.
    """

    input_shape: Shape
    output_shape: Shape
    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    pooled: bool = False
    split_output: bool = False
    split_input: bool = False

    @property
    def rows(self) -> int:
        """Rows of x, padding included, that the output rows read."""
        return (self.output_shape[1] - 1) * self.stride + self.dilation * (self.kernel - 1) + 1

    def row_range(self) -> tuple[slice, slice]:
        """The rows of ``shifted`` that hold pixels, and the rows of x that they hold."""
        height = self.input_shape[1]
        stop = min(self.rows, height + self.padding)
        start = min(self.padding, stop)
        return slice(start, stop), slice(0, stop - start)

    def stored_columns(self) -> list[range]:
        """The columns of an output row in the order in which they are stored, as runs."""
        width = self.output_shape[2]
        if not self.pooled:
            return [range(width)]
        if not self.split_output:
            return [range(0, width, 2), range(1, width, 2)]
        return [range(start, width, 4) for start in (0, 2, 1, 3)]

    def column_ranges(self) -> list[tuple[int, slice, slice]]:
        """For each shift and run of columns: the shift, columns of ``shifted``, columns of x.

        Only columns inside x are named; the others stay zero.
        """
        width = self.input_shape[2]
        ranges = []
        for shift in range(self.kernel):
            base = 0
            for run in self.stored_columns():
                read = range(
                    run.start * self.stride + shift * self.dilation - self.padding,
                    run.stop * self.stride + shift * self.dilation - self.padding,
                    run.step * self.stride,
                )
                first = max(0, -(read.start // read.step))
                last = min(len(run), (width - 1 - read.start) // read.step + 1)
                if first < last:
                    inside = range(read[first], read[last - 1] + 1, read.step)
                    ranges.append((shift, slice(base + first, base + last), self.stored(inside)))
                base += len(run)
        return ranges

    def stored(self, columns: range) -> slice:
        """Where columns of x stand in memory."""
        if not self.split_input:
            return slice(columns.start, columns.stop, columns.step)
        half = -(-self.input_shape[2] // 2) * (columns.start % 2)
        start, step = half + columns.start // 2, columns.step // 2
        return slice(start, start + (len(columns) - 1) * step + 1, step)


class Convolution:
    """The linear part of a convolution layer; bias and what follows belong to its tail.

    Output rows may be computed in blocks that stay in the cache until the tail has used them.

    Args:
        geometry: the sizes.
        weight: (F, K, K, C/G), the order of the patch matrix.
        d_weight: gradient of the weight, same shape; None when only inferring.
        n: images in a micro-batch.
        input_gradient: whether ``backward`` is to return dx (the first layer need not).
        block: greatest number of output rows that are asked for at once; None: all.
    """

    def __init__(
        self,
        geometry: Geometry,
        weight: Array,
        d_weight: Array | None,
        n: int,
        *,
        input_gradient: bool = True,
        block: int | None = None,
    ) -> None:
        self.geometry = geometry
        channels = geometry.input_shape[0]
        filters, out_height, out_width = self.output_shape = geometry.output_shape
        kernel, groups = geometry.kernel, geometry.groups
        dtype = self.dtype = weight.dtype
        per_group, depth = filters // groups, channels // groups
        length = out_width * n
        patch = kernel * kernel * depth
        block = block or out_height
        self._pieces = pieces(per_group, patch, length)
        self._rows_to, self._rows_from = geometry.row_range()
        self._columns = geometry.column_ranges()
        self._grouped_input = (-1, groups, depth, geometry.input_shape[2], n)
        self._shifted = np.zeros((groups, geometry.rows, kernel, depth, out_width, n), dtype)
        self._weight = weight.reshape(groups, 1, 1, per_group, patch)
        windows = self._plan_windows(out_height, length)
        self._windows = in_pieces(windows, self._pieces)
        self._whole_windows = windows[:, :, None]
        self._y = np.empty((block, filters, length), dtype)
        self._y_pieces = in_pieces(self._by_group(self._y), self._pieces)
        self._d_weight: Array | None = None
        if d_weight is not None:
            self._d_weight = d_weight.reshape(groups, per_group, patch)
            summands = self._pieces if self._pieces <= _FEW else 1
            self._d_rows = np.empty((groups, out_height, summands, patch, per_group), dtype)
            self._dy_turned: Array | None = None
            if copy_pays(patch):
                rows = min(block, max(1, _TURNED // (filters * length)))
                shape = (groups, rows, summands, length // summands, per_group)
                self._dy_turned = np.empty(shape, dtype)
            self._d_sum = np.empty((groups, patch, per_group), dtype)
        self._dx: Array | None = None
        if input_gradient:
            height, width = geometry.input_shape[1:]
            self._dx = np.empty((height, channels, width, n), dtype)
            self._d_shifted = np.empty_like(self._shifted)
            self._d_tap = np.empty((groups, block, kernel * depth, length), dtype)

    def forward(self, x: Array) -> Array:
        """Convolve x (H, C, W, N) to (Ho, F, Wo*N), columns in the order of the geometry."""
        self.gather(x)
        return self.rows(0, self.output_shape[1])

    def gather(self, x: Array) -> None:
        """Take in x (H, C, W, N)."""
        x_grouped = x.reshape(self._grouped_input).swapaxes(0, 1)[:, self._rows_from]
        rows = self._shifted[:, self._rows_to]
        for shift, to, source in self._columns:
            np.copyto(rows[:, :, shift, :, to], x_grouped[:, :, :, source])
        if self._gathered is not None:
            for tap, rows_of_tap in enumerate(self._rows_by_tap):
                np.copyto(self._gathered[:, :, tap], rows_of_tap)

    def rows(self, start: int, stop: int) -> Array:
        """The output rows from ``start`` up to ``stop``, (rows, F, Wo*N)."""
        windows, y = self._windows[:, start:stop], self._y_pieces[:, : stop - start]
        np.matmul(self._weight, windows, out=y)
        return self._y[: stop - start]

    def backward(self, dy: Array) -> Array | None:
        """Add to the weight's gradient; return dx (H, C, W, N), or None if it is not wanted.

        With P the patch matrix of an output row:  dW = sum over rows of dy @ P.T, computed as its
        transpose, since BLAS is faster with the long side as rows; dP = W.T @ dy, added back over
        the rows and then over the shifts that ``gather`` copied.
        """
        self.begin_backward()
        self.backward_rows(0, self.output_shape[1], dy)
        return self.end_backward()

    def begin_backward(self) -> None:
        """Before the blocks of rows, which must follow from the last to the first."""
        if self._dx is not None:
            direct = self.geometry.stride == 1  # then each row is written before it is added to
            self._d_shifted[:, self.output_shape[1] if direct else 0 :] = 0

    def backward_rows(self, start: int, stop: int, dy: Array) -> None:
        """Take in the gradient (rows, F, Wo*N) by the output rows from ``start`` up to ``stop``."""
        dy_grouped = self._by_group(dy)
        if self._d_weight is not None:
            self._multiply_patches(start, stop, dy_grouped)
        if self._dx is not None:
            self._add_rows(start, stop, dy_grouped)

    def end_backward(self) -> Array | None:
        """After all blocks: as ``backward``."""
        if self._d_weight is not None:
            np.add.reduce(self._d_rows, axis=(1, 2), out=self._d_sum)
            self._d_weight += self._d_sum.swapaxes(-1, -2)
        if self._dx is None:
            return None
        self._dx.fill(0)
        d_rows = self._d_shifted[:, self._rows_to]
        dx_grouped = self._dx.reshape(self._grouped_input).swapaxes(0, 1)[:, self._rows_from]
        for shift, to, source in self._columns:
            target = dx_grouped[:, :, :, source]
            np.add(target, d_rows[:, :, shift, :, to], out=target)
        return self._dx

    def _multiply_patches(self, start: int, stop: int, dy: Array) -> None:
        """The products P @ dy.T of some rows, whose sum is the gradient of the weight."""
        summands = self._d_rows.shape[2]
        windows = self._windows if summands == self._pieces else self._whole_windows
        windows, products = windows[:, start:stop], self._d_rows[:, start:stop]
        dy_turned = in_pieces(dy, summands).swapaxes(-1, -2)
        if self._dy_turned is None:
            np.matmul(windows, dy_turned, out=products)
            return
        step = self._dy_turned.shape[1]
        for row in range(0, stop - start, step):
            part = slice(row, row + step)
            copy = self._dy_turned[:, : dy_turned[:, part].shape[1]]
            np.copyto(copy, dy_turned[:, part])
            np.matmul(windows[:, part], copy, out=products[:, part])

    def _add_rows(self, start: int, stop: int, dy: Array) -> None:
        """The gradient by ``shifted``: W.T @ dy for each of the K rows of a window, added up."""
        geometry, tap_size = self.geometry, self._d_tap.shape[2]
        one_filter = geometry.groups == self.output_shape[0]
        multiply = np.multiply if one_filter else np.matmul  # one after another: no sum to make
        flat = self._d_shifted.reshape(*self._d_shifted.shape[:2], tap_size, -1)
        span = (stop - start - 1) * geometry.stride + 1
        for tap in range(geometry.kernel):
            taps = slice(tap * tap_size, (tap + 1) * tap_size)
            weight = self._weight[:, 0, :, :, taps].swapaxes(-1, -2)
            first = start * geometry.stride + tap * geometry.dilation
            rows = flat[:, first : first + span : geometry.stride]
            if tap == 0 and geometry.stride == 1:
                multiply(weight, dy, out=rows)
            else:
                d_tap = multiply(weight, dy, out=self._d_tap[:, : stop - start])
                np.add(rows, d_tap, out=rows)

    def _by_group(self, y: Array) -> Array:
        """View (rows, F, L) as (G, rows, F/G, L)."""
        groups = self.geometry.groups
        return y.reshape(len(y), groups, self.output_shape[0] // groups, -1).swapaxes(0, 1)

    def _plan_windows(self, out_height: int, length: int) -> Array:
        """The patch matrices (G, Ho, K*K*C/G, L): a view, or with dilation a gathered copy."""
        geometry, shifted = self.geometry, self._shifted
        groups, _, kernel, depth = shifted.shape[:4]
        self._gathered: Array | None = None
        if geometry.dilation == 1:
            group, row, _, line = shifted.strides[:4]
            return as_strided(
                shifted,
                (groups, out_height, kernel * kernel * depth, length),
                (group, geometry.stride * row, line, shifted.itemsize),
            )
        flat = shifted.reshape(groups, -1, kernel * depth, length)
        span = (out_height - 1) * geometry.stride + 1
        self._rows_by_tap = [
            flat[:, tap * geometry.dilation : tap * geometry.dilation + span : geometry.stride]
            for tap in range(kernel)
        ]
        self._gathered = np.empty(
            (groups, out_height, kernel, kernel * depth, length), shifted.dtype
        )
        return self._gathered.reshape(groups, out_height, kernel * kernel * depth, length)
