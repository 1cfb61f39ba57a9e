"""Which epoch is the best: the most accurate, and among equals the one with the least loss."""

from __future__ import annotations

import pytest

from cnnlib.progress import Progress


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
        ((0.9, 0.3), (None, None), True),
    ],
)
def test_accuracy_decides_then_loss(
    best: tuple[float | None, float | None], now: tuple[float | None, float | None], is_best: bool
) -> None:
    progress = Progress(best_accuracy=best[0], best_loss=best[1])
    assert progress.is_best(*now) is is_best
