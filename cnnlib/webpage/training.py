"""How the training went, as charts and a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnlib.figures.curves import Table, thin
from cnnlib.markdown import EPOCH_COLUMNS, percent
from cnnlib.webpage.charts import Axis, Line, chart
from cnnlib.webpage.tables import rows_of


def curves(steps: Table, epochs: Table, smoothing: float = 0.0) -> str:
    """Loss and accuracy over the steps, side by side; nothing where nothing was recorded."""
    if not len(_column(steps, "step")):
        return ""
    panels = "".join(f"<figure>{_panel(steps, epochs, what)}</figure>" for what in _AXES)
    note = (
        "Training over an epoch is the mean as it went, validation is at its end. Shaded: the "
        "middle 80 % of neighbouring batches."
    )
    if smoothing:
        note += f" The training loss has label smoothing {smoothing:g}, validation has none."
    return f'<h2>Training</h2><div class="two">{panels}</div><p class="quiet">{note}</p>'


def epoch_table(epochs: Table) -> str:
    """A row for each epoch."""
    names = [name for name in EPOCH_COLUMNS if np.isfinite(_column(epochs, name)).any()]
    if not names:
        return ""
    columns = [_column(epochs, name) for name in names]
    rows = [
        [_cell(n, v) for n, v in zip(names, r, strict=True)] for r in zip(*columns, strict=True)
    ]
    if "is_best" in epochs:
        for row, best in zip(rows, epochs["is_best"], strict=True):
            row[0] += " ★" if best else ""
    table = rows_of([EPOCH_COLUMNS[name] for name in names], rows, words=0)
    opened = " open" if len(rows) <= 12 else ""
    words = f"{len(rows)} epoch{'' if len(rows) == 1 else 's'}, ★ the best so far"
    return f"<details{opened}><summary>{words}</summary>{table}</details>"


_AXES = {"loss": "loss, nats an example", "accuracy": "accuracy"}


def _panel(steps: Table, epochs: Table, what: str) -> str:
    x, y = _column(steps, "step"), _column(steps, what)
    known = np.isfinite(y)
    x, mean, low, high = thin(x[known], y[known])
    ends = _column(epochs, "step")
    few = len(ends) <= 40
    batches = Line("training, batches", "batch", x, mean)
    lines = [batches if what == "accuracy" else batches._replace(low=low, high=high)]
    for look, split in (("train", "training"), ("valid", "validation")):
        values = _column(epochs, f"{look}_{what}")
        if np.isfinite(values).any():
            lines.append(Line(f"{split}, epochs", look, ends, values, dots=few))
    best = _best(epochs, what)
    title = what.capitalize() + (f": best validation {best}" if best else "")
    last = float(max(x[-1], *ends) if len(ends) else x[-1])
    across = Axis(0.0, last, "step", lambda value: f"{value:,.0f}")
    drawn = [line.y[np.isfinite(line.y)] for line in lines]
    words = f"{title}. {len(x)} points over {last:,.0f} steps."
    return f"<h3>{title}</h3>{chart(lines, across, _up_axis(what, drawn), words)}"


def _up_axis(what: str, drawn: list[NDArray[np.float64]]) -> Axis:
    low, high = min(float(y.min()) for y in drawn), max(float(y.max()) for y in drawn)
    if what == "accuracy":  # from where the curves have settled on
        settled = min(float(np.sort(y)[len(y) // 10]) for y in drawn)
        floor = max(0.0, settled - 0.1 * max(high - settled, 0.01))
        ceiling = min(1.0, high + 0.02)
        digits = 0 if ceiling - floor > 0.05 else 1 if ceiling - floor > 0.005 else 2
        return Axis(floor, ceiling, "", lambda value: percent(value, digits))
    if low > 0 and high > 30 * low:
        return Axis(low * 0.9, high * 1.1, "", lambda value: f"{value:g}", log=True)
    return Axis(0.0, high * 1.05, "", lambda value: f"{value:.3g}")


def _best(epochs: Table, what: str) -> str:
    values = _column(epochs, f"valid_{what}")
    if not np.isfinite(values).any():
        return ""
    at = int(np.nanargmin(values) if what == "loss" else np.nanargmax(values))
    shown = f"{values[at]:.4f}" if what == "loss" else percent(values[at])
    return f"{shown} in epoch {_column(epochs, 'epoch')[at]:.0f}"


def _column(table: Table, name: str) -> NDArray[np.float64]:
    values = table[name] if name in table else []
    return np.asarray(values, dtype=np.float64)


def _cell(name: str, value: float) -> str:
    if not np.isfinite(value):
        return "–"
    if name == "epoch":
        return f"{value:.0f}"
    if name.endswith("accuracy"):
        return percent(value)
    return f"{value:.4f}" if name.endswith("loss") else f"{value:.3g}"
