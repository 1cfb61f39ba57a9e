"""The runs of a trial: made once, found again, followed epoch by epoch.

A run directory is found by its number, so that a driver which was killed between making a run and
writing that down neither loses it nor makes another.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnnlib.events import CommandDone, EpochEnded, Record, RunEnded, RunStarted
from cnnlib.runs.directory import Run
from cnnlib.runs.reading import JournalReader
from cnnlib.runs.state import RunState

if TYPE_CHECKING:
    from data import Dataset
    from tui.settings.training import Settings
    from tui.sweep.plan import Sweep
    from tui.sweep.space import Parameters

_NAME = re.compile(r"-trial-(\d{4,9})(?:-seed-(\d{1,18}))?$")
_BY_HAND = ("Stop", "Abandon")


class End(NamedTuple):
    """How a run is over, in the words of a sweep, and why."""

    state: Literal["finished", "pruned", "diverged", "failed"]
    message: str = ""


class Course:
    """What one run of a trial has come to; reads only what is new.

    Attributes:
        run: the run.
        values: the objective after each epoch, by the epoch's number.
        end: how it is over, or None.
        state: where it stands.
    """

    def __init__(self, run: Run, objective: str) -> None:
        self.run = run
        self.values: dict[int, float] = {}
        self.end: End | None = None
        self.state = RunState()
        self._loss = objective == "loss"
        self._reader = JournalReader(run.journal_path)
        self._asked = ""

    def follow(self) -> None:
        """Read on.

        Raises:
            RunError: the journal cannot be read.
        """
        records = self._reader.read_all()
        if self._reader.restarted:
            self.values.clear()
            self.state = RunState()
            self.end, self._asked = None, ""
        for record in records:
            self._add(record)

    def best(self) -> float | None:
        """The best value of any epoch: what the weights that are kept came to."""
        return (min if self._loss else max)(self.values.values(), default=None)

    def _add(self, record: Record) -> None:
        event = record.event
        self.state.add(record)
        if isinstance(event, RunStarted):
            self.end, self._asked = None, ""
        elif isinstance(event, EpochEnded):
            value = event.valid_loss if self._loss else event.valid_accuracy
            if value is not None:
                self.values[event.epoch] = value
        elif isinstance(event, CommandDone) and event.name in _BY_HAND:
            self._asked = event.name
        elif isinstance(event, RunEnded):
            self.end = self._ended(event)

    def _ended(self, event: RunEnded) -> End | None:
        match event.reason:
            case "finished" | "early-stopping":
                return End("finished")
            case "diverged" | "failed":
                return End(event.reason, event.message)
            case "abandoned":
                return End("pruned", "by hand")
        return End("pruned", "by hand") if self._asked else None  # a signal: to be gone on with


class RunMaker:
    """Makes the runs of trials in the folder of their sweep.

    Args:
        sweep: what it is asked to do.
        folder: where the runs go.
    """

    def __init__(self, sweep: Sweep, folder: Path) -> None:
        self.sweep = sweep
        self.folder = folder
        self._loaded: tuple[object, Dataset] | None = None
        for draft in folder.glob(".new-*"):  # of a driver that was killed while it made one
            shutil.rmtree(draft, ignore_errors=True)

    def make(self, number: int, parameters: Parameters) -> tuple[Run, ...]:
        """The runs of a trial, one a seed: those that are there, and new ones for the others.

        Raises:
            SpecificationError: the parameters do not fit together, or not the data.
            DataError: the data cannot be loaded.
            RunError: a directory cannot be made.
        """
        from tui.experiment import prepare

        runs = []
        for seed in self.sweep.seeds:
            name = run_name(number, seed if len(self.sweep.seeds) > 1 else None)
            there = sorted(self.folder.glob(f"*-{name}"))
            if there:
                runs.append(Run(there[0]))
                continue
            settings, network = self.sweep.settings_of(parameters, seed)
            dataset = self._dataset(settings)
            runs.append(prepare(settings, self.folder, name, network=network, dataset=dataset))
        return tuple(runs)

    def _dataset(self, settings: Settings) -> Dataset:
        from tui.experiment.loading import load_dataset

        wanted = (settings.data, settings.split_seed, settings.resize)
        if self._loaded is None or self._loaded[0] != wanted:
            self._loaded = None  # two need not stand in memory
            self._loaded = (wanted, load_dataset(settings))
        return self._loaded[1]


def runs_by_trial(folder: Path) -> dict[int, tuple[Run, ...]]:
    """The runs that are in the folder of a sweep, by the number of their trial, one a seed.

    Raises:
        OSError: the folder cannot be read.
    """
    found: dict[tuple[int, int], str] = {}
    for name in sorted(entry.name for entry in os.scandir(folder)):
        told = _NAME.search(name)
        if told and not name.startswith("."):
            found.setdefault((int(told[1]), int(told[2] or 0)), name)
    runs: dict[int, tuple[Run, ...]] = {}
    for number, seed in sorted(found):
        runs[number] = (*runs.get(number, ()), Run(folder / found[number, seed]))
    return runs


def run_name(number: int, seed: int | None) -> str:
    """What ends the name of a run's directory."""
    name = f"trial-{number:04d}"
    return name if seed is None else f"{name}-seed-{seed}"
