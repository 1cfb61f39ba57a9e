"""Scores as pictures: each class's precision and recall, and whether confidence can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnlib.errors import ShapeError
from cnnlib.figures import style
from cnnlib.metrics import Calibration, Scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def class_report(scores: Scores, names: Sequence[str], *, title: str = "Classes") -> Figure:
    """Precision, recall and F1 of every class.

    A bar reaches from the lower to the higher of precision and recall, with F1 between them. The
    length of a bar is a difference, so the axis need not begin at zero and small differences
    can be seen.

    Args:
        scores: the scores of K classes.
        names: the K class names.
        title: the title.

    Raises:
        ShapeError: the two do not fit each other.
    """
    classes = len(scores.support)
    if len(names) != classes:
        raise ShapeError("class names", expected=f"{classes}", received=f"{len(names)}")
    fig = style.figure(
        7.5,
        1.9 + 0.3 * classes,
        title,
        f"Accuracy {style.percent(scores.accuracy)} of {scores.examples:,} examples. "
        f"Averages over the classes: precision {style.percent(scores.macro.precision)}, "
        f"recall {style.percent(scores.macro.recall)}, F1 {style.percent(scores.macro.f1)}.",
    )
    ax = fig.subplots()
    style.dress(ax, x="score", y="class (examples)", grid="x")
    ax.yaxis.labelpad = 8
    rows = np.arange(classes)
    low = np.minimum(scores.precision, scores.recall)
    high = np.maximum(scores.precision, scores.recall)
    ax.barh(rows, high - low, left=low, height=0.34, color=style.FAINT, zorder=1)
    for values, colour, marker, size, name in (  # the second is smaller: both show when equal
        (scores.precision, style.BLUE, "o", 8.5, "precision"),
        (scores.recall, style.ORANGE, "s", 6.0, "recall"),
        (scores.f1, style.INK, "|", 9.0, "F1"),
    ):
        edge = 1.4 if marker == "|" else 0.0
        look: dict[str, Any] = {
            "color": colour,
            "marker": marker,
            "markersize": size,
            "markeredgewidth": edge,
        }
        ax.plot(values, rows, linestyle="", label=name, zorder=3, **look)
    ax.set_yticks(rows, [f"{n}  ({s:,})" for n, s in zip(names, scores.support, strict=True)])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(classes - 0.4, -0.6)
    span = max(float(high.max() - low.min()), 0.01)
    ax.set_xlim(max(low.min() - 0.06 * span, -0.02), min(high.max() + 0.06 * span, 1.02))
    style.percent_axis(ax.xaxis)
    style.legend(ax, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
    return fig


def reliability(
    calibration: Calibration, *, title: str = "Can its confidence be believed?"
) -> Figure:
    """Accuracy over confidence, with the number of examples below.

    On the dashed line a confidence of 90 % is right nine times out of ten.

    Args:
        calibration: the bins.
        title: the title.

    Source: Guo et al. (2017), On Calibration of Modern Neural Networks, figure 1.
    """
    from matplotlib.ticker import FuncFormatter

    cal = calibration
    filled = cal.counts > 0
    widths = np.diff(cal.edges)
    fig = style.figure(
        5.8,
        6.2,
        title,
        f"Expected calibration error {style.percent(cal.error)} "
        f"over {style.counted(int(cal.counts.sum()), 'example')}.",
    )
    upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    style.dress(upper, y="accuracy", grid="both")
    style.dress(lower, x="confidence (probability of the predicted class)", y="examples", grid="y")
    place, width = cal.edges[:-1][filled], widths[filled]
    right, sure = cal.accuracy[filled], cal.confidence[filled]
    common = {"align": "edge", "edgecolor": style.PAPER, "linewidth": 0.8}
    less = np.minimum(right, sure)
    for bottom, height, colour, name in (
        (np.zeros_like(less), less, style.BLUE, "right, as it claims"),
        (less, right - less, style.GREEN, "right more often than it claims"),
        (less, sure - less, style.ORANGE, "claimed, but wrong"),
    ):
        upper.bar(place, height, width, bottom=bottom, color=colour, label=name, **common)
    upper.plot(
        [0, 1], [0, 1], color=style.INK, linestyle="--", linewidth=1, label="as sure as it is right"
    )
    lower.bar(place, cal.counts[filled], width, color=style.QUIET, **common)
    lower.set_yscale("log")
    lower.set_ylim(bottom=0.7)
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    upper.set_xlim(0, 1)
    upper.set_ylim(0, 1.02)
    for axis in (upper.yaxis, lower.xaxis):
        style.percent_axis(axis)
    style.legend(upper, loc="upper left")
    return fig
