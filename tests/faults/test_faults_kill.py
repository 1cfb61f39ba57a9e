"""Trainers are killed at random moments, again and again; what they leave is as if none had been.

A training with two ranks, dropout, batch normalisation, augmentation, a schedule, an average,
early stopping and checkpoints every few steps is killed (SIGKILL) and resumed until it ends; then
another one begins, until there were as many kills as asked for: CNN_TUI_KILLS, 12 by default.
The trainers are forks of one warm process (nursery.py), so that a kill takes half a second; where
more than a hundred are asked for, every other run is trained by `python -m tui.experiment`, as the
app starts it. Now and then the power goes as well: the journal loses a part of what was not synced.

    CNN_TUI_KILLS=200 pytest tests/faults -s
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from stories import settings, story, whole_checkpoints

from cnnlib import events as ev
from cnnlib.runs import checkpoint
from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from tui.experiment import launch, prepare
from tui.experiment.evaluation import read_report

KILLS = int(os.environ.get("CNN_TUI_KILLS", "12"))

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no SIGKILL here"),
    pytest.mark.timeout(60 + 5 * KILLS),
]


class Trainers:
    """Starts, kills and awaits trainers, from the nursery or as processes of their own."""

    def __init__(self) -> None:
        self._nursery = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("nursery.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self._own: subprocess.Popen[bytes] | None = None
        self._pid = 0

    def start(self, run: Run, own_process: bool) -> None:
        """A trainer takes the run up."""
        self._own = launch(run) if own_process else None
        self._pid = self._own.pid if self._own else int(self._ask(str(run.path)))

    def _ask(self, word: str) -> str:
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(word + "\n")
        self._nursery.stdin.flush()
        return self._nursery.stdout.readline()

    def kill(self) -> None:
        """SIGKILL, at whatever it is doing."""
        os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit status, negative for a signal."""
        return self._own.wait() if self._own else int(self._ask("wait"))

    def close(self) -> None:
        """No more trainers."""
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.close()
        self._nursery.wait(10)
        self._nursery.stdout.close()


@pytest.fixture
def trainers() -> Iterator[Trainers]:
    made = Trainers()
    yield made
    made.close()


def assert_nothing_is_torn(run: Run) -> None:
    """What a killed trainer leaves can be read by anybody."""
    run.description()
    whole_checkpoints(run)
    assert RunHistory.read(run).damaged == 0
    if run.report_path.exists():
        read_report(run)


def kill_at_a_random_moment(
    trainers: Trainers, run: Run, before: int, rng: np.random.Generator
) -> None:
    """Now and then while it starts; mostly while it trains, writes, evaluates or ends."""
    if rng.random() < 0.15:
        time.sleep(rng.uniform(0, 0.4))
    else:
        end = time.monotonic() + 30
        while starts(run) == before and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.5 if KILLS > 100 else 0.3))
    trainers.kill()


def let_the_power_go(run: Run, rng: np.random.Generator) -> None:
    """Cut the journal anywhere beyond what was synced before the last checkpoint."""
    last = run.checkpoints / "last.safetensors"
    counted = int(checkpoint.load(last)[1]["events"]) if last.exists() else 0
    lines = run.journal_path.read_bytes().splitlines(keepends=True) if size_of(run) else []
    synced = sum(map(len, lines[:counted]))
    if size_of(run) > synced:
        os.truncate(run.journal_path, int(rng.integers(synced, size_of(run))))


def starts(run: Run) -> int:
    return run.journal_path.read_bytes().count(b'"RunStarted"') if size_of(run) else 0


def size_of(run: Run) -> int:
    return run.journal_path.stat().st_size if run.journal_path.exists() else 0


def test_killed_at_random_moments_and_resumed_is_uninterrupted(
    pictures: Path, tmp_path: Path, trainers: Trainers
) -> None:
    wanted = settings(pictures)
    straight = prepare(wanted, tmp_path / "straight")
    trainers.start(straight, own_process=True)
    assert trainers.wait() == 0
    expected = story(straight)
    ended = expected[-1]
    assert isinstance(ended, ev.RunEnded)
    assert ended.reason == "early-stopping"
    final = whole_checkpoints(straight)

    seed = int(os.environ.get("CNN_TUI_KILL_SEED", "0")) or time.time_ns() % 2**32
    print(f"CNN_TUI_KILL_SEED={seed}")
    rng = np.random.default_rng(seed)
    kills, runs, began = 0, 0, time.monotonic()
    while kills < KILLS:
        runs += 1
        own_process = KILLS > 100 and runs % 2 == 0
        run = prepare(wanted, tmp_path / "killed")
        over = False
        while not over:
            before = starts(run)
            trainers.start(run, own_process)
            if kills < KILLS:
                kill_at_a_random_moment(trainers, run, before, rng)
            status = trainers.wait()
            kills += status == -signal.SIGKILL
            if status == -signal.SIGKILL and rng.random() < 0.25:
                let_the_power_go(run, rng)
            assert_nothing_is_torn(run)
            over = RunHistory.read(run).state.ended
            assert over or status == -signal.SIGKILL, run.log_path.read_text()
        assert story(run) == expected, f"run {run.id}, seed {seed}"
        there = whole_checkpoints(run)
        for name in final:
            if not name.endswith(".previous"):  # which one it was depends on the clock
                assert there[name] == final[name], f"{name} of {run.id}, seed {seed}"
        assert json.loads(run.report_path.read_text()) == json.loads(
            straight.report_path.read_text()
        )
    print(f"{kills} kills in {runs} runs, {time.monotonic() - began:.0f} s")
