"""The courses of several runs over each other, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cnnlib.figures import style
from cnnlib.figures.curves import MARKED, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (style.BLUE, style.ORANGE, style.GREEN)


def overlay(runs: Mapping[str, Table], *, title: str = "Runs compared") -> Figure:
    """Loss on the left, accuracy on the right, over the epochs, a colour a run.

    Whole lines are validation, dashed ones training; nothing that is not finite is drawn.

    Args:
        runs: by the name of the run, a table with columns epoch, train_loss, train_accuracy,
            valid_loss, valid_accuracy, a row an epoch; at most three runs get a colour each.
        title: the title.
    """
    fig = style.figure(11, 4.6, title, "Whole: validation. Dashed: training, the mean as it went.")
    for ax, what in zip(fig.subplots(1, 2), ("loss", "accuracy"), strict=True):
        style.dress(ax, x="epoch", y=what, title=what.capitalize(), grid="y")
        drawn = False
        for number, (name, table) in enumerate(runs.items()):
            colour = COLOURS[number % len(COLOURS)]
            epochs = np.asarray(table["epoch"], dtype=np.float64)
            for part, line in (("train", "--"), ("valid", "-")):
                values = np.asarray(table[f"{part}_{what}"], dtype=np.float64)
                known = np.isfinite(values)
                if known.any():
                    drawn = True
                    ax.plot(
                        epochs[known],
                        values[known],
                        line,
                        color=colour,
                        linewidth=1.8 if part == "valid" else 1.0,
                        marker="o" if known.sum() <= MARKED else "",
                        markersize=4 if part == "valid" else 2,
                        label=name if part == "valid" or not _has(table, f"valid_{what}") else None,
                    )
        if drawn:
            style.legend(ax, loc="upper right" if what == "loss" else "lower right")
        else:
            ax.text(0.5, 0.5, "nothing recorded", transform=ax.transAxes, ha="center")
    return fig


def _has(table: Table, name: str) -> bool:
    return bool(np.isfinite(np.asarray(table[name], dtype=np.float64)).any())
