"""A digit drawn by hand: strokes on a canvas, and the image that a network is given of them.

The image is made as MNIST's were (http://yann.lecun.com/exdb/mnist): what was drawn is scaled,
keeping its proportions, until it fills a box of 20 of the 28 pixels, and is placed so that its
centre of mass lies in the pixel right of and below the centre of the image, where that of MNIST's
digits lies. Other sizes have a box of the same share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 28
"""Pixels of the canvas in a row and in a column."""
BOX = 20 / 28
STROKES_KEPT = 100

_PEN = np.array([[90, 200, 90], [200, 255, 200], [90, 200, 90]], np.uint8)
"""The mark of the pen about its point: soft at its edge, as ink that was scanned."""

Ink = NDArray[np.uint8]


@dataclass(eq=False)
class Canvas:
    """What was drawn, (28, 28), with a pen that is moved by steps or led along lines.

    Attributes:
        ink: from 0, nothing, to 255.
        pen: row and column of its point.
        down: whether it draws.
        revision: grows with every change of the ink.
    """

    ink: Ink = field(default_factory=lambda: np.zeros((SIDE, SIDE), np.uint8))
    pen: tuple[int, int] = (SIDE // 2, SIDE // 2)
    down: bool = False
    revision: int = 1
    _before: list[Ink] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is drawn."""
        return not self.ink.any()

    def put_down(self) -> None:
        """The pen touches the paper: a stroke begins."""
        self._remember()
        self.down = True
        self._touch(*self.pen)

    def lift(self) -> None:
        """The pen leaves the paper."""
        self.down = False

    def move(self, right: int, down: int) -> None:
        """One step, held inside the canvas; a pen that is down draws."""
        self.lead(self.pen[0] + down, self.pen[1] + right)

    def lead(self, row: int, column: int) -> None:
        """Along a straight line to a pixel; a pen that is down draws all the way."""
        row, column = (max(0, min(at, SIDE - 1)) for at in (row, column))
        (top, left), self.pen = self.pen, (row, column)
        if self.down:
            steps = max(abs(row - top), abs(column - left), 1)
            for step in range(1, steps + 1):
                share = step / steps
                along = top + (row - top) * share, left + (column - left) * share
                self._touch(*(int(at + 0.5) for at in along))

    def place(self, row: int, column: int) -> None:
        """Lift the pen and set it down elsewhere."""
        self.lift()
        self.lead(row, column)
        self.put_down()

    def clear(self) -> None:
        """An empty canvas; can be undone."""
        if not self.is_empty:
            self._remember()
            self._replace(np.zeros_like(self.ink))
        self.lift()

    def undo(self) -> bool:
        """Take the last stroke away; False where there is none."""
        self.lift()
        if not self._before:
            return False
        self._replace(self._before.pop())
        return True

    def _remember(self) -> None:
        self._before = [*self._before[-STROKES_KEPT + 1 :], self.ink.copy()]

    def _replace(self, ink: Ink) -> None:
        self.ink = ink
        self.revision += 1

    def _touch(self, row: int, column: int) -> None:
        padded = np.pad(self.ink, 1)
        spot = padded[row : row + 3, column : column + 3]
        np.maximum(spot, _PEN, out=spot)
        self._replace(padded[1:-1, 1:-1].copy())


def normalized(ink: Ink, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Ink (h, w) as an image of ``shape`` (C, H, W), scaled and centred as MNIST's digits."""
    channels, height, width = shape
    image = np.zeros((height, width), np.uint8)
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    if rows.size:
        cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        share = min(height, width) * BOX / max(cut.shape)
        high, wide = (max(1, round(side * share)) for side in cut.shape)
        resized = Image.fromarray(np.ascontiguousarray(cut)).resize(
            (wide, high), Image.Resampling.BILINEAR
        )
        digit = np.asarray(resized)
        weights = digit.astype(np.float64) + 1e-9
        middle = [
            float(weights.sum(axis=1 - axis) @ (np.arange(side) + 0.5) / weights.sum())
            for axis, side in enumerate(digit.shape)
        ]
        top = max(0, min(ceil(height / 2 - middle[0]), height - high))
        left = max(0, min(ceil(width / 2 - middle[1]), width - wide))
        image[top : top + high, left : left + wide] = digit
    return np.repeat(image[np.newaxis], channels, axis=0)
