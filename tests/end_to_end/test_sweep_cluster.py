"""A sweep on a real Dask cluster, killed in the middle: all trials finish, and none twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cnnlib.events import RunEnded
from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from tui.sweep.journal import read_trials

pytest.importorskip("distributed")
pytest.importorskip("optuna")

TRIALS = 24
SWEEP = '''
name = "killed"
trials = TRIALS
search = "Random()"
space = """
lr = log_uniform(1e-3, 1e-1)
batch_size = choice(64, 128)
"""

[model]
architecture = """
Conv2d(4, kernel=3, stride=4)
ReLU()
Flatten()
Dense(3)
"""

[data]
name = "PICTURES"

[training]
epochs = 2
'''
PATIENCE = 120.0


class Cluster:
    """A scheduler and two workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
        )
        self.workers = [self.worker(), self.worker()]

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start(
            "worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0",
            "--local-directory", str(self.folder),
        )  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(self.file)]
        with open(self.folder / f"{words[0]}.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def end(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.end()


class Sweeping:
    """The command, begun as often as need be."""

    def __init__(self, folder: Path, cluster: Cluster, pictures: Path, trials: int) -> None:
        words = SWEEP.replace("TRIALS", str(trials)).replace("PICTURES", str(pictures))
        (folder / "killed.toml").write_text(words, encoding="utf-8")
        self.words = [
            *(sys.executable, "-m", "tui", "sweep", str(folder / "killed.toml"), "--json"),
            *("--scheduler", str(cluster.file), "--runs", str(folder / "runs")),
        ]
        self.folder = folder / "runs" / "killed"

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait_until(self, over: int, driver: subprocess.Popen[str]) -> None:
        """Until so many trials are over."""
        await_that(lambda: self.over() >= over or driver.poll() is not None)
        assert driver.poll() is None, driver.stderr and driver.stderr.read()

    def over(self) -> int:
        return sum(trial.over for trial in read_trials(self.folder))


def await_that(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_workers_and_a_killed_driver_lose_no_trial(
    tmp_path: Path, cluster: Cluster, pictures: Path
) -> None:
    await_that(lambda: cluster.file.exists() and cluster.file.stat().st_size > 0)
    sweeping = Sweeping(tmp_path, cluster, pictures, TRIALS)

    driver = sweeping.start()
    sweeping.wait_until(5, driver)
    cluster.workers[0].kill()
    cluster.workers[0] = cluster.worker()
    sweeping.wait_until(10, driver)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    before = {trial.number: trial for trial in read_trials(sweeping.folder) if trial.over}
    assert 10 <= len(before) < TRIALS

    driver = sweeping.start()
    sweeping.wait_until(17, driver)
    cluster.workers[1].kill()
    out, err = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 0, err
    ended = json.loads(out.splitlines()[-1])
    assert ended["finished"] == TRIALS

    trials = read_trials(sweeping.folder)
    assert [trial.number for trial in trials] == list(range(TRIALS))
    assert {trial.state for trial in trials} == {"finished"}
    assert {number: trials[number] for number in before} == before  # as they were
    told = (sweeping.folder / "sweep.jsonl").read_text(encoding="utf-8").splitlines()
    counts = Counter((line["number"], line["state"]) for line in map(json.loads, told))
    assert counts == Counter(
        (number, state) for number in range(TRIALS) for state in ("running", "finished")
    )

    runs = [Run(path.parent) for path in sweeping.folder.glob("*/run.toml")]
    assert sorted(run.id for run in runs) == sorted(trial.runs[0] for trial in trials)
    for run in runs:
        ends = [
            r.event.reason for r in RunHistory.read(run).records if isinstance(r.event, RunEnded)
        ]
        assert ends == ["finished"]  # once, and never begun anew after that


@pytest.mark.slow
def test_a_scheduler_that_goes_is_said_and_the_sweep_goes_on_with_another(
    tmp_path: Path, cluster: Cluster, pictures: Path
) -> None:
    await_that(lambda: cluster.file.exists() and cluster.file.stat().st_size > 0)
    sweeping = Sweeping(tmp_path, cluster, pictures, 6)
    driver = sweeping.start()
    sweeping.wait_until(2, driver)
    cluster.scheduler.kill()
    _, err = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 1
    assert "No finished trial is lost" in err
    assert len(err.splitlines()) == 1
    before = {trial.number: trial for trial in read_trials(sweeping.folder) if trial.over}

    words = [word for word in sweeping.words if word not in ("--scheduler", str(cluster.file))]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=PATIENCE, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    trials = read_trials(sweeping.folder)
    assert len(trials) == 6
    assert {trial.state for trial in trials} == {"finished"}
    assert {number: trials[number] for number in before} == before
