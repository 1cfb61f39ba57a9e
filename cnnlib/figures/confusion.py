"""Who was taken for whom: the confusion matrix as a picture in which the errors are what shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.errors import ShapeError
from cnnlib.figures import style
from cnnlib.metrics import Scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def confusion(
    matrix: NDArray[np.integer[Any]], names: Sequence[str], *, title: str = "Confusion matrix"
) -> Figure:
    """The counts, coloured by their share of the row.

    Errors and right answers have a colour scale each: on one scale, a good model's errors would
    all look like nothing. Recall stands at the end of each row, precision over each column.

    Args:
        matrix: (K, K) counts, rows the truth.
        names: the K class names.
        title: the title.

    Raises:
        ShapeError: the two do not fit each other.
    """
    scores = Scores.from_confusion(matrix)
    counts, classes = scores.matrix, len(scores.matrix)
    if len(names) != classes:
        raise ShapeError("class names", expected=f"{classes}", received=f"{len(names)}")
    cell = 0.58 if classes <= 12 else max(0.29, 0.58 - 0.012 * (classes - 12))
    side = max(3.2, cell * classes)
    font = style.TEXT if cell > 0.5 else max(5.5, cell * 72 / 3.6)
    wrong = style.counted(scores.examples - int(counts.trace()), "mistake")
    fig = style.figure(
        side + 2.6,
        side + 1.7,
        title,
        f"Accuracy {style.percent(scores.accuracy)} of {scores.examples:,} examples, {wrong}. "
        "Numbers are counts; empty cells are zero.",
    )
    ax = fig.subplots()
    style.dress(ax, x="predicted class", y="true class", frame=False)
    shares = counts / np.maximum(scores.support, 1)[:, None]
    _paint(fig, ax, shares, counts, font)
    ticks = range(classes)
    upright = max(len(n) for n in names) * font * 0.62 > cell * style.INCH
    ax.set_xticks(ticks, names, fontsize=font, rotation=90 if upright else 0)
    ax.set_yticks(ticks, names, fontsize=font)
    ax.tick_params(length=0)
    top, right = ax.secondary_xaxis("top"), ax.secondary_yaxis("right")
    turn = 90 if cell < 0.5 else 0
    top.set_xticks(ticks, [_percent(p) for p in scores.precision], fontsize=font, rotation=turn)
    right.set_yticks(ticks, [_percent(r) for r in scores.recall], fontsize=font)
    for axis in (top, right):
        axis.tick_params(length=0, labelcolor=style.QUIET)
        for spine in axis.spines.values():
            spine.set_visible(False)
    top.set_xlabel("precision (%)", fontsize=style.SMALL, color=style.QUIET)
    right.set_ylabel("recall (%)", fontsize=style.SMALL, color=style.QUIET)
    return fig


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _paint(
    fig: Figure,
    ax: Axes,
    shares: NDArray[np.float64],
    counts: NDArray[np.int64],
    font: float,
) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import PowerNorm
    from matplotlib.ticker import MaxNLocator

    right = np.eye(len(counts), dtype=bool)
    worst = float(shares[~right].max()) if len(counts) > 1 else 0.0
    errors = ScalarMappable(PowerNorm(0.5, 0.0, worst or 0.01), colormaps["OrRd"])
    colours = errors.to_rgba(shares)
    colours[right] = colormaps["Blues"](0.15 + 0.7 * shares[right])
    colours[~right & (counts == 0)] = (0.985, 0.985, 0.985, 1.0)
    ax.imshow(colours, interpolation="nearest")
    for edge in range(1, len(counts)):
        ax.axhline(edge - 0.5, color=style.PAPER, linewidth=0.8)
        ax.axvline(edge - 0.5, color=style.PAPER, linewidth=0.8)
    for i, j in zip(*np.nonzero(counts), strict=True):
        dark = style.luminance(colours[i, j]) < 0.5
        ax.text(
            j,
            i,
            f"{counts[i, j]}",
            ha="center",
            va="center",
            fontsize=font if counts.max() < 1000 else font * 0.88,
            fontweight="bold" if i == j else "normal",
            color=style.PAPER if dark else style.INK,
        )
    style.colour_bar(
        fig,
        ax,
        errors,
        "errors: share of the true class",
        shrink=0.6,
        aspect=28,
        shares=True,
        ticks=MaxNLocator(5),
    )
