"""Occlusion: cover a part of the image and see what is lost (Zeiler and Fergus 2014).

Unlike a gradient it asks about large changes, and needs no derivative.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Draw
from cnnlib.errors import SpecificationError
from cnnlib.explain.quantities import Quantity, class_of, measure
from cnnlib.explain.trace import pixels_of
from cnnlib.model import Sequential
from cnnlib.plan import Plan


def occlusion(
    model: Sequential,
    image: NDArray[np.uint8] | Array,
    target: int | None = None,
    *,
    of: Quantity = "log_probability",
    size: int = 5,
    stride: int = 2,
    fill: float = 0.0,
    micro_batch: int = 64,
) -> NDArray[np.float64]:
    """How much of a class's quantity is lost when a patch over each pixel is covered.

        map[i, j] = mean over the patches P that cover (i, j) of
                        quantity(x) - quantity(x with P filled)

    A positive number: the pixel speaks for the class. Only ``micro_batch`` covered images exist
    at a time.

    Args:
        model: the network.
        image: (C, H, W), bytes or numbers in [0, 1].
        target: the class; None for the one that the network sees.
        of: the quantity.
        size: side of the patch in pixels; larger than the image covers all of it.
        stride: step between patches, at most ``size`` so that every pixel is covered; the last
            patch of a row touches the edge.
        fill: the pixel value that covers, in [0, 1].
        micro_batch: images that pass the network at once.

    Returns:
        (H, W) float64.

    Raises:
        SpecificationError: a size, stride or micro-batch below 1, or gaps between patches.
        ShapeError: the image does not fit, or there is no such class.
    """
    for name, value in (("size", size), ("stride", stride), ("micro_batch", micro_batch)):
        if value < 1:
            raise SpecificationError(
                f"occlusion: {name}", expected="at least 1", received=f"{value}"
            )
    if stride > size:
        raise SpecificationError(
            "occlusion: stride", expected=f"at most size={size}", received=f"{stride}"
        )
    pixels = pixels_of(model, image)
    chosen = class_of(model, pixels, target)
    _, height, width = pixels.shape
    patches = list(_patches(height, width, size, stride))
    n = min(micro_batch, len(patches) + 1)
    plan = Plan(model.layers, model.input_shape, n, model.store, train=False)
    draw = Draw(seed=0, purpose="forward", count=n)
    batch = np.empty((n, *pixels.shape), pixels.dtype)
    batch[...] = pixels
    whole = float(measure(plan.forward(batch, draw), chosen, of).values[0])
    lost = np.zeros((height, width))
    covered = np.zeros((height, width))
    for start in range(0, len(patches), n):
        part = patches[start : start + n]
        batch[...] = pixels
        for covered_image, (rows, columns) in zip(batch, part, strict=False):
            covered_image[:, rows, columns] = fill
        values = measure(plan.forward(batch, draw), chosen, of).values
        for value, patch in zip(values, part, strict=False):
            lost[patch] += whole - value
            covered[patch] += 1
    return np.asarray(lost / covered)


def _patches(height: int, width: int, size: int, stride: int) -> Iterator[tuple[slice, slice]]:
    for top in _starts(height, size, stride):
        for left in _starts(width, size, stride):
            yield slice(top, top + size), slice(left, left + size)


def _starts(side: int, size: int, stride: int) -> list[int]:
    last = max(0, side - size)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]
