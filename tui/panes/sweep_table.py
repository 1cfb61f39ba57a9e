"""The table of trials in the Sweep view: the cursor on it, and the column that sorts it.

A mixin of the view. The cursor stays on its trial when the table is sorted anew, or grows.
"""

from __future__ import annotations

from textual import on

from tui.panes.asking_sweep import AskingSweep
from tui.render.cells import Grid
from tui.render.number_tables import Sheet
from tui.render.sweep.trials import trial_table
from tui.render.tables import note, window
from tui.session import Session
from tui.sweep.ordering import arranged, columns
from tui.sweep.results import leaders
from tui.sweep.view import TrialView
from tui.widgets.cellgrid import CellGrid


class SweepTable(AskingSweep):
    """See the module; the view draws it into its part `#sweep-trials`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.by = "value"
        self.reverse = False
        self.trials: list[TrialView] = []
        """In the order in which they stand."""
        self._chosen: int | None = None
        self._first = 0

    def put_in_order(self) -> None:
        """Put the trials into the order that is wanted."""
        view = self.view
        self.trials = arranged(view, self.by, reverse=self.reverse) if view is not None else []

    def chosen(self) -> TrialView | None:
        """The trial under the cursor."""
        return self.trials[self._position()] if self.trials else None

    def _position(self) -> int:
        for i, trial in enumerate(self.trials):
            if trial.number == self._chosen:
                return i
        return 0

    def sheet(self, width: int, height: int) -> Sheet:
        """A place of this size, drawn as the session says."""
        return Sheet(width, height, self.session.terminal, self.session.palette)

    def nothing(self, width: int, height: int) -> Grid:
        """What stands there while no sweep is known."""
        none = self.session.sweep is None
        words = "No sweep is open: 7 lists them, Enter opens one." if none else "reading ..."
        return note(words, width, height, fg=self.session.palette.muted)

    def draw_trials(self, width: int, height: int) -> Grid:
        """The part of the table round the cursor."""
        view = self.view
        if view is None:
            return self.nothing(width, height)
        at = self._position()
        self._first = window(at, self._first, len(self.trials), max(height - 1, 1))
        return trial_table(
            view,
            self.trials,
            at,
            self._first,
            self.sheet(width, height),
            by=self.by,
            reverse=self.reverse,
            best=[trial.number for trial in leaders(view.ranking())],
            shown=self.session.run.id if self.session.run is not None else "",
        )

    # What the keys do

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

    @on(CellGrid.Clicked, "#sweep-trials")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        if click.y > 0:
            self._go(self._first + click.y - 1)
