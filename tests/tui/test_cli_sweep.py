"""`cnn-tui sweep` on this machine: its words, its numbers, and its end by a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnlib.runs.directory import Run
from cnnlib.runs.lock import owner
from cnnlib.runs.state import read_state
from tui.cli import run
from tui.sweep.journal import read_trials

pytest.importorskip("optuna")
pytest.importorskip("distributed")

WORDS = r"""
trials = TRIALS
search = "Grid(points=TRIALS)"
space = "lr = log_uniform(1e-3, 1e-1)"
[data]
name = "PICTURES"
[model]
architecture = "Flatten()\nDense(3)"
[training]
epochs = EPOCHS
batch_size = 128
"""
EPOCHS = 300
"""A second or two: long enough to be stopped in the middle."""
Write = Callable[[int, int], Path]


@pytest.fixture
def write(tmp_path: Path, pictures: Path) -> Write:
    """Asks for a sweep of so many trials of so many epochs."""

    def write(trials: int, epochs: int) -> Path:
        path = tmp_path / "rates.toml"
        words = WORDS.replace("TRIALS", str(trials)).replace("EPOCHS", str(epochs))
        path.write_text(words.replace("PICTURES", str(pictures)), encoding="utf-8")
        return path

    return write


def command(tmp_path: Path, *words: str) -> list[str]:
    here = ["sweep", str(tmp_path / "rates.toml"), "--runs", str(tmp_path / "runs")]
    return [sys.executable, "-m", "tui", *here, *words]


def test_a_sweep_here_tells_the_best_and_its_test_accuracy(tmp_path: Path, write: Write) -> None:
    write(3, 1)
    told = subprocess.run(
        command(tmp_path, "--json"), capture_output=True, text=True, timeout=120, check=True
    )
    assert told.stderr == ""
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert lines[0]["event"] == "SweepStarted"
    trials = [line for line in lines if line["event"] == "Trial"]
    assert len(trials) == 6  # each as it begins and as it ends
    ended = lines[-1]
    assert ended["finished"] == 3
    assert ended["best"]["value"] == max(trial["value"] or 0 for trial in trials)
    best = Run(tmp_path / "runs/rates" / ended["best"]["runs"][0])
    assert ended["test_accuracy"] == read_state(best).test_accuracy

    again = subprocess.run(
        command(tmp_path), capture_output=True, text=True, timeout=120, check=True
    )
    assert "3 trials, 3 of them over" in again.stdout
    assert f"{ended['test_accuracy']:.2%}" in again.stdout
    assert again.stdout.count("test accuracy") == 1
    assert str(best.description_path) in again.stdout


def test_a_signal_ends_all_trainers_with_a_checkpoint_and_the_command_goes_on(
    tmp_path: Path, write: Write
) -> None:
    write(2, EPOCHS)
    folder = tmp_path / "runs" / "rates"
    driver = subprocess.Popen(
        command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 60
    while not any(read_state(Run(p.parent)).epoch >= 2 for p in folder.glob("*/events.jsonl")):
        assert time.monotonic() < end
        assert driver.poll() is None
        time.sleep(0.02)
    driver.send_signal(signal.SIGTERM)
    _, err = driver.communicate(timeout=90)
    assert driver.returncode == 143
    assert "the same command goes on" in err
    assert len(err.splitlines()) == 1
    runs = [Run(path.parent) for path in folder.glob("*/run.toml")]
    assert runs
    for each in runs:
        assert owner(each) is None
        assert read_state(each).state in ("stopped", "finished", "new")

    done = subprocess.run(command(tmp_path), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [trial.state for trial in read_trials(folder)] == ["finished"] * 2
    assert len(list(folder.glob("*/run.toml"))) == 2


def test_without_the_extra_it_says_which(
    tmp_path: Path,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert run(["sweep", str(write(2, 1)), "--runs", str(tmp_path / "runs")]) == 2
    assert "pip install 'cnn-tui[sweep]'" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("trials = 3", "space: expected lines such as lr = log_uniform(1e-4, 1e-1)"),
        ("trials = 3\nspace = 'lr = log_unif(1, 2)'", "Did you mean 'log_uniform'?"),
    ],
)
def test_wrong_words_end_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, said: str
) -> None:
    (tmp_path / "rates.toml").write_text(words, encoding="utf-8")
    assert run(["sweep", str(tmp_path / "rates.toml"), "--runs", str(tmp_path / "runs")]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "rates.toml" in told
    assert len(told.splitlines()) == 1


def test_workers_of_our_own_are_not_those_of_a_cluster(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"]
    assert run(["sweep", str(write(2, 1)), *words]) == 2
    assert "--workers is for this machine" in capsys.readouterr().err


def test_a_scheduler_that_is_not_there_is_said(
    tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", str(write(2, 1)), "--runs", str(tmp_path / "runs")]
    (tmp_path / "dask.json").write_text('{"type": "Scheduler"}')
    for address, code, said in [
        (str(tmp_path / "dask.json"), 1, "no address in it"),
        (str(tmp_path / "none.json"), 1, "none.json"),
        ("nonsense", 2, "an address such as tcp://10.0.0.1:8786"),
        ("tcp://127.0.0.1:1", 1, "dask scheduler"),
    ]:
        assert run([*words, "--scheduler", address]) == code
        told = capsys.readouterr().err
        assert said in told
        assert len(told.splitlines()) == 1


def test_the_rooms_of_a_sweep_load_optuna_and_dask_only_to_search() -> None:
    code = (
        "import sys, tui.cli.program, tui.sweep.driver, tui.sweep.plan, tui.sweep.worker;"
        "print([name for name in ('optuna', 'distributed', 'textual') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
