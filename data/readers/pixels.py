"""From the arrays that files hold to the images and labels of a split.

Files store images in many shapes and types; a split has one: (n, C, H, W) uint8. What would need a
guess, as floating point of unknown scale, is refused with advice instead.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.dataset import Labels, Pixels
from data.errors import DamagedFile

MAX_CLASSES = 10_000
"""The largest number of classes; a greater label is taken for damage."""


def to_images(where: str, array: NDArray[Any]) -> Pixels:
    """Images of a file as (n, C, H, W) uint8.

    Args:
        where: the file, for messages.
        array: as (n, H, W), (n, H*W) of square images, (n, C, H, W) or (n, H, W, C) with C 1
            or 3. Whole numbers 0..255, of any type; or all of them from 0 (dark) to 1 (bright)
            in a type that has fractions, or in that of truth values.

    Raises:
        DamagedFile: another shape, type or range.
    """
    values = _bytes(where, array)
    if values.ndim == 2 and (side := math.isqrt(values.shape[1])) ** 2 == values.shape[1]:
        values = values.reshape(len(values), 1, side, side)
    elif values.ndim == 3:
        values = values[:, None]
    elif values.ndim == 4 and values.shape[1] not in (1, 3) and values.shape[3] in (1, 3):
        values = np.ascontiguousarray(values.transpose(0, 3, 1, 2))
    if values.ndim != 4 or values.shape[1] not in (1, 3) or 0 in values.shape:
        raise DamagedFile(
            where,
            "images as (n, height, width), (n, height*width) square, or with 1 or 3 channels",
            f"an array of shape {array.shape}",
        )
    return values


def to_labels(where: str, array: NDArray[Any], images: int) -> Labels:
    """Labels of a file as (n,): uint8 where the classes fit in it, else int64.

    Args:
        where: the file, for messages.
        array: whole numbers from 0 up, (n,) or (n, 1).
        images: how many images they belong to.

    Raises:
        DamagedFile: another shape, type, range or number.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise DamagedFile(
            where, "labels as whole numbers (n,)", f"{array.dtype} of shape {array.shape}"
        )
    if len(array) != images:
        raise DamagedFile(
            where,
            f"as many labels as images ({images:,})",
            f"{len(array):,} labels",
            "Images and labels belong to different files, or one of them is incomplete.",
        )
    wrong = np.flatnonzero((array < 0) | (array >= MAX_CLASSES))
    if wrong.size:
        raise DamagedFile(
            f"{where} (label {wrong[0]})",
            f"a whole number from 0 to {MAX_CLASSES - 1}",
            f"{array[wrong[0]]}",
        )
    return array.astype(np.uint8 if not images or array.max() < 256 else np.int64)


def numbered(*labels: Labels) -> tuple[str, ...]:
    """Names for classes of which only the numbers are known: "0", "1", ... the largest label."""
    most = max((int(array.max()) for array in labels if array.size), default=0)
    return tuple(str(number) for number in range(most + 1))


def _bytes(where: str, array: NDArray[Any]) -> Pixels:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "biuf":
        raise DamagedFile(
            where,
            "pixels as whole numbers 0 to 255",
            f"{array.dtype}",
            "Save them as uint8: numpy.rint(x * 255).astype('uint8') for images in [0, 1].",
        )
    scale = 1
    if array.dtype.kind in "bf" and array.size and array.max(initial=0) <= 1:
        scale = 255
    result = np.empty(array.shape, dtype=np.uint8)
    for index in range(len(array)):  # an image at a time: no second copy of a wide array
        _fill(
            f"{where} (image {index})", result[index : index + 1], array[index : index + 1], scale
        )
    return result


def _fill(where: str, out: Pixels, values: NDArray[Any], scale: int) -> None:
    """One image in bytes, or the error that says what cannot be one."""
    low, high = values.min(initial=0), values.max(initial=0)
    if not (0 <= low <= high <= 255):  # not a number neither
        raise DamagedFile(
            where,
            "pixels from 0 to 255, or from 0 to 1",
            f"{low if not low >= 0 else high}",
            "Bring them to 0..255 as whole numbers and save them as uint8.",
        )
    if values.dtype.kind == "f" and scale == 1 and (values != np.rint(values)).any():
        raise DamagedFile(
            where,
            "pixels as whole numbers 0 to 255, or as fractions from 0 to 1",
            f"fractions up to {high:g}",
            "Save them as uint8: numpy.rint(x).astype('uint8').",
        )
    out[...] = np.rint(values * float(scale)) if scale != 1 else values
