"""The journal of a sweep: what became of every trial, one line when it begins, one when it is over.

Each line tells the whole trial, and the last line about a trial counts. The driver alone appends,
while it holds the lock of the folder; every line is on the disk before anything is done that builds
on it. A line that a killed driver left torn is cut off by the next; any other damage is an error,
for a trial whose settings were lost would be counted with wrong ones.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cnnlib.errors import RunError
from cnnlib.runs.files import not_written, open_regular, read_bounded, sync_folder
from tui.sweep.space import Parameters, Space, holds

FILE = "sweep.jsonl"
STATES = ("running", "finished", "pruned", "diverged", "failed")
_MOST = 1 << 30


@dataclass(frozen=True)
class Trial:
    """One choice of settings and what came of it.

    Attributes:
        number: from 0, in the order in which they were begun.
        parameters: what was chosen.
        state: one of STATES.
        runs: the names of its run directories, one a seed; () until it is over.
        value: the objective, averaged over the seeds; None where it did not finish.
        values: the objective after each epoch, averaged over the seeds.
        message: why it ended as it did, where that needs saying.
        time: of the line, seconds since 1970.
    """

    number: int
    parameters: Parameters
    state: str = "running"
    runs: tuple[str, ...] = ()
    value: float | None = None
    values: tuple[float, ...] = ()
    message: str = ""
    time: float = 0.0

    @property
    def over(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.state != "running"


def read_trials(folder: Path, space: Space | None = None) -> list[Trial]:
    """The trials of a sweep in the order of their numbers; a torn last line is passed over.

    Args:
        folder: of the sweep.
        space: what varies in it; a trial with other settings than it holds is damaged.

    Raises:
        RunError: the journal cannot be read, or a line of it is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return []
    whole, _, _ = read_bounded(path, _MOST).rpartition(b"\n")
    trials: dict[int, Trial] = {}
    for number, line in enumerate(whole.split(b"\n") if whole else [], 1):
        trial = decode(line, space)
        if trial is None or (trial.number not in trials and trial.number != len(trials)):
            raise RunError(
                f"{path}, line {number}",
                expected="what became of a trial of this sweep",
                received=line[:60].decode("utf-8", "replace"),
                advice="The line is damaged: put the journal back from a copy.",
            )
        trials[trial.number] = trial
    return list(trials.values())


class SweepJournal:
    """Appends trials; for the driver that holds the lock of the folder.

    Args:
        folder: of the sweep.

    Raises:
        RunError: the file cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            self._descriptor = open_regular(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            size = os.fstat(self._descriptor).st_size
            whole = os.pread(self._descriptor, size, 0).rfind(b"\n") + 1
            if whole < size:
                os.ftruncate(self._descriptor, whole)
            sync_folder(folder)
        except OSError as problem:
            raise not_written(self.path, problem) from problem

    def append(self, trial: Trial) -> Trial:
        """Write a trial down for good; returns it with the time of its line.

        Raises:
            RunError: the disk is full or the like; nothing may build on the trial.
        """
        trial = replace(trial, time=round(time.time(), 3))
        line = json.dumps(asdict(trial), ensure_ascii=False, allow_nan=False).encode() + b"\n"
        try:
            written = os.write(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as problem:
            raise not_written(self.path, problem) from problem
        if written < len(line):
            raise RunError(
                f"{self.path} could not be written",
                received=f"room for {written} of {len(line)} bytes",
                advice="Make room on the disk and try again.",
            )
        return trial

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def decode(line: bytes, space: Space | None = None) -> Trial | None:
    """The trial that a line tells, or None where it tells none that the space could hold."""
    try:
        body: Any = json.loads(line.decode("utf-8"))
        trial = Trial(**body)
    except (ValueError, TypeError, RecursionError):
        return None
    sound = (
        type(trial.number) is int
        and isinstance(trial.parameters, dict)
        and all(_is_value(value) for value in trial.parameters.values())
        and trial.state in STATES
        and isinstance(trial.runs, list)
        and all(_is_name(name) for name in trial.runs)
        and (_is_number(trial.value) or (trial.value is None and trial.state != "finished"))
        and isinstance(trial.values, list)
        and all(_is_number(value) for value in trial.values)
        and isinstance(trial.message, str)
        and _is_number(trial.time)
    )
    if not sound or (space is not None and not holds(space, trial.parameters)):
        return None
    return replace(trial, runs=tuple(trial.runs), values=tuple(trial.values))


def _is_value(value: Any) -> bool:
    return value is None or isinstance(value, bool | str) or _is_number(value)


def _is_number(value: Any) -> bool:
    """Whether it is a number that is finite as a float too."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max


def _is_name(name: Any) -> bool:
    """Whether it is the name of something in a folder: it leads nowhere else."""
    if not isinstance(name, str) or not name.isprintable():
        return False
    return name not in ("", ".", "..") and not set(name) & set("/\\:")
