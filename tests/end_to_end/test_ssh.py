"""Over a real SSH line: the whole story; and a training whose line drops, found from another."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from secure_shell import Server, missing
from story import configuration, the_whole_story
from terminal_driver import Terminal, command, wait_until

from cnnlib import events as ev
from cnnlib.runs.directory import Run, find
from cnnlib.runs.history import RunHistory
from cnnlib.runs.lock import owner
from cnnlib.runs.state import read_state

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(bool(missing()), reason=missing() or "there"),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "sshd")
    yield made
    made.close()


Open = Callable[..., Terminal]


@pytest.fixture
def over_ssh(server: Server, tmp_path: Path) -> Iterator[Open]:
    """Opens `cnn-tui` over SSH, in a terminal of its own each."""
    opened: list[Terminal] = []

    def start(*words: object, rows: int = 30, columns: int = 100) -> Terminal:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        there = shlex.join(
            ["env", f"HOME={home}", "LANG=C.UTF-8", command()]
            + [str(word) for word in (*words, "--runs", tmp_path / "runs")]
        )
        opened.append(
            Terminal(there, home=home, program=server.words(), rows=rows, columns=columns)
        )
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def charted(text: str) -> int:
    """How many cells of the screen hold a part of a curve."""
    return sum("\u2800" < character <= "\u28ff" or character == "●" for character in text)


def test_the_whole_story_over_ssh(over_ssh: Open, tmp_path: Path) -> None:
    terminal = over_ssh("--config", configuration(tmp_path), rows=48, columns=160)
    the_whole_story(terminal, tmp_path / "runs")


def test_a_training_outlives_its_ssh_line_and_is_stopped_over_another(
    over_ssh: Open, tmp_path: Path
) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("[training]\nepochs = 1000\nranks = 2\n")
    first = over_ssh("--config", config)
    first.wait_for("mnist-5k", seconds=60)
    first.press("3")
    first.press("r")
    first.wait_for("training", "epoch", seconds=60)
    run = find(tmp_path / "runs")
    wait_until(lambda: read_state(run).step > 30)
    trainer = owner(run)
    assert trainer is not None
    assert trainer.alive
    try:
        apps = processes_with(str(config))
        assert apps, "the app over there was not found"
        os.kill(first.child.pid, signal.SIGKILL)  # the client: the line drops without a word
        wait_until(lambda: not processes_with(str(config)))
        before = read_state(run).step
        wait_until(lambda: read_state(run).step > before + 30)
        assert (found := owner(run)) is not None
        assert (found.pid, found.alive) == (trainer.pid, True)

        second = over_ssh("attach", run.id)
        shown = second.wait_until(
            lambda text: "training" in text and "Loss" in text and charted(text) > 10,
            "the full chart",
            seconds=60,
        )
        assert run.id[20:] in shown
        second.press("x")
        second.wait_until(lambda text: "stopped" in text or "top" in text, "an answer")
        if read_state(run).state == "running":  # it may ask first
            second.press("enter")
        wait_until(lambda: read_state(run).state == "stopped")
        second.wait_for("stopped")
        second.press("q")
        assert second.wait_for_end() == 0
    finally:
        left = owner(run)
        if left is not None and left.alive:
            os.kill(left.pid, signal.SIGKILL)
    assert owner(run) is None
    assert_complete(run)


def assert_complete(run: Run) -> None:
    """Every step of the run is in its journal, once, and its checkpoint is of the last."""
    events = [record.event for record in RunHistory.read(run).records]
    steps = [event.step for event in events if isinstance(event, ev.StepEnded)]
    assert steps == list(range(1, len(steps) + 1))
    saved = [event for event in events if isinstance(event, ev.CheckpointSaved)]
    assert (saved[-1].step, saved[-1].reason) == (steps[-1], "stopped")
    assert sum(isinstance(event, ev.RunStarted) for event in events) == 1


def processes_with(word: str) -> list[int]:
    """The Python processes on whose command line this word stands (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if word.encode() in words and b"python" in words[0]:
            found.append(int(path.parent.name))
    return found
