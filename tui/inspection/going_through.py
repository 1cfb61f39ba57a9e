"""Going through many images in blocks: told how far it is, given up at any block, gone on with.

What was made of the images so far is kept, so that whoever gives up loses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Told = Callable[[int], bool]
"""Hears how many images are done, and answers whether to go on."""
Make = Callable[[NDArray[np.uint8]], Iterable[NDArray[np.floating[Any]]]]
"""Makes blocks of results, one result an image, of images (N, C, H, W)."""

SECONDS = 0.3
"""Between two words about how far it is."""


def patient(done: int) -> bool:
    """Goes on to the end."""
    return True


def now_and_then(say: Callable[[int], object], stopped: Callable[[], bool]) -> Told:
    """Says how far it is a few times a second, and goes on until it is stopped."""
    said = time.monotonic()

    def told(done: int) -> bool:
        nonlocal said
        if time.monotonic() - said >= SECONDS:
            say(done)
            said = time.monotonic()
        return not stopped()

    return told


@dataclass
class Passage:
    """What was made of the first ``count`` of some images.

    Attributes:
        of: whatever tells this passage from another one.
        blocks: the results, in the order of the images.
        count: how many images are done.
    """

    of: object = None
    blocks: list[NDArray[np.floating[Any]]] = field(default_factory=list)
    count: int = 0

    def go_on(self, images: NDArray[np.uint8], make: Make, told: Told) -> bool:
        """Go on to the end of the images; whether it was reached."""
        if self.count >= len(images):
            return True
        for block in make(images[self.count :]):
            self.blocks.append(block)
            self.count += len(block)
            if not told(self.count):
                break
        return self.count >= len(images)
