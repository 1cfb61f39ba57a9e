"""Train: start, pause, resume and stop a run, and watch it: curves, figures, epochs, log."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from cnnlib.errors import CnnError
from cnnlib.losses import Loss
from cnnlib.text import parse
from tui.panes.base import Pane
from tui.render.training import (
    accuracy_chart,
    draft,
    epoch_table,
    figures_of_run,
    loss_chart,
)
from tui.session import Session
from tui.widgets.cellgrid import CellGrid
from tui.widgets.logview import LogView

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

PARTS = (
    ("train-loss", "Loss"),
    ("train-accuracy", "Accuracy"),
    ("train-figures", "Run"),
    ("train-epochs", "Epochs"),
)


class TrainPane(Pane):
    """See the module."""

    pane_name: ClassVar[str] = "train"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._log_y = False
        self._frozen = False
        self._told_run: Run | None = None
        self._smoothing = 0.0

    def compose(self) -> ComposeResult:
        """Two charts above; figures, epochs and log below."""
        for part, title in PARTS:
            grid = CellGrid(id=part, classes="part")
            grid.border_title = title
            if title in ("Loss", "Accuracy"):
                grid.border_subtitle = "epochs"
            yield grid
        log = LogView(id="train-log", classes="part")
        log.border_title = "Log"
        yield log

    def show_session(self, session: Session) -> None:
        """Draw the run that is shown, or what the next one will do."""
        if self._frozen:
            return
        series, terminal, palette = session.series, session.terminal, session.palette
        log_y = self._log_y
        self._part("loss").border_subtitle = self._about_loss()
        self._part("loss").draw(
            lambda w, h: loss_chart(series, w, h, terminal, palette, log_y=log_y)
        )
        self._part("accuracy").draw(lambda w, h: accuracy_chart(series, w, h, terminal, palette))
        if session.run is None:
            settings = session.settings
            self._part("figures").draw(lambda w, h: draft(settings, w, h, terminal, palette))
        else:
            self._part("figures").draw(lambda w, h: figures_of_run(series, w, h, terminal, palette))
        self._part("epochs").draw(lambda w, h: epoch_table(series, w, h, terminal, palette))
        self.query_one(LogView).show_log(series)

    def _about_loss(self) -> str:
        """Training minimises the smoothed loss, validation measures the plain one: say so."""
        run = self.session.run
        if run is not self._told_run:
            self._told_run, self._smoothing = run, _smoothing(run)
        return f"train: smoothing {self._smoothing:g}, epochs" if self._smoothing else "epochs"

    def _part(self, name: str) -> CellGrid:
        return self.query_one(f"#train-{name}", CellGrid)

    def action_start(self) -> None:
        """Start a run, or resume the one shown; a paused one goes on."""
        if self.session.series.state == "paused":
            self.action_pause()
        else:
            self.say(self.application.start_run())

    def action_new(self) -> None:
        """Start a new run."""
        self.say(self.application.start_run(new=True))

    def action_pause(self) -> None:
        """Pause after this step, or go on."""
        self._ask({"training": "pause", "paused": "resume"})

    def action_stop(self) -> None:
        """Stop after this step; a checkpoint is kept."""
        self._ask({"training": "stop", "paused": "stop", "starting": "stop"})

    def _ask(self, requests: dict[str, str]) -> None:
        state = self.session.series.state
        if self.session.run is None:
            self.say("there is no run yet: r starts one")
        elif state not in requests:
            self.say(f"the run is {state}: r starts or resumes")
        else:
            self.application.ask_trainer(requests[state])
            self.say(f"asked the trainer to {requests[state]}")

    def action_scale(self) -> None:
        """Loss on a linear or a logarithmic axis."""
        self._log_y = not self._log_y
        self._part("loss").border_title = "Loss (log)" if self._log_y else "Loss"
        self.show_session(self.session)

    def action_log(self) -> None:
        """Where both do not fit: the epochs or the log."""
        self.toggle_class("-log")

    def action_freeze(self) -> None:
        """Hold the display; training goes on."""
        self._frozen = not self._frozen
        self.border_subtitle = "frozen" if self._frozen else ""
        self.say("frozen: Space goes on" if self._frozen else "live")
        self.show_session(self.session)


def _smoothing(run: Run | None) -> float:
    """The label smoothing of a run's loss; 0 where it has none or does not say."""
    if run is None:
        return 0.0
    try:
        loss = parse(str(run.description().get("training", {}).get("loss", "")), Loss)
    except (CnnError, OSError):
        return 0.0
    return float(getattr(loss, "label_smoothing", 0.0))
