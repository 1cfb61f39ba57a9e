"""The main job in a real pseudo-terminal: what a person does, and what is left when they go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from terminal_driver import Terminal, command, is_alive, wait_until

from cnnlib import events as ev
from cnnlib.report import Report
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


def configuration(tmp_path: Path, epochs: int) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(f"[training]\nepochs = {epochs}\n")
    return path


def last_step(run: Run) -> int:
    return RunHistory.read(run).state.step


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (48, 160)])
def test_the_whole_story(open_terminal: Open, tmp_path: Path, rows: int, columns: int) -> None:
    config = configuration(tmp_path, epochs=2)
    terminal = open_terminal("--config", config, rows=rows, columns=columns)
    terminal.wait_for("mnist-5k", "4 000", "1 000", "label")

    terminal.press("2")
    terminal.wait_for("Conv2d(8, kernel=5", "16x10x10", "dense2")

    terminal.press("3")
    terminal.wait_for("Loss", "Accuracy")
    terminal.press("r")
    shown = terminal.wait_for("finished", "2/2", seconds=120)

    run = find(tmp_path / "runs")
    state = RunHistory.read(run).state
    report = Report.from_json(run.report_path.read_text())
    assert state.state == "finished"
    assert state.epoch == 2
    assert report.scores.accuracy > 0.9
    assert f"{report.scores.accuracy:.2%}" in shown

    terminal.press("4")
    terminal.wait_for("conv1", "8x28x28", "predicted")
    terminal.press("5")
    terminal.wait_for("confusion", f"{report.scores.accuracy:.2%}")
    terminal.press("6")
    worst = report.mistakes[0]
    terminal.wait_for("mistakes", str(worst.index), f"{worst.loss:.2f}")
    terminal.press("7")
    terminal.wait_for(run.id, "finished", "mnist-5k")

    terminal.press("e")
    terminal.wait_for("Export of")
    terminal.press("enter")
    terminal.wait_for("Their paths are copied", seconds=90)
    terminal.press("escape")
    terminal.wait_until(lambda text: "Export of" not in text, "the dialog closed")

    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert b"\x1b[?1049l" in terminal.output, "the alternate screen was not left"
    assert terminal.output.rindex(b"\x1b[?25h") > terminal.output.rindex(b"\x1b[?25l")
    assert owner(run) is None
    what_is_left(run)
    without_a_terminal = find_trained(config, tmp_path / "headless")
    assert weights(without_a_terminal) == weights(run), "the app trains as the command line does"


def find_trained(config: Path, runs: Path) -> Run:
    """The same training by the command line."""
    words = [command(), "train", "--config", str(config), "--runs", str(runs)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return find(runs)


def weights(run: Run) -> bytes:
    """The file of the best weights."""
    return (run.checkpoints / "best.safetensors").read_bytes()


def what_is_left(run: Run) -> None:
    """All files that the design names, whole."""
    description = run.description()
    assert description["data"]["name"] == "mnist-5k"
    assert description["training"]["epochs"] == 2
    events = [json.loads(line) for line in run.journal_path.read_text().splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[-1]["event"], events[-1]["reason"]) == ("RunEnded", "finished")
    for name in ("last.safetensors", "best.safetensors"):
        assert (run.checkpoints / name).stat().st_size > 10_000
    assert "accuracy" in run.report_markdown_path.read_text()
    drawn = {path.name for path in run.figures.iterdir()}
    assert {
        "curves.png", "confusion.png", "mistakes.png", "feature-maps-conv1.png",
        "feature-maps-conv2.png", "filters-conv1.png", "filters-conv2.png",
    } <= drawn  # fmt: skip
    for name in drawn:
        with Image.open(run.figures / name) as picture:
            picture.load()


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
