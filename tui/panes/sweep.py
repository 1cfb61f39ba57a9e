"""Sweep: the trials of a sweep in a table, and what they tell, in three pictures.

It stands in the place of the Runs pane when a sweep is opened there; Escape goes back to the list.
The pictures are seen one at a time below the table, all at once where there is room, and alone
where there is little.
"""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult

from tui.panes.sweep_table import SweepTable
from tui.render.cells import Grid
from tui.render.sweep.history import best_so_far
from tui.render.sweep.importances import importances
from tui.render.sweep.parallel import parallel, settings_shown
from tui.render.sweep.summary import problem_lines, summary_lines
from tui.session import Session
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


class SweepPane(SweepTable):
    """The table above, a picture below."""

    pane_name = "sweep"
    first_focus = "#sweep-trials"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.mode: Mode | None = None
        """The picture that is seen; None: as the height has room."""
        self.clock = False
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

    def draw(self) -> None:
        """Draw all parts that are seen."""
        view = self.view
        self.put_in_order()
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
        table.draw(self.draw_trials)
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

    def _draw_line(self, width: int, height: int) -> Grid:
        if self.view is None:
            return Grid.blank(width, height)
        return summary_lines(self.view, self.sheet(width, height))

    def _draw_history(self, width: int, height: int) -> Grid:
        if self.view is None:
            return self.nothing(width, height)
        chosen = self.chosen()
        number = chosen.number if chosen is not None else None
        return best_so_far(self.view, self.sheet(width, height), clock=self.clock, chosen=number)

    def _draw_importances(self, width: int, height: int) -> Grid:
        if self.view is None:
            return self.nothing(width, height)
        return importances(self.shares, self.missing, self.sheet(width, height))

    def _draw_parallel(self, width: int, height: int) -> Grid:
        if self.view is None:
            return self.nothing(width, height)
        chosen = self.chosen()
        number = chosen.number if chosen is not None else None
        return parallel(self.view, number, self._first_axis, self.sheet(width, height))

    # What the keys do

    def go_back(self) -> bool:
        """Escape: the list of runs again."""
        self.application.call_later(self.application.action_show_pane, "runs")
        return True

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
