"""Pictures brought to the channels and the size that a network takes."""

from __future__ import annotations

import numpy as np

from data.dataset import Pixels
from data.errors import DamagedFile
from data.readers.bounded import MAX_CONTENT


def size_words(size: tuple[int, ...]) -> str:
    """A size as users write it: height x width."""
    return "x".join(map(str, size))


def wanted_size(where: str, found: tuple[int, int], wanted: tuple[int, int]) -> DamagedFile:
    """The error of a picture of another size than the network's; says what to do."""
    return DamagedFile(
        where,
        f"pictures of {size_words(wanted)} (height x width), as the network was trained on",
        size_words(found),
        "--resize brings them to that size.",
    )


def resized(where: str, images: Pixels, size: tuple[int, int]) -> Pixels:
    """Images of another size: (n, C, height, width), by bicubic interpolation with Pillow.

    Args:
        where: the file, for messages.
        images: (n, C, H, W) uint8.
        size: (height, width); images that have it are returned as they are.

    Raises:
        DamagedFile: the result would be too large.
    """
    if images.shape[2:] == size:
        return images
    from PIL import Image

    shape = (*images.shape[:2], *size)
    if np.prod(shape, dtype=object) > MAX_CONTENT:
        raise DamagedFile(
            where,
            f"at most {MAX_CONTENT:,} bytes of pixels",
            f"{shape[0]:,} images of {size_words(size)}",
            "Ask for a smaller size.",
        )
    result = np.empty(shape, dtype=np.uint8)
    for image, place in zip(images, result, strict=True):
        for channel, out in zip(image, place, strict=True):
            out[...] = np.asarray(Image.fromarray(channel).resize((size[1], size[0])))
    return result


def in_channels(images: Pixels, channels: int) -> Pixels:
    """Gray images as (n, 3, H, W), or coloured ones as (n, 1, H, W) by their brightness.

    Brightness is ITU-R 601-2 luma, as Pillow has it: 0.299 red + 0.587 green + 0.114 blue.
    """
    if images.shape[1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=1)
    from PIL import Image

    result = np.empty((len(images), 1, *images.shape[2:]), dtype=np.uint8)
    for image, out in zip(images, result, strict=True):
        colours = np.ascontiguousarray(image.transpose(1, 2, 0))
        out[0] = np.asarray(Image.fromarray(colours).convert("L"))
    return result
