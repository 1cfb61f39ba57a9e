"""The curves of one or several runs: loss and accuracy, in training and in validation.

Every run is drawn over its epochs, so that batch sizes do not matter. The steps are read as
stretches (`tui.following.columns`), so a chart of a million steps costs what one of a thousand
does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tui.following.columns import Column, Pieces
from tui.following.series import EpochRow, Series
from tui.render.axes import Limits, Numbers, growing_limit, share_limits
from tui.render.cells import Grid
from tui.render.chart import Axes, ChartMark, Line, chart
from tui.render.chart_view import View
from tui.render.format import count, number, percent
from tui.render.palette import Palette
from tui.terminal.abilities import Terminal

Metric = Literal["loss", "accuracy"]
EPOCH_CELLS = 6
"""Cells that an epoch needs for a mark at its end."""


@dataclass(frozen=True)
class Track:
    """A run to draw: its short name (empty for the run that is shown) and what is known of it."""

    name: str
    series: Series


def whole_of(tracks: Sequence[Track]) -> Limits:
    """The epochs of the longest run, as far as it is; it grows in few jumps."""
    ends = [0.0]
    for track in tracks:
        started = track.series.started
        if started is not None:
            done = track.series.step / started.steps_per_epoch
            ends.append(growing_limit(done, float(started.epochs)))
    return 0.0, max(ends) or 1.0


def curves(
    metric: Metric,
    tracks: Sequence[Track],
    view: View,
    width: int,
    height: int,
    terminal: Terminal,
    palette: Palette,
) -> Grid:
    """The chart of a metric; the first of the tracks is the run that is shown."""
    limits = view.shown(whole_of(tracks))
    columns = max(8, width // 2)
    lines: list[Line] = []
    lowest: list[float] = []
    colours = [colour for colour in palette.series if colour not in (palette.train, palette.valid)]
    for i, track in reversed(list(enumerate(tracks))):  # the run that is shown over the others
        pieces, at = _pieces(track.series, metric, limits, columns)
        x, y = means(at, pieces, limits, columns, view.smoothing)
        train = palette.train if i == 0 else colours[(i - 1) % len(colours)]
        if i == 0 and metric == "loss" and len(tracks) == 1 and view.smoothing == 0.0:
            lines.append(_every_step(at, pieces, palette))
        read = _read(view.cursor, x, y, metric)
        known = train_value(track.series, metric)
        lines.append(Line(track.name or "train", x, y, train, value=read or known))
        valid_x, valid_y = _valid(track.series, metric, limits)
        if track.series.started is None or track.series.started.valid_examples:
            ink = palette.valid if i == 0 else train
            value = _read(view.cursor, valid_x, valid_y, metric, before=True)
            value = value or (_said(float(valid_y[-1]), metric) if valid_y.size else "")
            lines.append(Line("valid", valid_x, valid_y, ink, "dotted", value, listed=i == 0))
        # The first steps know nothing: the axis begins where nine tenths of the curve are.
        lowest += [float(np.percentile(y, 10))] if y.size else []
        lowest += [float(valid_y.min())] if valid_y.size else []
    y_limits = share_limits(min(lowest, default=0.0)) if metric == "accuracy" else None
    axes = Axes(limits, y_limits, log_y=view.log_y and metric == "loss")
    marks = _marks(tracks, view, limits, width)
    return chart(lines, width, height, terminal=terminal, axes=axes, marks=marks, palette=palette)


def train_value(series: Series, metric: Metric) -> str:
    """The newest mean of an epoch of training."""
    if not series.epochs:
        return ""
    row = series.epochs[-1]
    return _said(row.train_loss if metric == "loss" else row.train_accuracy, metric)


def _said(value: float, metric: Metric) -> str:
    return number(value) if metric == "loss" else percent(value, 2)


def _pieces(series: Series, metric: Metric, limits: Limits, columns: int) -> tuple[Pieces, Numbers]:
    """The stretches of the steps inside the limits, and the epoch at which each begins."""
    column: Column = series.losses if metric == "loss" else series.accuracies
    steps = series.steps.values
    per_epoch = float(series.started.steps_per_epoch) if series.started is not None else 1.0
    low, high = limits[0] * per_epoch, limits[1] * per_epoch
    start = int(np.searchsorted(steps, low, side="left"))
    stop = min(int(np.searchsorted(steps, high, side="right")), column.values.size)
    pieces = column.pieces(start, stop, 4 * columns)
    return pieces, steps[pieces.first] / per_epoch


def means(
    at: Numbers, pieces: Pieces, limits: Limits, columns: int, smoothing: float
) -> tuple[Numbers, Numbers]:
    """The mean point of every column of the chart; with smoothing, of the epochs before it too."""
    keep = pieces.count > 0
    at, total, counted = at[keep], pieces.total[keep], pieces.count[keep]
    if not at.size:
        return at, at
    column = np.clip((at - limits[0]) * (columns / (limits[1] - limits[0])), 0, columns - 1)
    starts = np.flatnonzero(np.diff(column.astype(np.int64), prepend=-1))
    x = np.add.reduceat(at * counted, starts) / np.add.reduceat(counted, starts)
    if smoothing == 0.0:
        return x, np.add.reduceat(total, starts) / np.add.reduceat(counted, starts)
    sums = np.concatenate([[0.0], np.cumsum(total)])
    counts = np.concatenate([[0.0], np.cumsum(counted)])
    last = np.append(starts[1:], at.size)
    since = np.minimum(np.searchsorted(at, at[last - 1] - smoothing, side="right"), last - 1)
    return x, (sums[last] - sums[since]) / (counts[last] - counts[since])


def _every_step(at: Numbers, pieces: Pieces, palette: Palette) -> Line:
    """The steps themselves, faint: of each stretch its least and its greatest value."""
    both = np.stack([pieces.low, pieces.high], axis=1).ravel()
    return Line("every step", np.repeat(at, 2), both, palette.faint, listed=False)


def _valid(series: Series, metric: Metric, limits: Limits) -> tuple[Numbers, Numbers]:
    """The validation points; the one before the window too, so that its line comes in."""
    per_epoch = float(series.started.steps_per_epoch) if series.started is not None else 1.0
    points = [
        (row.step / per_epoch, value)
        for row in series.epochs
        if (value := _valid_of(row, metric)) is not None
    ]
    points = [point for point in points if limits[0] <= point[0] <= limits[1]]
    return np.array([x for x, _ in points]), np.array([y for _, y in points], dtype=float)


def _valid_of(row: EpochRow, metric: Metric) -> float | None:
    return row.valid_loss if metric == "loss" else row.valid_accuracy


def _read(
    cursor: float | None, x: Numbers, y: Numbers, metric: Metric, *, before: bool = False
) -> str:
    """The curve's value at the cursor: at the nearest point, or at the last one not after it."""
    if cursor is None or not x.size:
        return ""
    if before:
        at = int(np.searchsorted(x, cursor + 1e-9, side="right")) - 1
        return _said(float(y[at]), metric) if at >= 0 else "-"
    return _said(float(y[int(np.argmin(np.abs(x - cursor)))]), metric)


