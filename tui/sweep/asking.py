"""What a front end may ask of a sweep that is driven elsewhere: to stop it, or one of its trials.

A trial is stopped by the journals of commands of its runs, a sweep by one in its own folder, which
its driver reads. Both are append-only files, so it does not matter on which machine they work.
"""

from __future__ import annotations

from cnnlib.runs.commands import Stop, send
from cnnlib.runs.directory import Run
from cnnlib.runs.state import read_state
from tui.sweep.trials import Course
from tui.sweep.view import SweepView, TrialView


def why_not_stopped(view: SweepView) -> str:
    """Why a sweep cannot be asked to stop; "" where it can."""
    if view.driven:
        return ""
    if view.state == "finished":
        return f"{view.folder.name} is finished"
    return f"nobody drives {view.folder.name}: cnn-tui sweep goes on with it"


def stop_sweep(view: SweepView) -> str:
    """Ask the driver to stop; returns what is to be said.

    Raises:
        RunError: the command cannot be written.
    """
    send(Run(view.folder), Stop())
    return f"asked {view.folder.name} to stop: trials under way write a checkpoint first"


def stop_trial(trial: TrialView) -> str:
    """Ask the trainers of a trial to stop, so that it counts as pruned; returns what is to be said.

    Raises:
        RunError: a run cannot be read, or the command cannot be written.
    """
    name = f"trial {trial.number}"
    if trial.trial.over:
        return f"{name} is over: {trial.state}"
    if trial.state == "interrupted":
        return f"nobody trains {name}"
    going = [run for run in trial.runs if _goes_on(run)]
    if not going:
        return f"{name} has no run yet" if not trial.runs else f"{name} has just ended"
    for run in going:
        send(run, Stop())
    return f"asked {name} to stop: it counts as pruned then"


def _goes_on(run: Run) -> bool:
    """Whether it is not over: one that a signal stopped is gone on with, one stopped by hand not.

    Raises:
        RunError: it cannot be read.
    """
    state = read_state(run)
    if state.state != "stopped":
        return not state.ended
    course = Course(run, "accuracy")
    course.follow()
    return course.end is None
