"""Runs: every training in the runs directory, and which of them the other panes show.

A sweep is one row: Enter opens it, and its trials do not stand among the runs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from cnnlib.errors import CnnError
from cnnlib.runs import Run, RunSummary, list_runs
from tui.panes.arranging import Arranging
from tui.render import format as say
from tui.render.cells import Grid, text_width
from tui.render.number_tables import Sheet
from tui.render.run_list import run_facts, run_list
from tui.render.sweep.row import SweepRow, row_of, sweep_facts
from tui.render.tables import facts, note, window, wrap
from tui.session import Session
from tui.sweep.following import Glances
from tui.sweep.view import SweepView
from tui.widgets.cellgrid import CellGrid

SECONDS_BETWEEN_LOOKS = 3.0


class RunsPane(Arranging):
    """The list above, the run under the cursor below."""

    pane_name = "runs"
    first_focus = "#runs-list"

    @dataclass
    class Listed(Message):
        """The worker has read the directory."""

        runs: list[RunSummary]
        sweeps: list[SweepView]
        problem: str

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.runs: list[RunSummary] | None = None
        self._all: list[RunSummary] = []
        self._sweeps: dict[str, SweepView] = {}
        self._glances = Glances(session.runs_root)
        self.problem = ""
        self._chosen = ""
        self._first = 0
        self._reading = False
        self._looked = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether the directory was read."""
        return self.runs is not None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield CellGrid(id="runs-list", classes="part", can_focus=True)
            yield CellGrid(id="run", classes="part")

    def on_mount(self) -> None:
        """Look again from time to time, while the pane is seen."""
        self.set_interval(SECONDS_BETWEEN_LOOKS, self._look_again)

    # What is shown

    def show_session(self, session: Session) -> None:
        """Read the directory if that was some time ago, and draw."""
        if time.monotonic() - self._looked > SECONDS_BETWEEN_LOOKS:
            self._look()
        self.draw()

    def _look_again(self) -> None:
        if self.is_shown:
            self._look()

    def _look(self) -> None:
        if not self._reading:
            self._reading = True
            self._looked = time.monotonic()
            self._list()

    @work(thread=True, exclusive=True, exit_on_error=False, group="runs")
    def _list(self) -> None:
        runs, problem = [], ""
        try:
            runs = list_runs(self.session.runs_root)
        except CnnError as error:
            problem = str(error)
        self.post_message(self.Listed(runs, self._glances.look(), problem))

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        self._reading, self._looked = False, time.monotonic()
        self._sweeps = {view.folder.name: view for view in message.sweeps}
        self._all = [*map(row_of, message.sweeps), *message.runs]
        self.problem = message.problem
        self.runs = self.arranged(self._all)
        self._tell_name()
        if self.is_shown:
            self.draw()

    def _tell_name(self) -> None:
        """The name of the run that is shown may be another one by now."""
        shown = self.session.run
        for run in self._all:
            if shown is not None and run.id == shown.id and run.state != "damaged":
                self.session.run_name = run.name

    def chosen_run(self) -> RunSummary | None:
        """The run under the cursor."""
        return self.runs[self._position()] if self.runs else None

    def relist(self) -> None:
        """Draw the list as it is wanted now, and read the directory again."""
        self.runs = self.arranged(self._all)
        self.draw()
        self._look()

    def _position(self) -> int:
        wanted = self._chosen or (self.session.run.id if self.session.run is not None else "")
        for i, run in enumerate(self.runs or []):
            if run.id == wanted:
                return i
        return 0

    def draw(self) -> None:
        """Draw the list and the run under the cursor."""
        box, detail = self.query_one("#runs-list", CellGrid), self.query_one("#run", CellGrid)
        runs = self.runs or []
        box.border_title = self._where(self.app.size.width - 8)
        told = [self.arrangement(), *self._counted(runs)]
        box.border_subtitle = "  ".join(filter(None, told))
        box.draw(self._draw_list)
        chosen = runs[self._position()] if runs else None
        detail.border_title = chosen.id if chosen else ""
        detail.draw(lambda width, height: self._draw_run(chosen, width, height))

    def _counted(self, runs: list[RunSummary]) -> list[str]:
        """How many there are of each kind."""
        sweeps = sum(isinstance(run, SweepRow) for run in runs)
        kinds = ((sweeps, "sweep"), (len(runs) - sweeps, "run"))
        return [say.plural(count, noun) for count, noun in kinds if count]

    def _where(self, room: int) -> str:
        """The directory of the runs; of a long name the end."""
        title = f"runs in {self.session.runs_root}"
        return title if text_width(title) <= room else f"runs in ..{title[10 - room :]}"

    def _draw_list(self, width: int, height: int) -> Grid:
        session = self.session
        if not self.runs:
            return note(self._missing(), width, height, fg=session.palette.muted)
        at = self._position()
        self._first = window(at, self._first, len(self.runs), max(height - 1, 1))
        marks = [self._mark(run, session.run) for run in self.runs]
        sheet = Sheet(width, height, session.terminal, session.palette)
        return run_list(self.runs, marks, at, self._first, sheet)

    def _mark(self, run: RunSummary, shown: Run | None) -> str:
        """The run that is shown has a star, one whose curves are drawn beside it a plus."""
        if shown is not None and shown.path == run.path:
            return "*"
        return "+" if self.session.is_compared(Run(run.path)) else " "

    def _missing(self) -> str:
        if self.problem:
            return self.problem
        if self.runs is None:
            return "reading..."
        if self._all:
            return f"No run has all of these words: {self.words}. Esc lists all."
        return f"No run in {self.session.runs_root} yet. r in pane 3 starts one."

    def _draw_run(self, run: RunSummary | None, width: int, height: int) -> Grid:
        session = self.session
        if run is None:
            return Grid.blank(width, height)
        sheet = Sheet(width, height, session.terminal, session.palette)
        if isinstance(run, SweepRow):
            told = sweep_facts(self._sweeps[run.id], sheet)
            return facts(told, width, height, session.terminal, palette=session.palette)
        if run.state == "damaged":
            lines = wrap(run.note, width)
            return Grid.of("\n".join(lines[:height]) or " ", session.palette.bad)
        return facts(
            run_facts(run, sheet), width, height, session.terminal, palette=session.palette
        )

    # What the keys do

    def _go(self, position: int) -> None:
        if self.runs:
            self._chosen = self.runs[max(0, min(position, len(self.runs) - 1))].id
            self.draw()

    def action_step(self, step: int) -> None:
        """Another run."""
        self._go(self._position() + step)

    def action_first(self) -> None:
        """The newest run."""
        self._go(0)

    def action_last(self) -> None:
        """The oldest run."""
        self._go(len(self.runs or []) - 1)

    def action_compare(self) -> None:
        """Draw the curves of this run beside those of the one that is shown, or no longer."""
        if not self.runs:
            return
        chosen, shown = self.runs[self._position()], self.session.run
        if isinstance(chosen, SweepRow):
            self.say(f"{chosen.id} is a sweep: Enter opens it")
        elif chosen.state == "damaged":
            self.say(f"{chosen.id} cannot be read: {chosen.note}")
        elif shown is not None and shown.path == chosen.path:
            self.say(f"{chosen.id} is the run that is shown: mark another one")
        elif self.session.compare(Run(chosen.path)):
            self.say(f"3 draws the curves of {chosen.id} too")
        else:
            self.say(f"the curves of {chosen.id} are drawn no longer")
        self.draw()

    def action_reload(self) -> None:
        """Read the directory again."""
        self._look()

    async def action_open(self) -> None:
        """Show this run in all panes, with its data; of a sweep its trials."""
        if not self.runs:
            return
        chosen = self.runs[self._position()]
        if isinstance(chosen, SweepRow):
            self.session.sweep = chosen.path
            await self.application.show_place("sweep")
            return
        if chosen.state == "damaged":
            self.say(f"{chosen.id} cannot be opened: {chosen.note}")
            return
        self.application.show_run(Run(chosen.path))
        self.say(f"showing {chosen.id}: 3 its curves, 5 its scores, 6 its mistakes")
        self.draw()

    @on(CellGrid.Clicked, "#runs-list")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        if click.y > 0:
            self._go(self._first + click.y - 1)
