"""What a pane shares that looks at the weights of a run as they were: the best, of each epoch, now.

`w` and `W` scrub through what the run kept. While it trains, the newest weights are followed: the
trainer is asked for them every few seconds, as long as the pane is seen.
"""

from __future__ import annotations

import time

from tui.inspection.sources import Source, Which, weights_of
from tui.panes.drawing import DrawingPane
from tui.session import Session

LIVE_SECONDS = 4.0
"""How often the trainer is asked for its weights."""


class WeightsPane(DrawingPane):
    """A pane whose weights are chosen."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.weights: Which = ""
        """Which weights of the run are looked at; empty: the best, or while it trains the last."""
        self._asked_at = 0.0
        self._asked_step = -1

    def wanted_weights(self, session: Session) -> Which:
        """Those that were chosen; else the newest while a run trains, and then the best."""
        return self.weights or ("last" if session.series.is_live else "best")

    def provenance(self, source: Source) -> str:
        """Whose weights these are, and where they stand among those of the run, in a line."""
        if source.run is None or not source.trained:
            return "an untrained network"
        if source.which == "last" and self.session.series.is_live:
            return "weights live, w others"
        known = weights_of(source.run)
        at = f"{known.index(source.which) + 1}/{len(known)}" if source.which in known else ""
        return f"{source.which} weights {at} w"

    def follow_training(self) -> None:
        """Ask a trainer at work for its weights, if it has learned since it was asked last."""
        series = self.session.series
        if self.weights or not series.is_live or series.paused or series.started is None:
            return
        now, step = time.monotonic(), series.step
        if step != self._asked_step and now - self._asked_at >= LIVE_SECONDS:
            self._asked_at, self._asked_step = now, step
            self.application.ask_trainer("snapshot")

    # What the keys do

    def action_weights(self, step: int) -> None:
        """Other weights of the run: the best, those of its epochs, the last."""
        known = weights_of(self.session.run)
        if not known:
            self.say("There are no weights to choose from before the first checkpoint of a run.")
            return
        now = self.wanted_weights(self.session)
        at = known.index(now) + step if now in known else 0
        self.weights = known[at % len(known)]
        words = "" if len(known) > 2 else "; this run keeps none of its epochs"
        self.say(f"{self.weights} weights, of {', '.join(known)}{words}")
        self.show_session(self.session)

    def action_newest(self) -> None:
        """Ask the trainer for its weights of this moment."""
        if self.session.series.is_live:
            self.weights = ""
            self.application.ask_trainer("snapshot")
            self.say("asked the trainer for its weights of this moment")
        else:
            self.say("no run trains: w chooses among the weights that it left")
