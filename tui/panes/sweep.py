"""Sweep: the trials of a sweep in a table, and what they tell, in three pictures.

It stands in the place of the Runs pane when a sweep is opened there; Escape goes back to the list.
The pictures are seen one at a time below the table, all at once where there is room, and alone
where there is little.
"""

from __future__ import annotations

from typing import Literal

from textual import on
from textual.app import ComposeResult

from tui.panes.asking_sweep import AskingSweep
from tui.render.cells import Grid
from tui.render.number_tables import Sheet
from tui.render.sweep.history import best_so_far
from tui.render.sweep.importances import importances
from tui.render.sweep.parallel import parallel, settings_shown
from tui.render.sweep.summary import problem_lines, summary_lines
from tui.render.sweep.trials import trial_table
from tui.render.tables import note, window
from tui.session import Session
from tui.sweep.ordering import arranged, columns
from tui.sweep.results import leaders
from tui.sweep.view import TrialView
from tui.widgets.cellgrid import CellGrid

Mode = Literal["history", "importances", "parallel", "trials"]
MODES: tuple[Mode, ...] = ("history", "importances", "parallel", "trials")
TITLES = {
    "history": "best so far",
    "importances": "importances",
    "parallel": "parallel coordinates",
    "trials": "the table alone",
}
LOW = 24
"""Rows below which a picture has no room beside the table."""


