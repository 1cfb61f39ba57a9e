"""A model tried on a split: its probabilities, and what they are worth."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from cnnlib import events
from cnnlib.arrays import Array, Labels
from cnnlib.metrics import confusion_matrix, log_loss


class Evaluation(NamedTuple):
    """Probabilities (N, K) and the scores that follow from them."""

    probabilities: Array
    loss: float
    accuracy: float
    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, probabilities: Array, labels: Labels) -> Evaluation:
        """Hold probabilities (N, K) against the truth (N,)."""
        labels = np.asarray(labels)
        confusion = confusion_matrix(
            labels, probabilities.argmax(axis=1), classes=probabilities.shape[1]
        )
        return cls(
            probabilities,
            float(log_loss(probabilities, labels)),
            float(np.trace(confusion) / len(labels)),
            tuple(tuple(map(int, row)) for row in confusion),
        )

    def event(
        self, split: Literal["train", "valid", "test"], epoch: int, step: int
    ) -> events.Evaluated:
        """The event that tells of it."""
        return events.Evaluated(
            split=split,
            epoch=epoch,
            step=step,
            loss=self.loss,
            accuracy=self.accuracy,
            examples=len(self.probabilities),
            confusion=self.confusion,
        )
