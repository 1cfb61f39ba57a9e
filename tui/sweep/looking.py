"""What the runs of a sweep tell of its trials: who is at work, how far it is, how long it took.

The runs of trials under way are followed. Those of trials that are over are read once, a few at a
look, so that a sweep of hundreds is seen at once and its times come in little by little.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cnnlib.errors import RunError
from cnnlib.runs.directory import Run
from cnnlib.runs.lock import owner
from cnnlib.runs.state import read_state
from tui.sweep.trials import Course, runs_by_trial
from tui.sweep.view import SweepView, TrialView

AT_ONCE = 16
"""Trials that are over whose runs are read at one look."""


class TrialRuns:
    """The runs in the folder of a sweep. For one thread.

    Args:
        folder: of the sweep.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._courses: dict[int, tuple[Course, ...]] = {}
        self._seconds: dict[int, float] = {}

    def look(self, view: SweepView) -> SweepView:
        """What is known of the sweep, with what its runs tell. Never raises."""
        try:
            runs = runs_by_trial(self.folder)
        except OSError as error:
            problem = view.problem or f"{self.folder}: {error.strerror or error}"
            return replace(view, problem=problem)
        room = AT_ONCE
        trials = []
        for each in view.trials:
            here = runs.get(each.number, ())
            if not each.trial.over:
                trials.append(self._under_way(each, here, view))
                continue
            if each.number not in self._seconds and room:
                room -= 1
                self._seconds[each.number] = self._seconds_of(each.number, here)
            trials.append(replace(each, seconds=self._seconds.get(each.number), runs=here))
        behind = any(each.trial.over and each.seconds is None for each in trials)
        return replace(view, trials=tuple(trials), behind=behind)

    def _under_way(self, each: TrialView, runs: tuple[Run, ...], view: SweepView) -> TrialView:
        self._seconds.pop(each.number, None)  # of a journal that was another one
        courses = self._courses.get(each.number, ())
        if tuple(course.run for course in courses) != runs:
            courses = tuple(Course(run, view.objective) for run in runs)
            self._courses[each.number] = courses
        try:
            for course in courses:
                course.follow()
        except RunError:  # when it is opened as a run, the panes say why
            return replace(each, state="interrupted", runs=runs)
        epochs = min((len(course.values) for course in courses), default=0)
        values = [value for course in courses if (value := course.values.get(epochs)) is not None]
        whole = bool(values) and len(values) == len(courses)
        return TrialView(
            each.trial,
            self._state(courses, driven=view.driven),
            sum(values) / len(values) if whole else None,
            epochs,
            sum(course.state.seconds for course in courses),
            runs,
        )

    def _state(self, courses: tuple[Course, ...], *, driven: bool) -> str:
        owners = [owner(course.run) for course in courses]
        if any(found is not None and found.present for found in owners):
            return "running"
        if not driven:
            return "interrupted"
        done = bool(courses) and all(course.end is not None for course in courses)
        return "running" if done else "queued"  # what is done is soon concluded

    def _seconds_of(self, number: int, runs: tuple[Run, ...]) -> float:
        """The time under training; 0 where a run cannot be read."""
        courses = self._courses.pop(number, ())
        try:
            for course in courses:
                course.follow()
            states = [course.state for course in courses] or [read_state(run) for run in runs]
        except RunError:
            return 0.0
        return sum(state.seconds for state in states)
