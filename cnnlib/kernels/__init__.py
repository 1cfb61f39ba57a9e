"""The mathematics: planned kernels, each a forward beside its backward.

Activations between kernels are *batch-last*: images (H, C, W, N), features (D, N). The batch axis
runs innermost, so every copy, comparison and sum moves runs of at least N consecutive numbers,
and every product of matrices has its long side where BLAS wants it.

A kernel is *planned*: its constructor is given all sizes and allocates all workspaces once, so
``forward`` and ``backward`` allocate nothing as large as a batch, except for the random numbers of
dropout. The arrays that they return belong to the kernel and hold until its next call.
``backward(dy)`` reads ``dy`` without writing to it, *adds* to the gradients of the parameters and
returns ``dx``; it may use up what ``forward`` kept, so each forward has one backward. A kernel
planned for inference keeps nothing for a backward and has none, unless it is asked for ``dx``:
then it gives that, and no other gradient.
"""

from __future__ import annotations

from typing import Protocol

from cnnlib.arrays import Array, Draw, Shape


class Kernel(Protocol):
    """What a plan strings together."""

    output_shape: Shape  # (C, H, W) or (D,), as computed: perhaps cropped to what is needed

    def forward(self, x: Array, draw: Draw) -> Array:
        """The output for the input x; ``draw`` gives addressed random numbers."""

    def backward(self, dy: Array) -> Array | None:
        """The gradient by x, given that by the output; None where it was planned as unwanted."""
