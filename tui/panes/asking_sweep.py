"""What can be done with a sweep and its trials: open one as a run, stop it, stop the whole sweep.

A mixin of the Sweep view. All of it goes through files, so it does not matter who drives the sweep
and where.
"""

from __future__ import annotations

from cnnlib.errors import CnnError
from cnnlib.runs import Run
from tui.panes.sweeping import Sweeping
from tui.screens.choose import ChooseScreen
from tui.sweep import asking
from tui.sweep.view import TrialView

STOP = "Stop the sweep"
ANSWERS = {
    "go on": "nothing is stopped",
    "stop": "its trainers write a checkpoint; the same command takes it up again",
}


class AskingSweep(Sweeping):
    """See the module; the pane knows which trial is meant."""

    def chosen(self) -> TrialView | None:
        """The trial under the cursor."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Show the trial as a run in all panes; of several seeds one is chosen."""
        trial = self.chosen()
        if trial is None:
            return
        if not trial.runs:
            self.say(f"trial {trial.number} has no run")
        elif len(trial.runs) == 1:
            self._show(trial, trial.runs[0])
        else:
            runs = {run.id: run for run in trial.runs}
            title = f"Which run of trial {trial.number}?"
            screen = ChooseScreen(title, dict.fromkeys(runs, ""))
            self.application.push_screen(
                screen, lambda name: self._show(trial, runs[name]) if name is not None else None
            )

    def _show(self, trial: TrialView, run: Run) -> None:
        if not run.exists():
            self.say(f"{run.path} is gone")
            return
        self.application.show_run(run)
        self.say(f"showing trial {trial.number}: 3 its curves, 5 its scores; 7 comes back")
        self.draw()

    def action_stop(self) -> None:
        """Stop the trial under the cursor, so that it counts as pruned."""
        trial = self.chosen()
        if trial is not None:
            try:
                self.say(asking.stop_trial(trial))
            except CnnError as error:
                self.application.say(str(error), "error")

    def action_stop_all(self) -> None:
        """Stop the whole sweep; asks first."""
        view = self.view
        if view is None:
            return
        reason = asking.why_not_stopped(view)
        if reason:
            self.say(reason)
            return

        def answer(choice: str | None) -> None:
            if choice != "stop":
                return
            try:
                self.say(asking.stop_sweep(view))
            except CnnError as error:
                self.application.say(str(error), "error")

        self.application.push_screen(ChooseScreen(f"{STOP} {view.folder.name}?", ANSWERS), answer)
