"""When to stop before the last epoch: a pure function of the validation losses so far.

It keeps nothing, so a resumed training stops where the uninterrupted one would have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from cnnlib.domain import require
from cnnlib.text import Described


class Stopping(Described, family="stopping"):
    """A rule that ends a training."""


@dataclass(frozen=True, repr=False)
class EarlyStopping(Stopping):
    """Stop when the validation loss has not become better for ``patience`` epochs in a row.

    An epoch is better when its loss is below the best so far by more than ``min_delta``; a loss
    that is not a number never is (Prechelt 1998; the counting is that of Keras).
    """

    patience: int = field(
        default=5, metadata={"help": "epochs in a row without a better loss that end the training"}
    )
    min_delta: float = field(
        default=0.0, metadata={"help": "by how much a loss must fall to be better"}
    )

    def __post_init__(self) -> None:
        require(self, "patience", self.patience >= 1, "a whole number of at least 1")
        require(self, "min_delta", 0 <= self.min_delta < math.inf, "a number of at least 0")

    def __call__(self, valid_losses: Sequence[float]) -> bool:
        """Whether to stop after the epochs with these validation losses, oldest first."""
        return len(valid_losses) - self.best_epoch(valid_losses) >= self.patience

    def best_epoch(self, valid_losses: Sequence[float]) -> int:
        """The last epoch that was better than all before it, from 1; 0 while there is none."""
        best, at = math.inf, 0
        for epoch, loss in enumerate(valid_losses, 1):
            if loss < best - self.min_delta:
                best, at = loss, epoch
        return at
