"""What part of a run the charts show: window, cursor, smoothing, scale. Plain data, no drawing.

Time is counted in epochs, so that runs with other batch sizes lie on one axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui.render.axes import Limits

SMOOTHINGS = (0.0, 0.05, 0.2, 1.0)
"""Epochs that the drawn training curve is the mean of; 0: a mean for every column of the chart."""
CLOSEST = 4.0
"""Steps that the closest window shows."""


@dataclass(frozen=True)
class View:
    """How the charts look at the runs.

    Attributes:
        window: the epochs shown; None is the whole run, and follows it as it grows.
        cursor: where values are read off, in epochs; None: nowhere.
        smoothing: one of SMOOTHINGS.
        log_y: whether the loss stands on a logarithmic axis.
    """

    window: Limits | None = None
    cursor: float | None = None
    smoothing: float = 0.0
    log_y: bool = False

    def shown(self, whole: Limits) -> Limits:
        """The epochs shown, of a whole that may have grown or shrunk since."""
        if self.window is None:
            return whole
        low, high = self.window
        span = min(high - low, whole[1] - whole[0])
        low = min(max(low, whole[0]), whole[1] - span)
        return low, low + span

    def zoomed(self, factor: float, whole: Limits, done: float, steps_per_epoch: float) -> View:
        """Closer (factor below 1) or farther, about the cursor, or else about the newest step.

        Farther than the whole is the whole again.
        """
        low, high = self.shown(whole)
        about = self.cursor if self.cursor is not None else min(done, high)
        about = min(max(about, low), high)
        span = max((high - low) * factor, CLOSEST / steps_per_epoch)
        if span >= (whole[1] - whole[0]) * (1 - 1e-9):
            return replace(self, window=None)
        start = about - (about - low) / (high - low) * span
        start = min(max(start, whole[0]), whole[1] - span)
        return replace(self, window=(start, start + span))

    def panned(self, share: float, whole: Limits) -> View:
        """Moved by a share of what is shown, held inside the whole; the whole itself stays."""
        if self.window is None:
            return self
        low, high = self.shown(whole)
        start = min(max(low + share * (high - low), whole[0]), whole[1] - (high - low))
        return replace(self, window=(start, start + (high - low)))

    def moved(self, columns: int, of: int, whole: Limits, done: float, step: float) -> View:
        """The cursor moved by so many of the chart's columns, by a step (in epochs) at the least.

        It begins at the newest step, stays where there are steps, and takes the window along.
        """
        low, high = self.shown(whole)
        if self.cursor is None:
            cursor = min(done, high)
        else:
            cursor = self.cursor + columns * max((high - low) / max(of, 1), step)
        cursor = min(max(cursor, step), max(done, step))
        view = replace(self, cursor=cursor)
        if self.window is not None and not low <= cursor <= high:
            start = cursor if cursor < low else cursor - (high - low)
            start = min(max(start, whole[0]), whole[1] - (high - low))
            view = replace(view, window=(start, start + (high - low)))
        return view

    def smoother(self) -> View:
        """The next smoothing, then none again."""
        at = SMOOTHINGS.index(self.smoothing)
        return replace(self, smoothing=SMOOTHINGS[(at + 1) % len(SMOOTHINGS)])
