"""The description of a training, as every rank needs it: plain words and numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from cnnlib import losses, optimizers
from cnnlib.arrays import Shape
from cnnlib.augmentations import Augmentation
from cnnlib.averaging import Average, ExponentialMovingAverage
from cnnlib.errors import SpecificationError
from cnnlib.losses import CrossEntropyLoss, Loss
from cnnlib.optimizers import Adam, Optimizer
from cnnlib.text import parse, parse_pipeline


@dataclass(frozen=True)
class Work:
    """What is trained, and how each step is taken; when and how long is the trainer's business.

    Attributes:
        architecture: the network as text.
        input_shape: (C, H, W).
        loss, optimizer: how wrong, and how to follow the gradient.
        augment: random changes of the training images, in order.
        average: a running average of the weights, which is then what is evaluated; or None.
        batch_size: examples a step, over all ranks.
        clip: greatest Euclidean norm of the gradient, or None.
        seed: of everything random.
        micro_batch: examples that a rank passes at once; None: what fits the cache.
        dtype: of all numbers; float64 to compare trainings, at half the speed.

    Raises:
        SpecificationError: a number that cannot be trained with.
    """

    architecture: str
    input_shape: Shape
    loss: Loss = field(default_factory=CrossEntropyLoss)
    optimizer: Optimizer = field(default_factory=Adam)
    augment: tuple[Augmentation, ...] = ()
    average: ExponentialMovingAverage | None = None
    batch_size: int = 64
    clip: float | None = None
    seed: int = 0
    micro_batch: int | None = None
    dtype: Literal["float32", "float64"] = "float32"

    def __post_init__(self) -> None:
        clip, micro_batch = self.clip, self.micro_batch
        for name, fits, expected in (
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("micro_batch", micro_batch is None or micro_batch >= 1, "None, or at least 1"),
            ("clip", clip is None or 0 < clip < math.inf, "None, or a number above 0"),
            ("seed", self.seed >= 0, "at least 0"),
            ("dtype", self.dtype in ("float32", "float64"), "float32 or float64"),
        ):
            if not fits:
                raise SpecificationError(
                    f"the training: {name}", expected=expected, received=f"{getattr(self, name)}"
                )

    def to_plain(self) -> dict[str, Any]:
        """The same as words and numbers."""
        plain = {option.name: getattr(self, option.name) for option in fields(self)}
        plain["augment"] = ", ".join(map(repr, self.augment))
        plain["average"] = repr(self.average) if self.average else ""
        return {**plain, "loss": repr(self.loss), "optimizer": repr(self.optimizer)}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Work:
        """Read what ``to_plain`` wrote."""
        average = parse(plain["average"], Average) if plain["average"] else None
        return cls(
            **{
                **plain,
                "input_shape": tuple(plain["input_shape"]),
                "loss": parse(plain["loss"], losses.Loss),
                "optimizer": parse(plain["optimizer"], optimizers.Optimizer),
                "augment": parse_pipeline(plain["augment"], Augmentation),
                "average": average,
            }
        )
