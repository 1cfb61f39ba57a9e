"""Choosing among the runs of the runs directory, which a thread worker lists.

A mixin for panes: `list_runs_for` reads the directory and calls back with the runs that can be
shown, the newest first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on, work
from textual.message import Message

from cnnlib.errors import CnnError
from cnnlib.runs import Run, RunSummary, list_runs
from tui.panes.base import Pane
from tui.render import format as say
from tui.terminal.abilities import Terminal

Use = Callable[[Sequence[RunSummary]], None]


@dataclass
class RunsListed(Message):
    """What is in the runs directory, for whoever asked."""

    runs: Sequence[RunSummary]
    problem: str
    use: Use


class ChoosingRuns(Pane):
    """See the module."""

    def list_runs_for(self, use: Use) -> None:
        """Read the runs directory, then call `use` with what is there."""
        self._list_runs(use)

    @work(thread=True, exclusive=True, exit_on_error=False, group="choosing-runs")
    def _list_runs(self, use: Use) -> None:
        runs, problem = [], ""
        try:
            runs = [run for run in list_runs(self.session.runs_root) if run.state != "damaged"]
        except CnnError as error:
            problem = str(error)
        self.post_message(RunsListed(runs, problem, use))

    @on(RunsListed)
    def _runs_listed(self, message: RunsListed) -> None:
        message.stop()
        if message.problem:
            self.application.say(message.problem, "error")
        elif self.is_shown:
            message.use(message.runs)


def short_name(run: Run | RunSummary) -> str:
    """A run's name and the time of its start, without the day: it stands in a legend."""
    day, _, rest = run.id.partition("T")
    if not rest or day.count("-") != 2:
        return run.id
    time, name = rest[:8].replace("-", ":"), rest[9:]
    return f"{name} {time}" if name else time


def choices_of(runs: Sequence[RunSummary], terminal: Terminal) -> dict[str, str]:
    """id -> what the run is, in a few words."""
    return {
        run.id: say.plain(
            f"{say.percent(run.valid_accuracy, 2):>7}  {run.state}, {run.data}", terminal
        )
        for run in runs
    }
