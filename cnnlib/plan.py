"""A plan: the kernels and workspaces of one network for one size of micro-batch.

Pictures come in as people keep them, (N, C, H, W); the plan turns them once into the batch-last
layout of the kernels, and everything behind that runs in memory that was taken here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw, Shape
from cnnlib.kernels.dense import batch_last
from cnnlib.kernels.normalization import SumOverRanks
from cnnlib.layers import Layer
from cnnlib.layers.base import Site
from cnnlib.layers.chain import Chain, shapes_of
from cnnlib.parameters import ParameterStore

_COMFORTABLE = 1 << 18  # numbers of a layer's output for a micro-batch: 1 MiB of float32


class Plan:
    """A network ready to run on micro-batches of exactly ``n`` examples.

    Args:
        layers: the layers.
        input_shape: (C, H, W).
        n: examples in a micro-batch.
        store: the parameters, which the plan reads, and their gradients, to which it adds.
        train: whether the parameters learn: noise is applied, statistics are those of the batch,
            and ``backward`` adds to the gradients.
        fuse: False plans every layer by itself and whole, so that ``outputs`` shows each.
        input_gradient: whether ``backward`` is to return the gradient by the images; without
            ``train`` it does that alone, through the network as it infers.
        sum_over_ranks: adds up small arrays over processes (see kernels.normalization).
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape,
        n: int,
        store: ParameterStore,
        *,
        train: bool,
        fuse: bool = True,
        input_gradient: bool = False,
        sum_over_ranks: SumOverRanks = lambda _: None,
    ) -> None:
        dtype = store.flat.dtype
        site = Site(
            name="",
            input_shape=input_shape,
            needed=(),
            n=n,
            dtype=dtype,
            train=train,
            input_gradient=input_gradient,
            arrays=store.stored,
            gradients=store.stored_gradients if train else None,
            buffers=store.buffers,
            sum_over_ranks=sum_over_ranks,
            fuse=fuse,
        )
        self.n = n
        self.chain = Chain(layers, site, crop_input=not input_gradient)
        _, height, width = self.chain.input_shape
        self._part = (slice(None), slice(None), slice(height), slice(width))
        self._x = np.empty(batch_last(self.chain.input_shape, n), dtype)
        self._pixel_scale = dtype.type(1.0 / 255.0)

    def forward(self, images: NDArray[np.uint8] | Array, draw: Draw) -> Array:
        """Images (N, C, H, W), bytes or numbers in [0, 1], to logits (K, N)."""
        return self.chain.forward(self._take(images), draw)

    def backward(self, d_logits: Array) -> Array | None:
        """Add to the gradients, given that by the logits (K, N); return the input's if asked."""
        return self.chain.backward(d_logits)

    def outputs(self, images: NDArray[np.uint8] | Array, draw: Draw) -> list[tuple[str, Array]]:
        """The output of every kernel, batch-last, by the name of its last layer."""
        x = self._take(images)
        found = []
        for name, kernel in zip(self.chain.names, self.chain.kernels, strict=True):
            x = kernel.forward(x, draw)
            found.append((name, x))
        return found

    def _take(self, images: NDArray[np.uint8] | Array) -> Array:
        """The images batch-last, pixels in [0, 1], without what nobody reads."""
        pixels = images[self._part].transpose(2, 1, 3, 0)
        if images.dtype == np.uint8:
            np.multiply(pixels, self._pixel_scale, out=self._x)
        else:
            np.copyto(self._x, pixels)
        return self._x


def micro_batch_in_cache(layers: Sequence[Layer], input_shape: Shape) -> int:
    """Examples in a micro-batch for which the largest layer stays about within a core's cache.

    More would go through memory instead of the cache, fewer would pay more for calls.
    """
    largest = max(math.prod(shape) for shape in shapes_of(layers, input_shape))
    fitting = max(1, _COMFORTABLE // largest)
    return min(max(1 << round(math.log2(fitting)), 16), 64)


def examples_first(y: Array) -> Array:
    """A copy of a batch-last array with the examples first: (N, C, H, W) or (N, D)."""
    return np.ascontiguousarray(y.transpose(3, 1, 0, 2) if y.ndim == 4 else y.T)
