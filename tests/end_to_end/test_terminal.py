"""The main job in a real pseudo-terminal: what a person does, and what is left when they go."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from story import configuration, the_whole_story
from terminal_driver import Terminal, command, is_alive, wait_until

from cnnlib import events as ev
from cnnlib.runs import commands
from cnnlib.runs.directory import Run, find
from cnnlib.runs.history import RunHistory
from cnnlib.runs.lock import owner

pytestmark = pytest.mark.terminal

Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    """Opens terminals, with a home and a directory of runs of the test's own."""
    opened: list[Terminal] = []

    def start(*words: object, **options: int) -> Terminal:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        opened.append(Terminal(*words, "--runs", tmp_path / "runs", home=home, **options))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def last_step(run: Run) -> int:
    return RunHistory.read(run).state.step


def test_the_whole_story(open_terminal: Open, tmp_path: Path) -> None:
    """At 80x24 in a pseudo-terminal; over SSH it is told at 160x48 (test_ssh.py)."""
    run = the_whole_story(open_terminal("--config", configuration(tmp_path)), tmp_path / "runs")
    without_a_terminal = find_trained(run.description_path, tmp_path / "headless")
    assert weights(without_a_terminal) == weights(run), "the app trains as the command line does"


def find_trained(config: Path, runs: Path) -> Run:
    """The same training by the command line."""
    words = [command(), "train", "--config", str(config), "--runs", str(runs)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return find(runs)


def weights(run: Run) -> bytes:
    """The file of the best weights."""
    return (run.checkpoints / "best.safetensors").read_bytes()


def test_a_training_outlives_the_line_and_is_found_again(
    open_terminal: Open, tmp_path: Path
) -> None:
    terminal = open_terminal("--config", configuration(tmp_path, epochs=10_000))
    terminal.wait_for("mnist-5k", "4 000")
    terminal.press("3")
    terminal.press("r")
    terminal.wait_for("training", "epoch", seconds=60)
    run = find(tmp_path / "runs")
    wait_until(lambda: last_step(run) > 20)
    trainer = owner(run)
    assert trainer is not None
    try:
        app = terminal.child.pid
        terminal.hang_up()
        wait_until(lambda: not is_alive(app), seconds=8)
        before = last_step(run)
        wait_until(lambda: last_step(run) > before + 20)

        again = open_terminal("attach", run.id)
        again.wait_for("training", "Loss", seconds=60)
        again.press("q")
        again.wait_for("leave it training")
        again.press("d")
        assert again.wait_for_end() == 0

        commands.send(run, commands.Stop())
        wait_until(lambda: RunHistory.read(run).state.state == "stopped")
    finally:
        found = owner(run)
        if found is not None and found.alive:
            os.kill(trainer.pid, signal.SIGKILL)
    steps = [event.step for event in recorded(run) if isinstance(event, ev.StepEnded)]
    assert steps == list(range(1, len(steps) + 1))


def recorded(run: Run) -> list[ev.Event]:
    return [record.event for record in RunHistory.read(run).records]


@pytest.mark.parametrize("name", ["dumb", ""])
def test_a_terminal_that_cannot_show_the_app_is_told_what_to_do(tmp_path: Path, name: str) -> None:
    terminal = Terminal("--runs", tmp_path / "runs", home=tmp_path, environment={"TERM": name})
    try:
        assert terminal.wait_for_end() == 2
    finally:
        terminal.close()
    assert b"cnn-tui train" in terminal.output
    assert b"\x1b" not in terminal.output


def test_train_on_a_terminal_shows_a_bar_and_ctrl_c_ends_it(
    open_terminal: Open, tmp_path: Path
) -> None:
    terminal = open_terminal("train", "--epochs", "10000")
    terminal.wait_for("steps", "img/s", seconds=60)
    terminal.press("\x03")
    assert terminal.wait_for_end() == 130
    run = find(tmp_path / "runs")
    assert RunHistory.read(run).state.state == "stopped"
    assert f"cnn-tui resume {run.id}" in terminal.text.replace("\n", "")
    assert "Traceback" not in terminal.text
