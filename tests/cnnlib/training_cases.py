"""Small trainings for the laws of the trainer and of the ranks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cnnlib import events
from cnnlib.augmentations import Augmentation
from cnnlib.averaging import ExponentialMovingAverage
from cnnlib.losses import CrossEntropyLoss
from cnnlib.optimizers import Adam
from cnnlib.schedules import Constant, OneCycle
from cnnlib.text import parse_pipeline
from cnnlib.trainer import Trainer
from cnnlib.work import Work

SHAPE = (1, 8, 8)
PLAIN = "Conv2d(4)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(3)"
RICH = (
    'Conv2d(4)\nBatchNorm2d()\nReLU()\nDropout(0.2)\nResidual([Conv2d(4, padding="same"), GELU()])'
    "\nMaxPool2d(2)\nFlatten()\nDropout(0.3)\nDense(3)"
)
GHOST = "Conv2d(4)\nBatchNorm2d(ghost=2)\nReLU()\nGlobalAvgPool2d()\nDense(3)"


class Split(NamedTuple):
    """Images and labels."""

    images: np.ndarray
    labels: np.ndarray


def bars(count: int, seed: int = 0) -> Split:
    """Bright bars on a flat, slightly dirty ground: upright, level, or none."""
    rng = np.random.default_rng([seed, count])
    labels = np.arange(count) % 3
    images = np.where(rng.random((count, *SHAPE)) < 0.9, 0, 60).astype(np.uint8)
    for image, label, place in zip(images, labels, rng.integers(1, 7, count), strict=True):
        if label == 0:
            image[0, :, place] = 220
        elif label == 1:
            image[0, place] = 220
    return Split(images, labels)


def everything(**other: Any) -> Work:
    """A training that uses all there is: noise, augmentation, momentum, an average, clipping."""
    settings: dict[str, Any] = {
        "loss": CrossEntropyLoss(label_smoothing=0.1),
        "optimizer": Adam(),
        "augment": parse_pipeline("Shift(1), Noise(0.05)", Augmentation),
        "average": ExponentialMovingAverage(0.9),
        "batch_size": 8,
        "clip": 1.0,
        "seed": 5,
        "micro_batch": 3,
    }
    return Work(other.pop("architecture", RICH), SHAPE, **{**settings, **other})


def plain(**other: Any) -> Work:
    """A training without noise."""
    return Work(
        other.pop("architecture", PLAIN), SHAPE, **{"batch_size": 8, "micro_batch": 4, **other}
    )


def trainer_of(work: Work, *, count: int = 30, epochs: int = 3, **other: Any) -> Trainer:
    """A trainer on ``count`` bars, the last batch being short, with valid and test examples."""
    settings: dict[str, Any] = {
        "valid": bars(12, 1),
        "test": bars(9, 2),
        "schedule": OneCycle(0.02),
        **other,
    }
    valid, test = settings.pop("valid"), settings.pop("test")
    return Trainer(work, bars(count), valid, test, epochs=epochs, **settings)


def constant(rate: float = 0.01) -> Constant:
    """The same rate for ever."""
    return Constant(rate)


def until_step(trainer: Trainer, step: int) -> list[events.Event]:
    """Run to the event that ends a step; the trainer is left there, its generator closed."""
    seen: list[events.Event] = []
    run = trainer.run()
    for event in run:
        seen.append(event)
        if isinstance(event, events.StepEnded) and event.step == step:
            break
    run.close()
    return seen


def only(seen: list[events.Event], *kinds: type) -> list[events.Event]:
    """The events of some kinds."""
    return [event for event in seen if isinstance(event, kinds)]


def final_tensors(trainer: Trainer) -> tuple[list[events.Event], dict[str, np.ndarray]]:
    """All events, and everything that the training remembers when the run ends."""
    seen: list[events.Event] = []
    tensors: dict[str, np.ndarray] = {}
    for event in trainer.run():
        seen.append(event)
        if isinstance(event, events.RunEnded):
            tensors = trainer.state().tensors
    return seen, tensors


def same_bits(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    """Whether two sets of arrays are equal to the bit."""
    return first.keys() == second.keys() and all(
        first[name].tobytes() == second[name].tobytes() for name in first
    )
