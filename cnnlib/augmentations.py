"""Training images changed a little, differently each time, so that the network learns what stays.

Every augmentation works on a whole micro-batch at once and draws its numbers from a ``Draw``: the
i-th example of a batch is changed in the same way in whatever process and micro-batch it stands.
Images are (N, C, H, W) floats in [0, 1] with a background of 0, and stay so; nothing is written
to the images that come in. Options of 0 change nothing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnlib import text
from cnnlib.arrays import Array, Draw
from cnnlib.domain import require
from cnnlib.errors import ShapeError
from cnnlib.text import Described
from cnnlib.warping import warp


class Augmentation(Described, ABC, family="augmentation"):
    """A random change of training images."""

    @abstractmethod
    def _change(self, images: Array, draw: Draw) -> Array:
        """A changed copy of at least one image."""

    def __call__(self, images: Array, draw: Draw) -> Array:
        """Changed copies of the images.

        Args:
            images: (N, C, H, W) floats in [0, 1].
            draw: the random numbers of these N examples.

        Returns:
            A new array of the same shape and type, in [0, 1].

        Raises:
            ShapeError: no such images, or another number of them than ``draw`` is for.
        """
        if images.ndim != 4 or images.dtype.kind != "f" or len(images) != draw.count:
            raise ShapeError(
                type(self).__name__,
                expected=f"float images (N, C, H, W), N = {draw.count}",
                received=f"{images.dtype} {images.shape}",
            )
        return self._change(images, draw) if images.size else images.copy()


def parse_pipeline(pipeline: str) -> tuple[Augmentation, ...]:
    """Read ``Shift(2), Noise(0.05)``; an empty text gives ().

    Raises:
        SpecificationError: as ``cnnlib.text.parse``.
    """
    return text.parse_pipeline(pipeline, Augmentation)


def augment(images: Array, pipeline: Sequence[Augmentation], draw: Draw) -> Array:
    """The images after all augmentations in order, each with random numbers of its own.

    An empty pipeline gives ``images`` themselves.
    """
    for position, augmentation in enumerate(pipeline):
        images = augmentation(images, draw.child(position))
    return images


@dataclass(frozen=True, repr=False)
class Shift(Augmentation):
    """Move the image by whole pixels, each distance within ±pixels alike; 0 comes in behind."""

    pixels: int = field(default=2, metadata={"help": "farthest move in each direction, in pixels"})

    def __post_init__(self) -> None:
        require(self, "pixels", self.pixels >= 0, "a whole number of at least 0")

    def _change(self, images: Array, draw: Draw) -> Array:
        reach = self.pixels
        count, _, height, width = images.shape
        start = (draw.uniform(2) * (2 * reach + 1)).astype(np.intp)
        np.minimum(start, 2 * reach, out=start)  # rounding may have reached 2·reach + 1
        sides = ((0, 0), (0, 0), (reach, reach), (reach, reach))
        windows = sliding_window_view(np.pad(images, sides), (height, width), axis=(2, 3))
        moved: Array = windows[np.arange(count), :, start[:, 0], start[:, 1]]
        return moved


@dataclass(frozen=True, repr=False)
class Affine(Augmentation):
    """Turn, scale, slant and move the image about its centre, with bilinear interpolation.

    The place q of a picture element goes to p = centre + R·S·(q − centre) + t with

        R = [cos a, −sin a; sin a, cos a]       a  uniform in ±rotate, in radians
        S = [f, k·g; 0, g]                      f, g  uniform in 1 ± scale, k in ±shear
        t                                       both uniform in ±shift, in pixels

    Simard et al. 2003, section 2: affine distortions are worth more on digits than any network.
    """

    rotate: float = field(default=0.15, metadata={"help": "largest turn either way, in radians"})
    scale: float = field(default=0.1, metadata={"help": "largest change of width and of height"})
    shear: float = field(default=0.1, metadata={"help": "largest slant, columns per row"})
    shift: float = field(default=2.0, metadata={"help": "farthest move each way, in pixels"})

    def __post_init__(self) -> None:
        require(self, "rotate", 0 <= self.rotate <= math.pi, "from 0 to π radians")
        require(self, "scale", 0 <= self.scale < 1, "at least 0 and less than 1")
        require(self, "shear", 0 <= self.shear < math.inf, "a number of at least 0")
        require(self, "shift", 0 <= self.shift < math.inf, "a number of at least 0")

    def _change(self, images: Array, draw: Draw) -> Array:
        turn, wide, high, slant, right, down = np.ascontiguousarray(draw.uniform(6).T) * 2 - 1
        cos, sin = np.cos(self.rotate * turn), np.sin(self.rotate * turn)
        f, g, k = 1 + self.scale * wide, 1 + self.scale * high, self.shear * slant
        x, y = self.shift * right, self.shift * down
        # warp looks back: q − centre = S⁻¹·R⁻¹·(p − centre − t)
        a, b, c, d = (cos + k * sin) / f, (sin - k * cos) / f, -sin / g, cos / g
        matrix = np.array([[a, b], [c, d]]).transpose(2, 0, 1)
        return warp(images, matrix, -np.array([a * x + b * y, c * x + d * y]).T)


@dataclass(frozen=True, repr=False)
class Noise(Augmentation):
    """Add normal noise to every pixel and keep the result in [0, 1]."""

    std: float = field(default=0.05, metadata={"help": "standard deviation; white is 1"})

    def __post_init__(self) -> None:
        require(self, "std", 0 <= self.std < math.inf, "a number of at least 0")

    def _change(self, images: Array, draw: Draw) -> Array:
        noise = draw.normal(math.prod(images.shape[1:])).reshape(images.shape)
        noisy: Array = noise.astype(images.dtype, copy=False)
        np.multiply(noisy, self.std, out=noisy)
        np.add(noisy, images, out=noisy)
        return np.clip(noisy, 0, 1, out=noisy)


@dataclass(frozen=True, repr=False)
class Cutout(Augmentation):
    """Blacken a square of ``size`` × ``size`` pixels, its centre anywhere in the image.

    The square may hang over the border, as in DeVries and Taylor 2017, section 3.2.
    """

    size: int = field(default=8, metadata={"help": "side of the square, in pixels"})

    def __post_init__(self) -> None:
        require(self, "size", self.size >= 0, "a whole number of at least 0")

    def _change(self, images: Array, draw: Draw) -> Array:
        height, width = images.shape[2:]
        spot = draw.uniform(2)
        row = (spot[:, :1] * height).astype(np.intp) - self.size // 2  # first of the square
        column = (spot[:, 1:] * width).astype(np.intp) - self.size // 2
        rows, columns = np.arange(height), np.arange(width)
        in_rows = (rows >= row) & (rows < row + self.size)
        in_columns = (columns >= column) & (columns < column + self.size)
        kept = ~(in_rows[:, None, :, None] & in_columns[:, None, None, :])
        result: Array = images * kept
        return result


@dataclass(frozen=True, repr=False)
class Flip(Augmentation):
    """Mirror the image left to right, with a probability. Not for digits: a 2 is no mirrored 5."""

    probability: float = field(default=0.5, metadata={"help": "share of images that are mirrored"})

    def __post_init__(self) -> None:
        require(self, "probability", 0 <= self.probability <= 1, "from 0 to 1")

    def _change(self, images: Array, draw: Draw) -> Array:
        mirrored = draw.uniform(1)[:, 0] < self.probability
        result = images.copy()
        result[mirrored] = images[mirrored][..., ::-1]
        return result
