"""How a training went: loss and accuracy, batch by batch and epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cnnlib.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BUCKETS = 160  # points that a curve of batches is thinned to
MARKED = 40  # with more epochs than this the single ones get no dot


class Table(Protocol):
    """Named columns of equal length: a dictionary of sequences, or a pandas frame."""

    def __getitem__(self, name: str, /) -> Any: ...
    def __contains__(self, name: object, /) -> bool: ...


def curves(
    steps: Table,
    epochs: Table,
    *,
    title: str = "Training",
    marks: Sequence[tuple[int, str]] = (),
    smoothing: float = 0.0,
) -> Figure:
    """Loss on the left, accuracy on the right, over the steps.

    Batches are thinned to means of equally many, the losses with a band from the 10th to the
    90th percentile; nothing that is not finite is drawn. Losses that span more than a factor of
    thirty stand on a logarithmic axis; the accuracy axis begins where the curves settle.

    Args:
        steps: columns step, loss, accuracy (in [0, 1]), a row a batch.
        epochs: columns epoch, step (at its end), train_loss, train_accuracy, valid_loss,
            valid_accuracy, a row an epoch; the last two may be None or NaN, or absent.
        title: the title.
        marks: (step, words) of what happened on the way, such as a change of learning rate.
        smoothing: of the labels in the training loss, which stands higher for it.
    """
    note = (
        "Training over an epoch is the mean as it went, validation is at its end. "
        "Shaded: the middle 80 % of neighbouring batches."
    )
    if smoothing:
        note += f"\nThe training loss has label smoothing {smoothing:g}, validation has none."
    fig = style.figure(11, 4.6, title, note)
    left, right = fig.subplots(1, 2)
    _panel(left, steps, epochs, "loss", marks)
    _panel(right, steps, epochs, "accuracy", marks)
    return fig


def thin(
    x: NDArray[np.float64], y: NDArray[np.float64], buckets: int = BUCKETS
) -> tuple[NDArray[np.float64], ...]:
    """Means and spread of consecutive points.

    Args:
        x, y: (n,).
        buckets: at most so many points come back.

    Returns:
        x, y, 10th and 90th percentile of y, each (min(n, buckets),).
    """
    parts = np.array_split(np.arange(len(x)), min(buckets, len(x))) if len(x) else []
    rows = [(x[p].mean(), y[p].mean(), *np.percentile(y[p], (10, 90))) for p in parts]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return tuple(table.T)


def _column(table: Table, name: str) -> NDArray[np.float64]:
    values = table[name] if name in table else []
    return np.asarray(values, dtype=np.float64)


def _points(table: Table, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = _column(table, "step"), _column(table, name)
    if not y.size:
        return y, y
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _panel(
    ax: Axes, steps: Table, epochs: Table, what: str, marks: Sequence[tuple[int, str]]
) -> None:
    from matplotlib.ticker import MaxNLocator

    batches = _points(steps, what)
    train, valid = _points(epochs, f"train_{what}"), _points(epochs, f"valid_{what}")
    style.dress(ax, x="step", y=_AXIS[what], title=_headline(what, epochs, valid), grid="y")
    if not any(y.size for _, y in (batches, train, valid)):
        ax.text(
            0.5, 0.5, "nothing recorded", transform=ax.transAxes, ha="center", color=style.QUIET
        )
        return
    x, mean, low, high = thin(*batches)
    if what == "loss" and len(batches[0]) > BUCKETS:
        ax.fill_between(x, low, high, color=style.BLUE, alpha=0.15, linewidth=0)
    ax.plot(x, mean, color=style.BLUE, alpha=0.45, linewidth=1, label="training, batches")
    dot = "o" if max(len(train[0]), len(valid[0])) <= MARKED else ""
    for (x, y), colour, name in (
        (train, style.BLUE, "training, epochs"),
        (valid, style.ORANGE, "validation, epochs"),
    ):
        if y.size:
            ax.plot(x, y, color=colour, linewidth=1.8, marker=dot, markersize=4, label=name)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    _limits(ax, what, mean, train[1], valid[1])
    _epoch_axis(ax, epochs)
    for step, words in marks:
        ax.axvline(step, color=style.GREEN, linewidth=1, linestyle="--")
        ax.annotate(
            words,
            (step, 0.03 if what == "accuracy" else 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(3, 0),
            textcoords="offset points",
            rotation=90,
            va="bottom" if what == "accuracy" else "top",
            fontsize=style.SMALL,
            color=style.GREEN,
        )
    style.legend(ax, loc="upper right" if what == "loss" else "lower right")


_AXIS = {"loss": "loss (nats per example)", "accuracy": "accuracy"}


def _headline(what: str, epochs: Table, valid: tuple[NDArray[np.float64], ...]) -> str:
    """The name of the panel, with the best validation and its epoch."""
    values = _column(epochs, f"valid_{what}")
    if not valid[1].size:
        return what.capitalize()
    best = int(np.nanargmin(values) if what == "loss" else np.nanargmax(values))
    shown = f"{values[best]:.4f}" if what == "loss" else f"{100 * values[best]:.2f} %"
    where = f" in epoch {int(_column(epochs, 'epoch')[best])}" if "epoch" in epochs else ""
    return f"{what.capitalize()}: best validation {shown}{where}"


def _limits(ax: Axes, what: str, *curves: NDArray[np.float64]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    drawn = np.concatenate(curves)
    if what == "accuracy":
        settled = np.concatenate([np.sort(c)[len(c) // 10 :] for c in curves])
        low, high = float(settled.min()), float(drawn.max())
        room = max(high - low, 0.01) * 0.08
        ax.set_ylim(max(0.0, low - room), min(1.0, high) + room)
        style.percent_axis(ax.yaxis)
    elif drawn.min() > 0 and drawn.max() > 30 * drawn.min():
        ax.set_yscale("log")
        steps = (1.0, 2.0, 5.0) if drawn.max() < 2000 * drawn.min() else (1.0,)
        ax.yaxis.set_major_locator(LogLocator(subs=steps))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_ylim(bottom=0)


def _epoch_axis(ax: Axes, epochs: Table) -> None:
    """Mark the ends of the epochs, and number some of them along the top."""
    ends, numbers = _column(epochs, "step"), _column(epochs, "epoch")
    if not numbers.size:
        return
    every = -(-len(ends) // 10)
    chosen = slice(every - 1, None, every)
    if len(ends) <= MARKED:
        for end in ends:
            ax.axvline(end, color=style.FAINT, linewidth=0.8, zorder=0)
    top = ax.secondary_xaxis("top")
    top.set_xticks(ends[chosen].tolist(), [f"{n:.0f}" for n in numbers[chosen]])
    top.tick_params(labelsize=style.SMALL, labelcolor=style.QUIET, color=style.FAINT, length=2)
    top.spines["top"].set_visible(False)
    top.set_xlabel("epoch", fontsize=style.SMALL, color=style.QUIET)
