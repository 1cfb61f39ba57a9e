"""The evaluation that a screen shows: the report on the test images, or the last validation.

Plain data without Textual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnlib.metrics import Calibration, Scores
from cnnlib.report import Report
from tui.following.series import Series


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What is shown: counts, the scores that follow from them, and what they were counted on."""

    title: str
    scores: Scores
    loss: float
    classes: tuple[str, ...]
    split: str
    calibration: Calibration | None = None
    top_k: Mapping[int, float] = field(default_factory=dict)
    """How often the truth is among the k likeliest classes."""


def of_report(report: Report, title: str = "test") -> Evaluation:
    """What a report on the test images says."""
    return Evaluation(
        title,
        report.scores,
        report.loss,
        report.classes,
        "test",
        report.calibration,
        report.top_k,
    )


def of_series(series: Series) -> Evaluation | None:
    """What the run said last about itself: on validation images, else test, else training ones."""
    seen, started = series.evaluated, series.started
    classes = started.classes if started is not None else ()
    event = seen.get("valid") or seen.get("test") or seen.get("train")
    if event is None or len(classes) != len(event.confusion):
        return None
    names = {"valid": "validation", "test": "test", "train": "training"}
    title = f"{names[event.split]}, epoch {event.epoch}"
    scores = Scores.from_confusion(np.array(event.confusion, dtype=np.int64))
    return Evaluation(title, scores, event.loss, classes, event.split)


def confused(matrix: NDArray[np.integer]) -> list[tuple[int, int]]:
    """The (true, predicted) pairs that were confused, the most frequent first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[: int(np.count_nonzero(wrong))]
    return [(int(at) // len(wrong), int(at) % len(wrong)) for at in order]
