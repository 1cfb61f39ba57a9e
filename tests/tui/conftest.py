"""Runs that no trainer made: directories with journals written by hand, at chosen times."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from quiescence import until_quiet

import data
from cnnlib import events as ev
from cnnlib.architectures import ARCHITECTURES
from cnnlib.events import Record, encode
from cnnlib.runs import directory
from cnnlib.runs.directory import Run
from data import Dataset
from tui.experiment import prepare, train
from tui.following.follower import Follower
from tui.settings.training import Settings

START = 1_790_000_000.0
DIGITS = tuple("0123456789")


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app looks at things as often as a test wants to know of them, not as a user does.

    A key is waited for by what it does, not by a clock.
    """
    for place in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{place}.wait_for_idle", until_quiet)
    monkeypatch.setattr("tui.app.app.TICK", 0.1)
    monkeypatch.setattr("tui.app.app.AFTER_FIRST_PAINT", 0.01)
    monkeypatch.setattr("tui.panes.model.QUIET_SECONDS", 0.02)
    monkeypatch.setitem(Follower.__init__.__kwdefaults__, "seconds", 0.1)


class FakeRun:
    """A run directory whose journal the test writes, with a clock that the test moves."""

    def __init__(self, root: Path, *, epochs: int = 3, steps: int = 20, name: str = "fake") -> None:
        settings = Settings(epochs=epochs)
        self.run: Run = directory.create(root, name, settings.to_description())
        self.epochs, self.steps = epochs, steps
        self.step, self.seq, self.now = 0, 0, START

    def add(self, event: ev.Event, seconds: float = 0.0) -> None:
        """Append one event, so many seconds after the one before."""
        self.seq, self.now = self.seq + 1, self.now + seconds
        with self.run.journal_path.open("a", encoding="utf-8") as journal:
            journal.write(encode(Record(self.seq, self.now, event)).rstrip("\n") + "\n")

    def begin(self, step: int = 0) -> None:
        """A trainer took the run up."""
        self.step = step
        self.add(
            ev.RunStarted(
                run=self.run.id,
                architecture="Flatten()\nDense(10)",
                parameters=7850,
                train_examples=32 * self.steps,
                valid_examples=100,
                classes=DIGITS,
                steps_per_epoch=self.steps,
                epochs=self.epochs,
                batch_size=32,
                ranks=1,
                seed=0,
                step=step,
            )
        )

    def train(self, steps: int, seconds: float = 0.1) -> None:
        """So many steps, with the beginnings and ends of epochs among them."""
        for _ in range(steps):
            epoch = self.step // self.steps + 1
            if self.step % self.steps == 0:
                self.add(ev.EpochStarted(epoch, self.step))
            self.step += 1
            share = self.step / self.steps
            loss, accuracy = 2.3 * math.exp(-share), 1 - 0.9 * math.exp(-share)
            self.add(ev.StepEnded(epoch, self.step, loss, accuracy, 32, 6e-3, 1.0), seconds)
            if self.step % self.steps == 0:
                self.add(
                    ev.EpochEnded(epoch, self.step, loss, accuracy, loss, accuracy, 6e-3, True)
                )

    def end(self, reason: str = "finished") -> None:
        """The trainer let go of the run."""
        epoch = max(1, math.ceil(self.step / self.steps))
        self.add(ev.RunEnded(epoch, self.step, reason, epoch, 0.9, 0.3, 0.91, ""))


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., FakeRun]:
    """Makes runs below `tmp_path / "runs"`."""
    return lambda **options: FakeRun(tmp_path / "runs", **options)


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The embedded data."""
    return data.load("mnist-5k")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was trained for an epoch."""
    settings = Settings(epochs=1, architecture=ARCHITECTURES["tiny"])
    run = prepare(settings, tmp_path_factory.mktemp("runs"), "tiny")
    assert train(run, lambda event: None) == 0
    return run


@pytest.fixture
def runs(trained: Run, tmp_path: Path) -> Path:
    """A runs directory of its own with a copy of that run."""
    shutil.copytree(trained.path, tmp_path / "runs" / trained.id)
    return tmp_path / "runs"