class SweepPane(AskingSweep):
    """The table above, a picture below."""

    pane_name = "sweep"
    first_focus = "#sweep-trials"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.mode: Mode | None = None
        """The picture that is seen; None: as the height has room."""
        self.by = "value"
        self.reverse = False
        self.clock = False
        self.trials: list[TrialView] = []
        """In the order in which they stand."""
        self._chosen: int | None = None
        self._first = 0
        self._first_axis = 0

    @property
    def is_ready(self) -> bool:
        """Whether the sweep was read."""
        return self.view is not None or self.session.sweep is None

    def compose(self) -> ComposeResult:
        yield CellGrid(id="sweep-line")
        yield CellGrid(id="sweep-trials", classes="part", can_focus=True)
        for mode in MODES[:-1]:
            yield CellGrid(id=f"sweep-{mode}", classes="part picture")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Follow the sweep that was opened, and draw."""
        if session.sweep is not None:
            self.follow(session.sweep)
        self.draw()

    def on_resize(self) -> None:
        """What is seen may be another picture now."""
        self.draw()

    @property
    def all_are_shown(self) -> bool:
        """Whether there is room for every picture."""
        return self.screen.has_class("-wide") and self.screen.has_class("-high")

    def chosen(self) -> TrialView | None:
        """The trial under the cursor."""
        return self.trials[self._position()] if self.trials else None

    def _position(self) -> int:
        for i, trial in enumerate(self.trials):
            if trial.number == self._chosen:
                return i
        return 0

    def draw(self) -> None:
        """Draw all parts that are seen."""
        view = self.view
        self.trials = arranged(view, self.by, reverse=self.reverse) if view is not None else []
        mode = self.mode or ("trials" if self.app.size.height < LOW else "history")
        for each in MODES:
            self.set_class(each == mode, f"-{each}")
        if self.all_are_shown or mode == "importances":
            self.weigh()
        line = self.query_one("#sweep-line", CellGrid)
        problems = len(problem_lines(view, self.size.width)) if view is not None else 0
        line.styles.height = 1 + problems
        line.draw(self._draw_line)
        table = self.query_one("#sweep-trials", CellGrid)
        table.border_title = f"sweep {view.folder.name}" if view is not None else "sweep"
        table.border_subtitle = f"by {self.by.removeprefix('=')}  s next  S the other way round"
        table.draw(self._draw_trials)
        drawn = {
            "history": self._draw_history,
            "importances": self._draw_importances,
            "parallel": self._draw_parallel,
        }
        following = MODES[(MODES.index(mode) + 1) % len(MODES)]
        for name, renderer in drawn.items():
            part = self.query_one(f"#sweep-{name}", CellGrid)
            part.border_title = TITLES[name]
            part.border_subtitle = "" if self.all_are_shown else f"m {TITLES[following]}"
            part.draw(renderer)

    def _sheet(self, width: int, height: int) -> Sheet:
        return Sheet(width, height, self.session.terminal, self.session.palette)

    def _missing(self, width: int, height: int) -> Grid:
        none = self.session.sweep is None
        words = "No sweep is open: 7 lists them, Enter opens one." if none else "reading ..."
        return note(words, width, height, fg=self.session.palette.muted)

    def _draw_line(self, width: int, height: int) -> Grid:
        if self.view is None:
            return Grid.blank(width, height)
        return summary_lines(self.view, self._sheet(width, height))

    def _draw_trials(self, width: int, height: int) -> Grid:
        view = self.view
        if view is None:
            return self._missing(width, height)
        at = self._position()
        self._first = window(at, self._first, len(self.trials), max(height - 1, 1))
        return trial_table(
            view,
            self.trials,
            at,
            self._first,
            self._sheet(width, height),
            by=self.by,
            reverse=self.reverse,
            best=[trial.number for trial in leaders(view.ranking())],
            shown=self.session.run.id if self.session.run is not None else "",
        )

    def _draw_history(self, width: int, height: int) -> Grid:
        if self.view is None:
            return self._missing(width, height)
        chosen = self.chosen()
        number = chosen.number if chosen is not None else None
        return best_so_far(self.view, self._sheet(width, height), clock=self.clock, chosen=number)

    def _draw_importances(self, width: int, height: int) -> Grid:
        if self.view is None:
            return self._missing(width, height)
        return importances(self.shares, self.missing, self._sheet(width, height))

    def _draw_parallel(self, width: int, height: int) -> Grid:
        if self.view is None:
            return self._missing(width, height)
        chosen = self.chosen()
        number = chosen.number if chosen is not None else None
        return parallel(self.view, number, self._first_axis, self._sheet(width, height))

    # What the keys do

    def go_back(self) -> bool:
        """Escape: the list of runs again."""
        self.application.call_later(self.application.action_show_pane, "runs")
        return True

    def _go(self, position: int) -> None:
        if self.trials:
            self._chosen = self.trials[max(0, min(position, len(self.trials) - 1))].number
            self.draw()

    def action_step(self, step: int) -> None:
        """Another trial."""
        self._go(self._position() + step)

    def action_page(self, step: int) -> None:
        """A page on or back."""
        rows = max(self.query_one("#sweep-trials", CellGrid).content_size.height - 1, 1)
        self._go(self._position() + step * rows)

    def action_first(self) -> None:
        """The first trial of the table."""
        self._go(0)

    def action_last(self) -> None:
        """The last trial of the table."""
        self._go(len(self.trials) - 1)

    def action_sort(self, step: int) -> None:
        """By the next column, or by the one before."""
        if self.view is None:
            return
        names = columns(self.view)
        at = names.index(self.by) if self.by in names else 0
        self.by, self.reverse = names[(at + step) % len(names)], False
        self.say(f"by {self.by.removeprefix('=')}")
        self.draw()

    def action_reverse(self) -> None:
        """The other way round."""
        self.reverse = not self.reverse
        self.draw()

    def action_view(self) -> None:
        """The next picture, then the table alone."""
        if self.all_are_shown:
            self.say("all pictures are shown here")
            return
        shown = next(mode for mode in MODES if self.has_class(f"-{mode}"))
        self.mode = MODES[(MODES.index(shown) + 1) % len(MODES)]
        self.say(TITLES[self.mode])
        self.draw()

    def action_clock(self) -> None:
        """The best so far over the time, or over the trials."""
        self.clock = not self.clock
        self.say("over the time" if self.clock else "over the trials")
        self.draw()

    def action_axes(self, step: int) -> None:
        """Other settings on the parallel coordinates, where not all find room."""
        names = self.view.names if self.view is not None else []
        width = self.query_one("#sweep-parallel", CellGrid).content_size.width
        hidden = len(names) - settings_shown(len(names), width)
        if hidden <= 0:
            self.say("all settings are drawn")
        self._first_axis = max(0, min(self._first_axis + step, hidden))
        self.draw()

    @on(CellGrid.Clicked, "#sweep-trials")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        if click.y > 0:
            self._go(self._first + click.y - 1)
