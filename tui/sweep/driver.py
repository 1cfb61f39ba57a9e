"""The driver of a sweep: asks for settings, makes runs, follows them, ends the hopeless ones.

It keeps nothing that the folder does not tell. Every decision is in the sweep's journal before it
has an effect: a trial is written down before its runs are made, and a trial that is pruned before
its trainer is told to stop. So a driver that is killed anywhere can be begun anew with the same
command, and goes on where the files stand.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

from cnnlib.errors import RunError, SpecificationError
from cnnlib.runs.commands import CommandReader, Request, Stop, send
from cnnlib.runs.directory import Run
from cnnlib.runs.lock import RunLock, owner
from data.errors import DataError
from tui.sweep.crew import Crew, Task
from tui.sweep.journal import SweepJournal, Trial, read_trials
from tui.sweep.plan import Sweep
from tui.sweep.study import Study
from tui.sweep.trials import Course, RunMaker

POLL_SECONDS = 0.2
MOST_ATTEMPTS = 5  # times that a run is given to a worker
Tell = Callable[[Trial], None]


class SweepStopped(Exception):
    """The command to stop stands in the folder of the sweep."""


@contextlib.contextmanager
def driving(folder: Path) -> Iterator[RunLock]:
    """The right to drive the sweep in this folder.

    Raises:
        RunError: another driver has it.
    """
    lock = RunLock(Run(folder))
    try:
        lock.acquire()
    except RunError as error:
        raise RunError(
            f"the sweep {folder.name}",
            expected="to be its only driver",
            received=error.received,
            advice="Let that one go on, or stop it first.",
        ) from error
    try:
        yield lock
    finally:
        lock.release()


def require_free(folder: Path) -> None:
    """See that nobody drives the sweep in this folder.

    Raises:
        RunError: somebody does.
    """
    found = owner(Run(folder))
    if found is not None and found.present:
        with driving(folder):
            return


@dataclass
class Going:
    """A trial under way."""

    trial: Trial
    courses: tuple[Course, ...]
    tasks: dict[str, Task] = field(default_factory=dict)  # by the name of the run
    attempts: dict[str, int] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)
    reported: int = 0  # epochs of which the study knows


class Driver:
    """Drives one sweep to its end.

    Args:
        sweep: what it is asked to do.
        folder: its folder.
        lock: of the folder, held.
        crew: who does the work.
        tell: is given every trial as it begins and as it is over.
    """

    def __init__(
        self, sweep: Sweep, folder: Path, lock: RunLock, crew: Crew, tell: Tell = lambda trial: None
    ) -> None:
        self._commands = CommandReader(Run(folder).commands_path)
        while self._commands.poll():
            pass  # asked of a driver before; what comes while all else is read is for this one
        self.sweep = sweep
        self.folder = folder
        self.trials = read_trials(folder, sweep.space)
        self.study = Study(sweep, self.trials)
        self._lock = lock
        self._crew = crew
        self._tell = tell
        self._journal = SweepJournal(folder)
        self._maker = RunMaker(sweep, folder)
        self._going: list[Going] = []

    def drive(self) -> list[Trial]:
        """Carry out what is left; returns all trials.

        Raises:
            SweepStopped: a front end asked for it.
            CrewLost: the scheduler is gone.
            RunError: a file cannot be written, or the lock was taken over.
        """
        try:
            self._take_up()
            while self._going or len(self.trials) < self.sweep.trials:
                self._lock.heartbeat()
                self._obey()
                self._top_up()
                for going in list(self._going):
                    self._follow(going)
                time.sleep(POLL_SECONDS)
        finally:
            self._journal.close()
        return self.trials

    def _obey(self) -> None:
        """Of the commands that a run takes, a sweep knows one."""
        for request in self._commands.poll():
            if isinstance(request, Request) and request.command == Stop():
                raise SweepStopped

    def _take_up(self) -> None:
        """Go on with what a driver before left under way, and stop what it had given up."""
        for trial in list(self.trials):
            if trial.state == "running":
                self._begin(trial)
            elif trial.state == "pruned":
                for run in (Run(self.folder / name) for name in trial.runs):
                    found = owner(run)
                    if found is not None and found.present:
                        send(run, Stop())

    def _top_up(self) -> None:
        free = self._crew.slots() - sum(len(going.tasks) for going in self._going)
        while free > 0 and len(self.trials) < self.sweep.trials:
            number = len(self.trials)
            trial = self._journal.append(Trial(number, self.study.ask(number)))
            self.trials.append(trial)
            self._tell(trial)
            self._begin(trial)
            free -= len(self.sweep.seeds)

    def _begin(self, trial: Trial) -> None:
        """Make the runs of a trial, as far as they are not there, and give them to workers."""
        try:
            runs = self._maker.make(trial.number, trial.parameters)
        except (SpecificationError, DataError) as error:
            self._conclude(replace(trial, state="failed", message=str(error)))
            return
        going = Going(trial, tuple(Course(run, self.sweep.objective) for run in runs))
        self._going.append(going)
        for course in going.courses:
            course.follow()
            if course.end is None:
                self._submit(going, course)

    def _submit(self, going: Going, course: Course) -> None:
        name = course.run.id
        going.attempts[name] = going.attempts.get(name, 0) + 1
        going.tasks[name] = self._crew.submit(course.run, self.folder)

    def _follow(self, going: Going) -> None:
        """See how far a trial is; prune it, go on with it, or conclude it."""
        for course in going.courses:
            task = going.tasks.get(course.run.id)
            done = task is not None and task.over  # asked first: what is read next is the last
            course.follow()
            if done and task is not None:
                self._hand_back(going, course, task)
        self._report(going)
        if going.tasks:
            return
        self._going.remove(going)
        if not going.trial.over:
            self._conclude(self._outcome(going))

    def _hand_back(self, going: Going, course: Course, task: Task) -> None:
        """A worker is done with a run: it is over, or somebody else must go on with it."""
        name = course.run.id
        del going.tasks[name]
        if course.end is not None or going.trial.over:
            return
        complaint = task.complaint()
        if going.attempts[name] >= MOST_ATTEMPTS:
            going.complaints[name] = complaint or "no worker brought it to its end"
        else:
            self._submit(going, course)

    def _report(self, going: Going) -> None:
        """Tell the study of every epoch that all seeds have done; it may give the trial up."""
        while not going.trial.over:
            epoch = going.reported + 1
            values = [course.values.get(epoch) for course in going.courses]
            known = [value for value in values if value is not None]
            if len(known) < len(values):
                return
            going.reported = epoch
            hopeless = self.study.report(going.trial.number, epoch, fmean(known))
            if hopeless and epoch < self._epochs(going):
                going.trial = self._told(going, "pruned", f"after epoch {epoch}")
                self._conclude(going.trial)
                for course in going.courses:
                    if course.end is None:  # and where it just died: obeyed when it is resumed
                        send(course.run, Stop())

    def _epochs(self, going: Going) -> int:
        epochs = going.trial.parameters.get("epochs", self.sweep.settings.epochs)
        return epochs if isinstance(epochs, int) else self.sweep.most_epochs

    def _outcome(self, going: Going) -> Trial:
        """How a trial ended: as the worst of its runs."""
        ends = {course.run.id: course.end for course in going.courses}
        for state in ("failed", "diverged", "pruned"):
            for name, end in ends.items():
                if end is None and state == "failed":
                    return self._told(going, "failed", going.complaints.get(name, ""))
                if end is not None and end.state == state:
                    return self._told(going, state, end.message)
        best = [value for course in going.courses if (value := course.best()) is not None]
        return replace(self._told(going, "finished"), value=fmean(best))

    def _told(self, going: Going, state: str, message: str = "") -> Trial:
        return replace(
            going.trial,
            state=state,
            message=message,
            runs=tuple(course.run.id for course in going.courses),
            values=tuple(
                fmean(course.values[epoch] for course in going.courses)
                for epoch in range(1, going.reported + 1)
            ),
        )

    def _conclude(self, trial: Trial) -> None:
        """Write down that a trial is over, then say so."""
        trial = self._journal.append(trial)
        self.trials[trial.number] = trial
        self.study.tell(trial)
        self._tell(trial)
