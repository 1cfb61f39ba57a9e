"""What can be asked about a network that is typed: how it differs from a run's, how fast it is.

A mixin of the Model pane, which owns the editor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual import on, work
from textual.message import Message

from cnnlib.checking import Check
from cnnlib.errors import CnnError
from cnnlib.runs import Run, RunSummary
from tui.experiment.timing import Timing, measure_apart
from tui.panes.comparing import ChoosingRuns, choices_of
from tui.render import format as say
from tui.render.diff import changes, network_diff
from tui.screens.choose import ChooseScreen
from tui.screens.sheet import SheetScreen
from tui.session import Session
from tui.settings.training import Settings


@dataclass
class Timed(Message):
    """An epoch was predicted, or it could not be."""

    settings: Settings
    timing: Timing | None
    problem: str = ""


class NetworkTools(ChoosingRuns):
    """See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._timings: dict[Settings, Timing] = {}
        self._measuring: Settings | None = None

    @property
    def text(self) -> str:
        """The text in the editor."""
        raise NotImplementedError

    def check_text(self, text: str) -> Check:
        """Check a text for the images of the data set."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw the pane anew."""
        raise NotImplementedError

    # Another run's network

    def action_diff(self) -> None:
        """Compare with the network of a run."""
        self.list_runs_for(self._choose_run)

    def _choose_run(self, runs: Sequence[RunSummary]) -> None:
        if not runs:
            self.say("there is no run yet whose network could be compared")
            return
        paths = {run.id: run.path for run in runs}
        self.application.push_screen(
            ChooseScreen("Compare with the network of", choices_of(runs, self.session.terminal)),
            lambda name: self._show_diff(Run(paths[name])) if name is not None else None,
        )

    def _show_diff(self, run: Run) -> None:
        try:
            theirs = str(run.description()["model"]["architecture"])
        except (CnnError, OSError, KeyError) as error:
            self.application.say(f"{run.id}: {error}", "error")
            return
        mine = self.text
        found, session = changes(theirs, mine), self.session
        first, second = self.check_text(theirs), self.check_text(mine)
        names = (run.id, "in the editor")
        same = all(change.sign == " " for change in found)
        title = "The same network" if same else "- the run's, + the editor's"
        self.application.push_screen(
            SheetScreen(
                title,
                lambda width: network_diff(
                    found, first, second, names, width, session.terminal, session.palette
                ),
            )
        )

    # How long an epoch takes here

    @property
    def _asked(self) -> Settings:
        """The settings of the next run, with what is in the editor."""
        return replace(self.session.settings, architecture=self.text)

    def action_time(self) -> None:
        """Measure how long an epoch of this network takes on this machine."""
        if not self.check_text(self.text).ok:
            self.say("the network has mistakes: an epoch can be timed when there are none")
        elif self.session.series.is_live:
            self.say("a run is training: measuring would slow it, and it the measurement")
        elif self._measuring is None:
            self._measuring = self._asked
            self.draw()
            self._time(self._measuring)

    @work(thread=True, exclusive=True, exit_on_error=False, group="timing")
    def _time(self, settings: Settings) -> None:
        try:
            self.post_message(Timed(settings, measure_apart(settings.to_description())))
        except (OSError, ValueError, TimeoutError) as error:
            self.post_message(Timed(settings, None, str(error)))

    @on(Timed)
    def _timed(self, message: Timed) -> None:
        message.stop()
        self._measuring = None
        if message.timing is not None:
            self._timings[message.settings] = message.timing
        else:
            self.application.say(message.problem, "error")
        self.draw()

    def about_time(self) -> str:
        """What is known of the time an epoch takes."""
        if self._measuring is not None:
            return "measuring an epoch ..."
        timing = self._timings.get(self._asked)
        if timing is None:
            return "T measures the time of an epoch"
        whole = timing.epoch_seconds * self.session.settings.epochs
        return (
            f"an epoch takes about {seconds(timing.epoch_seconds)} here, "
            f"{say.plural(self.session.settings.epochs, 'epoch')} {seconds(whole)}"
        )


def seconds(value: float) -> str:
    """A time: short ones with a decimal."""
    return (
        f"{value:.2f} s" if value < 10 else f"{value:.0f} s" if value < 100 else say.duration(value)
    )
