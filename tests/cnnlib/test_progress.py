"""Which epoch is the best: the most accurate, and among equals the one with the least loss."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlib.evaluation import Evaluation
from cnnlib.events import EpochEnded
from cnnlib.progress import Progress


def evaluation(scores: tuple[float, float] | None) -> Evaluation | None:
    """One of this accuracy and loss."""
    return scores and Evaluation(np.empty((0, 2)), scores[1], scores[0], ())


@pytest.mark.parametrize(
    ("best", "now", "is_best"),
    [
        ((None, None), (0.5, 1.0), True),
        ((0.9, 0.3), (0.91, 9.0), True),
        ((0.9, 0.3), (0.89, 0.1), False),
        ((0.9, 0.3), (0.9, 0.29), True),
        ((0.9, 0.3), (0.9, 0.3), False),
        ((0.9, 0.3), (0.9, 0.31), False),
        ((0.9, 0.3), (0.9, float("nan")), False),
        ((0.9, 0.3), None, True),
    ],
)
def test_accuracy_decides_then_loss(
    best: tuple[float | None, float | None], now: tuple[float, float] | None, is_best: bool
) -> None:
    progress = Progress(best_accuracy=best[0], best_loss=best[1])
    assert progress.is_best(evaluation(now)) is is_best


@pytest.mark.parametrize("is_best", [True, False])
@pytest.mark.parametrize("now", [(0.9, 0.3), None])
def test_an_epoch_is_told_and_counting_begins_anew(
    now: tuple[float, float] | None, is_best: bool
) -> None:
    progress = Progress(epoch=3, step=20, batch=10, loss_sum=5.0, correct=8, examples=10, rate=0.1)
    ended = progress.end_epoch(evaluation(now), is_best=is_best)
    accuracy, loss = now or (None, None)
    assert ended == EpochEnded(3, 20, 0.5, 0.8, loss, accuracy, 0.1, is_best)
    assert progress == Progress(
        epoch=4,
        step=20,
        rate=0.1,
        valid_losses=[0.3] if now else [],
        best_epoch=3 if is_best else None,
        best_accuracy=accuracy if is_best else None,
        best_loss=loss if is_best else None,
    )
