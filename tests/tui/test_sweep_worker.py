"""A worker sees a run through, whoever trains it, and lets go when the driver does."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnlib.architectures import ARCHITECTURES
from cnnlib.events import RunEnded, RunStarted
from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from cnnlib.runs.lock import owner
from tui.experiment import prepare
from tui.settings.training import Settings
from tui.sweep import worker
from tui.sweep.driver import driving
from tui.sweep.worker import FRUITLESS, carry_out


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A sweep's folder with its driver at work."""
    with driving(tmp_path):
        yield tmp_path


def a_run(folder: Path, epochs: int) -> Run:
    settings = Settings(architecture=ARCHITECTURES["tiny"], epochs=epochs, batch_size=128, ranks=1)
    return prepare(settings, folder, "trial-0000")


def told(run: Run, kind: type) -> int:
    return sum(isinstance(record.event, kind) for record in RunHistory.read(run).records)


def test_two_workers_that_were_given_the_same_run_train_it_once(folder: Path) -> None:
    run = a_run(folder, epochs=2)
    answers: list[str] = []
    work = lambda: answers.append(carry_out(str(run.path), str(folder)))  # noqa: E731
    both = [threading.Thread(target=work) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert answers == ["", ""]
    assert told(run, RunEnded) == told(run, RunStarted) == 1
    assert carry_out(str(run.path), str(folder)) == ""  # and a third finds it done
    assert told(run, RunStarted) == 1


def test_a_trainer_that_was_killed_is_resumed(folder: Path) -> None:
    run = a_run(folder, epochs=10)
    answers: list[str] = []
    work = threading.Thread(target=lambda: answers.append(carry_out(str(run.path), str(folder))))
    work.start()
    end = time.monotonic() + 60
    while told(run, RunStarted) < 1 or not (run.checkpoints / "last.safetensors").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    found = owner(run)
    if found is not None:
        os.kill(found.pid, signal.SIGKILL)
    work.join()
    assert answers == [""]
    assert RunHistory.read(run).state.state == "finished"


def test_without_its_driver_a_worker_begins_nothing(tmp_path: Path) -> None:
    run = a_run(tmp_path, epochs=1)
    assert carry_out(str(run.path), str(tmp_path)) == ""
    assert told(run, RunStarted) == 0


def test_a_trainer_that_never_comes_up_is_told_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    run = a_run(folder, epochs=1)
    launched = []

    def broken(run: Run) -> subprocess.Popen[bytes]:
        launched.append(run)
        run.log_path.write_text("no more memory\n")
        return subprocess.Popen(["false"])

    monkeypatch.setattr(worker, "launch", broken)
    assert "no more memory" in carry_out(str(run.path), str(folder))
    assert len(launched) <= FRUITLESS + 1


def test_a_machine_that_does_not_see_the_run_says_so(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="sees no run"):
        carry_out(str(folder / "elsewhere"), str(folder))
