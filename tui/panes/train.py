"""Train: watch a run and steer it: curves of it and of others, figures, epochs, log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult

from cnnlib.runs import Run, RunSummary
from tui.experiment.loading import label_smoothing
from tui.panes.comparing import ChoosingRuns, choices_of, short_name
from tui.panes.steering import Steering
from tui.render.axes import Limits
from tui.render.cells import Grid
from tui.render.chart_view import View
from tui.render.curves import Metric, Track, curves, reading, whole_of
from tui.render.format import number
from tui.render.training import draft, epoch_table, figures_of_run
from tui.screens.mark import MarkScreen
from tui.session import Session
from tui.widgets.cellgrid import CellGrid
from tui.widgets.logview import LogView

if TYPE_CHECKING:
    from tui.following.series import Series

PARTS = (
    ("train-loss", "Loss"),
    ("train-accuracy", "Accuracy"),
    ("train-figures", "Run"),
    ("train-epochs", "Epochs"),
)


class TrainPane(Steering, ChoosingRuns):
    """See the module."""

    pane_name: ClassVar[str] = "train"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.view = View()
        self._frozen = False
        self._frozen_run: Run | None = None
        self._told_run: Run | None = None
        self._smoothing = 0.0

    def compose(self) -> ComposeResult:
        """Two charts above; figures, epochs and log below."""
        for part, title in PARTS:
            grid = CellGrid(id=part, classes="part")
            grid.border_title = title
            yield grid
        log = LogView(id="train-log", classes="part")
        log.border_title = "Log"
        yield log

    # What is shown

    def show_session(self, session: Session) -> None:
        """Draw the run that is shown, or what the next one will do."""
        if self._frozen and session.run is self._frozen_run:
            return
        self._mark_frozen(False)
        series, terminal, palette = session.series, session.terminal, session.palette
        self._draw_charts()
        if session.run is None:
            settings = session.settings
            self._part("figures").draw(lambda w, h: draft(settings, w, h, terminal, palette))
        else:
            self._part("figures").draw(lambda w, h: figures_of_run(series, w, h, terminal, palette))
        self._part("epochs").draw(lambda w, h: epoch_table(series, w, h, terminal, palette))
        self.query_one(LogView).show_log(series)

    def _draw_charts(self) -> None:
        tracks, view = self._tracks(), self.view
        smooth = f", mean of {view.smoothing:g} epoch" if view.smoothing else ""
        loss, accuracy = self._part("loss"), self._part("accuracy")
        loss.border_title = f"Loss{' (log)' if view.log_y else ''}{smooth}"
        accuracy.border_title = f"Accuracy{smooth}"
        loss.border_subtitle = self._read("loss") or self._about_loss()
        accuracy.border_subtitle = self._read("accuracy") or self._about_window()
        loss.draw(lambda w, h: self._curves("loss", tracks, w, h))
        accuracy.draw(lambda w, h: self._curves("accuracy", tracks, w, h))

    def _read(self, metric: Metric) -> str:
        cursor = self.view.cursor
        return reading(self.session.series, cursor, metric) if cursor is not None else ""

    def _curves(self, metric: Metric, tracks: Sequence[Track], width: int, height: int) -> Grid:
        session = self.session
        return curves(metric, tracks, self.view, width, height, session.terminal, session.palette)

    def _tracks(self) -> list[Track]:
        """The run that is shown and those beside it."""
        others = [Track(short_name(run), series) for run, series in self.session.compared]
        shown = self.session.run
        name = short_name(shown) if shown is not None and others else ""
        return [Track(name, self.session.series), *others]

    def _about_loss(self) -> str:
        """Training minimises the smoothed loss, validation measures the plain one: say so."""
        run = self.session.run
        if run is not self._told_run:
            self._told_run = run
            self._smoothing = label_smoothing(run) if run is not None else 0.0
        return f"train: smoothing {self._smoothing:g}, epochs" if self._smoothing else "epochs"

    def _about_window(self) -> str:
        if self.view.window is None:
            return "epochs"
        low, high = self.view.shown(self._whole)
        return f"epochs {number(low, 2)} to {number(high, 2)}, 0 shows all"

    def _part(self, name: str) -> CellGrid:
        return self.query_one(f"#train-{name}", CellGrid)

    # Looking closer

    @property
    def _whole(self) -> Limits:
        return whole_of(self._tracks())

    @property
    def _done(self) -> float:
        """The epochs that the longest of the runs has done."""
        return max(_epochs_done(track.series) for track in self._tracks())

    @property
    def _per_epoch(self) -> float:
        started = self.session.series.started
        return float(started.steps_per_epoch) if started is not None else 1.0

    def _look(self, view: View) -> None:
        self.view = view
        self._draw_charts()

    def action_cursor(self, columns: int) -> None:
        """Move the place where values are read off, by columns of the chart."""
        if self._done <= 0:
            self.say("there are no steps to read yet")
            return
        width = max(8, self._part("loss").content_size.width - 6)
        step = 1.0 / self._per_epoch
        self._look(self.view.moved(columns, width, self._whole, self._done, step))

    def action_zoom(self, factor: float) -> None:
        """Closer or farther, about the cursor or the newest step."""
        self._look(self.view.zoomed(factor, self._whole, self._done, self._per_epoch))

    def action_pan(self, share: float) -> None:
        """Move what is shown, by a share of it."""
        if self.view.window is None:
            self.say("all epochs are shown: + looks closer")
        self._look(self.view.panned(share, self._whole))

    def action_whole(self) -> None:
        """All epochs again, and the axis follows the run."""
        self._look(replace(self.view, window=None))

    def action_smooth(self) -> None:
        """Training curves as means of a part of an epoch."""
        self._look(self.view.smoother())

    def action_scale(self) -> None:
        """Loss on a linear or a logarithmic axis."""
        self._look(replace(self.view, log_y=not self.view.log_y))

    def go_back(self) -> bool:
        """Escape takes the cursor away, then the zoom."""
        if self.view.cursor is not None:
            self._look(replace(self.view, cursor=None))
        elif self.view.window is not None:
            self.action_whole()
        else:
            return False
        return True

    @on(CellGrid.Clicked, "#train-loss")
    @on(CellGrid.Clicked, "#train-accuracy")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        """The cursor goes where the mouse was pressed."""
        if self._done > 0:
            low, high = self.view.shown(self._whole)
            left = 6  # about what the numbers of the axis take
            share = (click.x - left) / max(1, click.grid.content_size.width - left - 1)
            cursor = min(max(low + share * (high - low), 1.0 / self._per_epoch), self._done)
            self._look(replace(self.view, cursor=cursor))

    # Other runs

    def action_compare(self) -> None:
        """Choose runs whose curves are drawn beside this one's."""
        self.list_runs_for(self._choose_compared)

    def _choose_compared(self, runs: Sequence[RunSummary]) -> None:
        shown = self.session.run
        others = {run.id: run for run in runs if shown is None or run.path != shown.path}
        if not others:
            self.say("there is no other run to compare with")
            return

        def toggle(name: str) -> None:
            self.session.compare(Run(others[name].path))
            self._draw_charts()

        self.application.push_screen(
            MarkScreen(
                "Compare with",
                choices_of(list(others.values()), self.session.terminal),
                lambda name: self.session.is_compared(Run(others[name].path)),
                toggle,
            )
        )

    # The rest of the display

    def action_log(self) -> None:
        """Where both do not fit: the epochs or the log."""
        self.toggle_class("-log")

    def action_freeze(self) -> None:
        """Hold the display, until Space or another run; training goes on."""
        self._frozen_run = self.session.run
        self._mark_frozen(not self._frozen)
        self.say("frozen: Space goes on" if self._frozen else "live")
        self.show_session(self.session)

    def _mark_frozen(self, frozen: bool) -> None:
        """The frame says so as long as it lasts."""
        self._frozen = frozen
        self.set_class(frozen, "-frozen")
        self._part("figures").border_title = "Run, FROZEN: Space goes on" if frozen else "Run"


def _epochs_done(series: Series) -> float:
    return series.step / series.started.steps_per_epoch if series.started is not None else 0.0