def _marks(tracks: Sequence[Track], view: View, limits: Limits, width: int) -> list[ChartMark]:
    """Ends of epochs where there is room, what was changed by hand, the cursor over all."""
    span = limits[1] - limits[0]
    marks: list[ChartMark] = []
    if span * EPOCH_CELLS <= width:
        ends = range(int(np.ceil(limits[0] + 1e-9)), int(np.floor(limits[1] - 1e-9)) + 1)
        marks += [ChartMark(float(end), kind="epoch") for end in ends]
    series = tracks[0].series if tracks else None
    if series is not None and series.started is not None:
        per_epoch = series.started.steps_per_epoch
        marks += [ChartMark(mark.step / per_epoch, mark.text) for mark in series.marks]
    if view.cursor is not None:
        marks.append(ChartMark(view.cursor, kind="cursor"))
    return marks


def reading(series: Series, cursor: float, metric: Metric) -> str:
    """What is known of the step under the cursor: "step 1 234, epoch 2: 0.3121"."""
    steps, started = series.steps.values, series.started
    if started is None or not steps.size:
        return ""
    wanted = cursor * started.steps_per_epoch
    at = min(int(np.searchsorted(steps, wanted - 1e-6)), steps.size - 1)
    step = int(steps[at])
    epoch = (step - 1) // started.steps_per_epoch + 1
    values = (series.losses if metric == "loss" else series.accuracies).values
    known = f": {_said(float(values[at]), metric)}" if at < values.size else ""
    return f"step {count(step)}, epoch {epoch}{known}"
