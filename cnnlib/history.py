"""The course of a training: tables of numbers, and the chart of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnlib.html import table
from cnnlib.runs.history import RunHistory

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class History(RunHistory):
    """What happened in a training, as ``fit`` returns it or a run directory keeps it.

    ``steps()``, ``epochs()`` and ``evaluations()`` are pandas tables, ``to_csv`` writes them,
    ``plot`` draws them; a notebook shows the epochs.

    >>> from pathlib import Path
    >>> from cnnlib import runs
    >>> History.read(runs.find(Path("runs"), "lenet")).plot()                # doctest: +SKIP
    """

    def plot(self, *, title: str = "Training", smoothing: float = 0.0) -> Figure:
        """Loss and accuracy over the steps, as a matplotlib figure.

        Args:
            title: its title.
            smoothing: of the labels in the training loss, which stands higher for it.
        """
        from cnnlib.figures import curves

        return curves(self.steps(), self.epochs(), title=title, smoothing=smoothing)

    def __repr__(self) -> str:
        epochs = self.epochs()
        words = f"{len(epochs)} epoch{'' if len(epochs) == 1 else 's'}"
        if len(epochs):
            last = epochs.iloc[-1]
            words += f", training accuracy {last['train_accuracy']:.2%}"
            if epochs["valid_accuracy"].notna().any():
                best = epochs.iloc[int(epochs["valid_accuracy"].argmax())]
                words += (
                    f", best validation accuracy {best['valid_accuracy']:.2%} "
                    f"in epoch {best['epoch']}"
                )
        return f"<History of {words}>"

    def _repr_html_(self) -> str:
        epochs = self.epochs()
        columns = {
            "epoch": "{:d}",
            "train_loss": "{:.4f}",
            "train_accuracy": "{:.2%}",
            "valid_loss": "{:.4f}",
            "valid_accuracy": "{:.2%}",
            "learning_rate": "{:.2e}",
        }
        shown = [name for name in columns if epochs[name].notna().any()]
        rows = [
            [columns[name].format(row[name]) if row[name] == row[name] else "–" for name in shown]
            for row in epochs.to_dict(orient="records")
        ]
        return table([name.replace("_", " ") for name in shown], rows, left=0)
