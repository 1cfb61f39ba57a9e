"""Steering a training: start, pause, steps, rate, snapshots, the end.

A mixin of the Train pane. Everything that is asked of a trainer is a command in the run's
directory, and answered there by an event; nothing is done here.
"""

from __future__ import annotations

import math

from cnnlib.runs.commands import SetLearningRate
from tui.drafting.form import main_rate
from tui.following.series import RESUMABLE
from tui.panes.base import Pane
from tui.screens.ask import AskScreen
from tui.screens.choose import ChooseScreen
from tui.screens.settings_form import SettingsScreen
from tui.settings.training import Settings

WORKING = ("training", "paused")


class Steering(Pane):
    """See the module."""

    def action_start(self) -> None:
        """Start a run, or resume the one shown; a paused one goes on."""
        series = self.session.series
        if series.state == "paused":
            self.action_pause()
        elif series.state == "diverged":
            told = series.ended.message if series.ended is not None else ""
            rates = series.rates.values
            self.application.push_screen(
                AskScreen(
                    "Diverged",
                    f"{told}. At which rate shall it go on from its last good checkpoint? "
                    "(Esc, then n, starts a new run.)",
                    f"{float(rates[-1]) / 10:.3g}" if rates.size else "",
                    check=rate_problem,
                ),
                self._resume_at,
            )
        else:
            self.say(self.application.start_run())

    def _resume_at(self, answer: str | None) -> None:
        if answer is not None:
            self.say(self.application.resume_at(float(answer)))

    def action_new(self) -> None:
        """Start a new run."""
        self.say(self.application.start_run(new=True))

    def action_pause(self) -> None:
        """Pause after this step, or go on."""
        self._ask({"training": "pause", "paused": "resume"})

    def action_stop(self) -> None:
        """Stop after this step; a checkpoint is kept."""
        self._ask({"training": "stop", "paused": "stop", "starting": "stop"})

    def action_request(self, request: str) -> None:
        """Ask a trainer at work for a step, an epoch, a snapshot, an evaluation."""
        self._ask(dict.fromkeys(WORKING, request))

    def action_abandon(self) -> None:
        """End the run at once, after asking."""
        if self._may_ask(WORKING):
            answers = {
                "keep": "go on as it is",
                "abandon": "end now; what came after the last checkpoint is lost",
            }
            self.application.push_screen(
                ChooseScreen("Abandon the run?", answers),
                lambda answer: self.action_request("abandon") if answer == "abandon" else None,
            )

    def action_rate(self) -> None:
        """Ask for another learning rate of the run at work."""
        if not self._may_ask(WORKING):
            return
        rates = self.session.series.rates.values
        now = f"{float(rates[-1]):.4g}" if rates.size else ""
        self.application.push_screen(
            AskScreen(
                "Learning rate",
                "The rate of the next step; the schedule goes on in proportion.",
                now,
                check=rate_problem,
            ),
            self._set_rate,
        )

    def _set_rate(self, answer: str | None) -> None:
        if answer is not None and self._may_ask(WORKING):
            self.application.ask_trainer(SetLearningRate(float(answer)))
            self.say(f"asked the trainer to learn at {answer.strip()}")

    def action_settings(self) -> None:
        """The settings of the next run as a form."""
        session = self.session
        screen = SettingsScreen(session.settings, live=session.series.state in WORKING)
        self.application.push_screen(screen, self._take_settings)

    def _take_settings(self, settings: Settings | None) -> None:
        """The next run uses them; a new rate goes to the trainer at work too."""
        before = self.session.settings
        if settings is None or settings == before:
            return
        self.session.edit(settings)
        rate = main_rate(settings.schedule)
        if (
            rate is not None
            and rate != main_rate(before.schedule)
            and self.session.series.state in WORKING
        ):
            self.application.ask_trainer(SetLearningRate(rate))
            self.say(f"the next run uses them; asked the trainer to learn at {rate:g} now")
        else:
            self.say("the next run uses these settings: n starts it")

    def _may_ask(self, states: tuple[str, ...]) -> bool:
        state = self.session.series.state
        if self.session.run is None:
            self.say("there is no run yet: r starts one")
        elif state not in states:
            self.say(why_not(state))
        else:
            return True
        return False

    def _ask(self, requests: dict[str, str]) -> None:
        if self._may_ask(tuple(requests)):
            request = requests[self.session.series.state]
            self.application.ask_trainer(request)
            self.say(f"asked the trainer to {WORDS.get(request, request)}")


WORDS = {
    "step": "do one step",
    "epoch": "go on to the end of the epoch",
    "snapshot": "save a checkpoint",
    "evaluate": "validate now",
    "abandon": "end at once",
}


def why_not(state: str) -> str:
    """Why a run in this state obeys nothing, and what can be done."""
    if state in RESUMABLE:
        return f"the run is {state}: r resumes it" if " " not in state else f"{state}: r resumes"
    if state in ("starting", "reading", "unreadable"):
        return f"the run is {state}"
    if state == "diverged":
        return "the run has diverged: r goes on from its last good checkpoint"
    if state == "suspended":
        return "a signal holds the trainer: Run says what wakes it"
    return "the run has ended: n trains anew, with the settings of S"


def rate_problem(text: str) -> str:
    """What is wrong with a learning rate that was typed; empty: nothing."""
    try:
        value = float(text)
    except ValueError:
        return f"expected a number above 0, such as 0.003; received {text!r}"
    if not (math.isfinite(value) and value > 0):
        return f"expected a number above 0, such as 0.003; received {text}"
    return ""
