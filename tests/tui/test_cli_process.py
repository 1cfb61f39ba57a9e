"""The installed command as a process: light to start, stopped by signals, honest everywhere."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cnnlib.runs.directory import find
from cnnlib.runs.lock import owner
from tui.cli import run as cnn_tui

PROGRAM = [sys.executable, "-m", "tui"]
ENVIRONMENT = {**os.environ, "TERM": "xterm-256color"}


def start(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )


def test_the_command_is_installed() -> None:
    beside = Path(sys.executable).parent / "cnn-tui"
    program = str(beside) if beside.exists() else shutil.which("cnn-tui")
    assert program, "install the project: pip install -e ."
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cnn-tui ")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from tui.cli import run\n"
        "assert run(['--help']) == 0\n"
        "heavy = {'numpy', 'pandas', 'textual', 'matplotlib', 'rich', 'cnnlib', 'data'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    for command in ("train", "resume", "evaluate", "figures", "data", "runs", "doctor"):
        assert command in done.stdout


def test_a_training_loads_no_pandas_to_tell_its_epochs(pictures: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from tui.cli import run\n"
        "assert run(sys.argv[1:]) == 0\n"
        "heavy = {'pandas', 'textual', 'matplotlib', 'PIL', 'safetensors'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    network = tmp_path / "small.txt"
    network.write_text("Conv2d(4, kernel=3)\nReLU()\nFlatten()\nDense(3)\n")
    words = ["train", "--data", pictures, "--arch", network, "--epochs", "2", "--ranks", "1"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words), "--runs", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "['safetensors']"
    told = find(tmp_path).report_markdown_path.read_text(encoding="utf-8")
    assert "## Epochs" in told


def test_a_home_that_cannot_be_written_makes_no_noise(pictures: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from tui.cli import run\n"
        "at = sys.argv.index('then')\n"
        "assert run(sys.argv[1:at]) == 0\n"
        "assert run(sys.argv[at + 1:]) == 0\n"
    )
    network = tmp_path / "small.txt"
    network.write_text("Flatten()\nDense(3)\n")
    words = ["train", "--data", pictures, "--arch", network, "--epochs", "1", "--runs", tmp_path]
    words += ["then", "figures", "small", "--only", "curves", "--runs", tmp_path]
    nowhere = {"HOME": "/dev/null/home", "XDG_CACHE_HOME": "/dev/null/cache"}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, **nowhere},
        check=True,
    )
    assert done.stderr == ""


def test_without_a_terminal_the_app_says_what_to_do_before_textual_is_loaded() -> None:
    code = (
        "import sys\n"
        "from tui.cli import run\n"
        "try:\n    code = run([])\n"
        "except SystemExit as error:\n    code = error.code\n"
        "print(code, 'textual' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    assert done.stdout == "2 False\n"
    assert "ssh -t" in done.stderr
    assert "cnn-tui train" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def long_training(pictures: Path, tmp_path: Path) -> list[str]:
    """Words of a training that takes far longer than a test."""
    architecture = tmp_path / "small.txt"
    architecture.write_text("Conv2d(4, kernel=3)\nReLU()\nFlatten()\nDense(3)\n")
    return [
        "train", "--data", str(pictures), "--arch", str(architecture), "--epochs", "100000",
        "--runs", str(tmp_path / "runs"),
    ]  # fmt: skip


def wait_for_step(process: subprocess.Popen[str], step: int = 20) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("step", 0) >= step:
            return
    raise AssertionError(f"it ended: {process.stderr.read() if process.stderr else ''}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_a_checkpoint_and_ends_cleanly(
    long_training: list[str], tmp_path: Path, number: signal.Signals
) -> None:
    process = start(*long_training, "--json")
    wait_for_step(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert err == ""
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["reason"]) == ("RunEnded", "stopped")
    run = find(tmp_path / "runs")
    assert (run.checkpoints / "last.safetensors").is_file()

    again = start("resume", run.path, "--json")
    assert again.stdout is not None
    resumed = json.loads(again.stdout.readline())
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=30)
    assert (resumed["event"], resumed["step"]) == ("RunStarted", last["step"])


def test_a_detached_training_answers_every_word(
    long_training: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = start(*long_training, "--detach", "--json")
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0, err
    told = json.loads(out)
    run = find(tmp_path / "runs")
    assert told["run"] == run.id
    assert stat.S_IMODE(run.log_path.stat().st_mode) == 0o600

    def in_words(*words: object) -> tuple[int, str]:
        code = cnn_tui([str(word) for word in words])
        return code, "".join(capsys.readouterr())

    def ask(*words: object) -> list[dict[str, Any]]:
        code, said = in_words(words[0], run.path, *words[1:], "--json", "--wait", 60)
        assert code == 0, said
        answer = json.loads(said)
        assert answer["done"] is True
        events: list[dict[str, Any]] = answer["events"]
        assert (events[-1]["event"] == "RunEnded") == (words[0] in ("stop", "abandon"))
        (acknowledged,) = [each for each in events if each["event"] == "CommandDone"]
        assert acknowledged["command"] == answer["id"]
        return [each for each in events if each["event"] != "CommandDone"]

    def names(events: list[dict[str, Any]]) -> set[str]:
        return {each["event"] for each in events}

    try:
        end = time.monotonic() + 30
        while '"event":"StepEnded"' not in _journal(run.journal_path):
            assert time.monotonic() < end, "no step came"
            time.sleep(0.05)
        before = ask("pause")[-1]["step"]
        stepped = ask("step")
        assert [stepped[0]["event"], stepped[-1]["event"]] == ["Resumed", "Paused"]
        assert stepped[-1]["step"] == before + 1
        changed = ask("rate", 0.0123)
        assert names(changed) == {"LearningRateChanged", "CheckpointSaved"}
        assert changed[0]["learning_rate"] == 0.0123
        assert names(ask("snapshot")) == {"CheckpointSaved"}
        code, said = in_words("evaluate", run.path, "--now", "--json")
        assert code == 0
        assert "Evaluated" in names(json.loads(said)["events"])
        code, said = in_words("step", run.path)
        assert code == 0
        assert f"step {before + 2}: loss" in said
        assert "Resumed" in names(ask("step", "--epoch"))
        assert "RunEnded" in names(ask("stop"))
        while owner(run) is not None:  # it says that it has ended before it lets go of the run
            assert time.monotonic() < end + 60, "it never let go"
            time.sleep(0.02)
        code, said = in_words("pause", run.path)
        assert code == 1
        assert "expected a trainer at work, received none: the run is stopped" in said
    finally:
        if owner(run) is not None:
            os.kill(told["pid"], signal.SIGKILL)
    last = json.loads(_journal(run.journal_path).splitlines()[-1])
    assert (last["event"], last["reason"]) == ("RunEnded", "stopped")


def _journal(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_reader_that_leaves_is_no_traceback(pictures: Path) -> None:
    with start("data", "show", pictures, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 1


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.skipif("CNN_TUI_DATA" not in os.environ, reason="CNN_TUI_DATA names no folder")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells the peak memory")
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_training_on_all_of_mnist_stays_below_300_mb(ranks: int, tmp_path: Path) -> None:
    """The greatest memory of the trainer, which holds the data, until its training has ended."""
    code = (
        "import re, sys\n"
        "from tui.cli import run\n"
        "code = run(sys.argv[1:])\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1]\n"
        "print(code, int(peak) * 1024 // 10**6)\n"
    )
    words = ["train", "--data", "mnist", "--arch", "tiny", "--epochs", "1", "--batch-size", "256"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--ranks", str(ranks), "--runs", str(tmp_path)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    code, megabytes = map(int, done.stdout.splitlines()[-1].split())
    assert code == 0
    assert megabytes < 300
