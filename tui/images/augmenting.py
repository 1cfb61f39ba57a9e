"""What augmentations make of one image: of each alone, and of the pipeline of the next run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Draw
from cnnlib.augmentations import Augmentation, augment, parse_pipeline
from cnnlib.text import family


def pipelines(draft: str) -> list[str]:
    """The pipeline of the next run, if it has one, then every augmentation with its defaults."""
    alone = [repr(each()) for each in family(Augmentation).values()]
    return [draft, *(text for text in alone if text != draft)] if draft else alone


def preview(
    image: NDArray[np.uint8], pipeline: str, count: int, roll: int
) -> NDArray[np.floating[Any]]:
    """What a pipeline makes of one image (C, H, W), several times: (count, C, H, W) in [0, 1].

    Another ``roll`` gives other random numbers.

    Raises:
        SpecificationError: no such pipeline.
    """
    originals = np.repeat(image[np.newaxis].astype(np.float32) / 255, count, axis=0)
    draw = Draw(seed=roll, purpose="preview", count=count)
    return augment(originals, parse_pipeline(pipeline), draw)
