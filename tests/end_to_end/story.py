"""A person at the keyboard: looks at data, edits a network, trains it, finds a mistake, asks why.

The story is the same in a pseudo-terminal and over SSH; whoever tells it opens the terminal.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from PIL import Image
from terminal_driver import Terminal

from cnnlib.explain import Trace
from cnnlib.report import Report
from cnnlib.runs.directory import Run, find
from cnnlib.runs.history import RunHistory
from cnnlib.runs.lock import owner
from tui.experiment import load_model
from tui.experiment.loading import load_data
from tui.render.number_tables import figure

EPOCHS = 2
FILTERS = 6
"""Of the first convolution, when the story has edited it; it was 8."""


def configuration(folder: Path, epochs: int = EPOCHS) -> Path:
    """A file of settings."""
    path = folder / "settings.toml"
    path.write_text(f"[training]\nepochs = {epochs}\n")
    return path


def the_whole_story(terminal: Terminal, runs: Path) -> Run:
    """Tell it to the app, which was opened with `configuration`; the run that was made."""
    look_at_data_and_edit_the_net(terminal)
    run, report = train_and_watch(terminal, runs)
    find_a_mistake_and_see_its_arithmetic(terminal, run, report)
    terminal.press("7")
    terminal.wait_for(run.id[20:], "finished", "mnist-5k")
    export(terminal)
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert b"\x1b[?1049l" in terminal.output, "the alternate screen was not left"
    assert terminal.output.rindex(b"\x1b[?25h") > terminal.output.rindex(b"\x1b[?25l")
    assert b"Traceback" not in terminal.output
    assert owner(run) is None
    what_is_left(run)
    return run


def look_at_data_and_edit_the_net(terminal: Terminal) -> None:
    """The images of the first pane; another number of filters in the second."""
    terminal.wait_for("mnist-5k", "4 000", "1 000", "label")
    first = terminal.wait_for("test #0")
    terminal.press("l")
    assert terminal.wait_for("test #1") != first

    terminal.press("2")
    terminal.wait_for("Conv2d(8, kernel=5", "16x10x10", "dense2")
    terminal.press("i")
    terminal.press(*["right"] * len("Conv2d("), "delete", str(FILTERS))
    terminal.wait_for(f"Conv2d({FILTERS}, kernel=5", f"{FILTERS}x28x28")
    terminal.press("f2")
    terminal.wait_for("applied: ")
    terminal.press("escape")


def train_and_watch(terminal: Terminal, runs: Path) -> tuple[Run, Report]:
    """Both epochs, to their end."""
    terminal.press("3")
    terminal.wait_for("Loss", "Accuracy")
    terminal.press("r")
    shown = terminal.wait_for("finished", f"{EPOCHS}/{EPOCHS}", seconds=120)
    run = find(runs)
    state = RunHistory.read(run).state
    report = Report.from_json(run.report_path.read_text())
    assert (state.state, state.epoch) == ("finished", EPOCHS)
    assert report.scores.accuracy > 0.9
    assert f"{report.scores.accuracy:.2%}" in shown
    return run, report


def find_a_mistake_and_see_its_arithmetic(terminal: Terminal, run: Run, report: Report) -> None:
    """From the scores to the worst mistake, its maps, and the numbers behind one pixel of a map."""
    terminal.press("5")
    terminal.wait_for("confusion", f"{report.scores.accuracy:.2%}")
    terminal.press("6")
    worst = report.mistakes[0]
    terminal.wait_for("mistakes", str(worst.index), f"{worst.loss:.2f}")
    terminal.press("enter")
    terminal.wait_for(f"test #{worst.index}", "conv1", f"{FILTERS}x28x28", "predicted")
    terminal.press("a")
    shown = terminal.wait_for("patch", "kernel", "bias", "then relu1")
    told = re.search(r"conv1 map (\d+), row (\d+), column (\d+) += (-?[\d.]+)", shown)
    assert told is not None, shown
    channel, row, column = map(int, told.groups()[:3])
    trace = Trace(load_model(run), load_data(run).test.images[worst.index])
    assert told[4] == figure(float(trace.outputs["conv1"][channel, row, column]))
    assert np.argmax(trace.outputs["dense2"].ravel()) == worst.predicted


def export(terminal: Terminal) -> None:
    """All figures that are offered, by one key and Enter."""
    terminal.press("e")
    terminal.wait_for("Export of")
    terminal.press("enter")
    terminal.wait_for("Their paths are copied", seconds=90)
    terminal.press("escape")
    terminal.wait_until(lambda text: "Export of" not in text, "the dialog closed")


def what_is_left(run: Run) -> None:
    """All files that the design names, whole."""
    description = run.description()
    assert description["data"]["name"] == "mnist-5k"
    assert description["training"]["epochs"] == EPOCHS
    assert f"Conv2d({FILTERS}, kernel=5" in description["model"]["architecture"]
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
