"""What the files of a sweep tell of it, for whoever looks on while it is driven elsewhere.

Every byte of the journal is read once. Nothing here is an error: what is damaged, half written or
gone is told in a line, and the rest is shown.
"""

from __future__ import annotations

import os
from pathlib import Path

from cnnlib.errors import CnnError, RunError
from cnnlib.runs.directory import SWEEP, Run
from cnnlib.runs.lines import LineTail
from cnnlib.runs.lock import owner
from tui.sweep.journal import FILE, Trial, decode
from tui.sweep.plan import Sweep, read_sweep
from tui.sweep.view import SweepView, TrialView

_LONGEST = 1 << 20  # bytes of a line


class SweepFollower:
    """Follows the journal of the sweep in a folder. For one thread.

    Args:
        folder: of the sweep.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tail = LineTail(folder / FILE, longest=_LONGEST)
        self._trials: dict[int, Trial] = {}
        self._began = 0.0
        self._damaged = 0
        self._unreadable = ""
        self._plan: Sweep | None = None
        self._plan_of: tuple[int, int] | None = None
        self._plan_problem = ""

    def glance(self) -> SweepView:
        """What journal, plan and lock tell; of the runs nothing. Never raises."""
        self._read_plan()
        self._read_journal()
        trials = tuple(_told(trial) for _, trial in sorted(self._trials.items()))
        state, problem = self._state(trials), self._problem()
        if not os.path.exists(self.folder / SWEEP):
            state, problem = "gone", f"{self.folder.name} is gone: its folder was deleted."
        return SweepView(self.folder, state, self._plan, trials, problem, self._began)

    def _state(self, trials: tuple[TrialView, ...]) -> str:
        found = owner(Run(self.folder))
        if found is not None and found.alive is not False:
            return "running" if found.present else "silent"
        if not trials:
            return "new"
        over = sum(view.trial.over for view in trials)
        whole = self._plan is not None and over >= max(self._plan.trials, len(trials))
        return "finished" if whole else "interrupted"

    def _read_plan(self) -> None:
        path = self.folder / SWEEP
        try:
            stat = path.stat()
        except OSError:
            return  # that it is gone is said by `glance`
        if self._plan_of == (stat.st_mtime_ns, stat.st_size):
            return
        self._plan_of = stat.st_mtime_ns, stat.st_size
        try:
            self._plan, self._plan_problem = read_sweep(path), ""
        except (CnnError, OSError) as error:
            self._plan_problem = str(error)

    def _read_journal(self) -> None:
        try:
            more = True
            while more:
                lines = self._tail.read()
                if self._tail.restarted:
                    self._trials.clear()
                    self._damaged, self._began = 0, 0.0
                for line in lines:
                    self._take(line.data)
                more = self._tail.behind
            self._unreadable = ""
        except RunError as error:
            self._unreadable = str(error)

    def _take(self, line: bytes | None) -> None:
        trial = decode(line) if line is not None else None
        if trial is None or trial.number < 0:
            self._damaged += 1
        else:
            self._began = self._began or trial.time
            self._trials[trial.number] = trial

    def _problem(self) -> str:
        told = self._unreadable or self._plan_problem
        if told:
            return told.replace(f"{self.folder}{os.sep}", "")
        if self._damaged:
            lines = "A line" if self._damaged == 1 else f"{self._damaged} lines"
            return f"{lines} of {FILE} cannot be read: put it back from a copy."
        return ""


def _told(trial: Trial) -> TrialView:
    latest = trial.values[-1] if trial.values else None
    value = trial.value if trial.value is not None else latest
    return TrialView(trial, trial.state, value, len(trial.values))


class Glances:
    """Glances at all sweeps in a directory of runs, each of which is followed. For one thread.

    Args:
        root: the directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._followers: dict[Path, SweepFollower] = {}

    def look(self) -> list[SweepView]:
        """How they stand now, by name. Never raises."""
        there = sweeps_in(self.root)
        known = self._followers
        self._followers = {path: known.get(path) or SweepFollower(path) for path in there}
        return [follower.glance() for follower in self._followers.values()]


def sweeps_in(root: Path) -> list[Path]:
    """The folders of sweeps in a directory of runs, by name; none where it cannot be read."""
    try:
        return sorted(
            each
            for each in root.iterdir()
            if not each.name.startswith(".") and os.path.isfile(each / SWEEP)
        )
    except OSError:  # whoever lists the runs says why
        return []
