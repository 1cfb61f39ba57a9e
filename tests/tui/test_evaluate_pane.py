"""Evaluate: how honest the confidence is, other runs, and the score without wrong labels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pane_driver import WIDE, an_app, pressed, shown, the_pane, until
from textual.pilot import Pilot

from cnnlib.explain import MNIST_TEST_ERRORS, corrected_accuracy
from cnnlib.metrics import agreement, calibration
from cnnlib.report import evaluate
from cnnlib.runs import Run
from data import Dataset, Split
from tui.app.app import CnnTuiApp
from tui.experiment import load_model
from tui.experiment.evaluation import write_report
from tui.panes.evaluate import EvaluatePane
from tui.render.calibration import reliability
from tui.render.comparison import comparison
from tui.terminal.abilities import Terminal

ASCII = Terminal(utf8=False)


async def scored(app: CnnTuiApp, pilot: Pilot[None]) -> EvaluatePane:
    """The pane, when it has the report."""
    await until(pilot, lambda: "accuracy" in shown(app, "scores"))
    pane = the_pane(app)
    assert isinstance(pane, EvaluatePane)
    return pane


def test_bars_are_as_high_as_the_share_that_is_right() -> None:
    p = np.array([[0.65, 0.35]] * 10 + [[0.95, 0.05]] * 10)
    labels = np.array([0] * 5 + [1] * 5 + [0] * 10)
    found = calibration(p, labels, 10)
    grid = reliability(found, 65, 24, ASCII)
    lines = grid.text().split("\n")
    high = next(y for y, line in enumerate(lines) if line.startswith("conf"))
    columns = {b: [line[5 + 6 * b] for line in lines[:high]] for b in range(10)}
    assert sum(sign in "#=" for sign in columns[9]) == high
    filled = [y for y, sign in enumerate(columns[6]) if sign == "#"]
    assert high - min(filled) == pytest.approx(high / 2, abs=1)
    assert columns[6].index("=") == pytest.approx(0.35 * high, abs=1)
    assert set(columns[3]) == {" "}
    counts = lines[high + 1].split()
    assert counts == ["n", "10", "10"]
    assert f"{found.error:.4f}" in grid.text()


@pytest.mark.parametrize("size", [(52, 19), (110, 40), (20, 5), (4, 2), (1, 1)])
@pytest.mark.parametrize("terminal", [ASCII, Terminal(), Terminal(name="linux", colours=16)])
def test_the_diagram_fits_every_place(size: tuple[int, int], terminal: Terminal) -> None:
    rng = np.random.default_rng(0)
    found = calibration(rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200))
    grid = reliability(found, *size, terminal)
    assert grid.size == size
    assert terminal.unicode or grid.text().isascii()
    empty = calibration(np.empty((0, 3)), np.empty(0, np.int64))
    assert "0.0000" in reliability(empty, 60, 20, terminal).text()


def test_a_comparison_counts_and_judges() -> None:
    labels = np.zeros(100, np.int64)
    a, b = labels.copy(), labels.copy()
    a[:5], b[3:30] = 1, 1
    text = comparison(agreement(labels, a, b), ("one", "two"), 1, 60, ASCII).text()
    found = " ".join(text.split())
    for words in ("both right 70 > only A right 25", "only B right 3 neither right 2"):
        assert words in found
    assert "A 95.00%, B 73.00% of 100" in text
    assert "hardly chance" in text


async def test_c_shows_how_honest_the_network_is(runs: Path) -> None:
    async with an_app(runs, "evaluate") as (app, pilot):
        await scored(app, pilot)
        report = json.loads(Run(next(runs.iterdir())).report_path.read_text())
        await pressed(pilot, "c")
        assert f"{report['calibration']['error']:.4f}" in shown(app, "matrix")
        await pressed(pilot, "enter", "j")
        await pressed(pilot, "escape")
        assert "confusion" in shown(app, "matrix")


@pytest.mark.parametrize("size", [(80, 24), WIDE])
async def test_another_run_is_compared(
    runs: Path, trained: Run, digits: Dataset, size: tuple[int, int]
) -> None:
    other = Run(runs / "2020-01-01T00-00-00-other")
    shutil.copytree(trained.path, other.path)
    model = load_model(trained)
    p = model.predict(digits.test.images)
    changed = np.roll(p, 1, axis=0)  # the predictions of another image: often wrong, not always
    write_report(other, evaluate(changed, digits.test.labels, digits.classes, keep=2000))
    expected = agreement(digits.test.labels, p.argmax(axis=1), changed.argmax(axis=1))
    for run in (r for r in runs.iterdir() if r != other.path):
        this = Run(run)
    async with an_app(runs, attach=False, size=size) as (app, pilot):
        app.show_run(this)
        await app.action_show_pane("evaluate")
        pane = await scored(app, pilot)
        await pressed(pilot, "o")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pressed(pilot, "enter")
        await until(pilot, lambda: pane.agreement is not None)
        await pilot.pause()
        text = shown(app, "matrix")
        assert f"only A right  {len(expected.first):>7}" in text
        assert f"only B right  {len(expected.second):>7}" in text
        await pressed(pilot, "j", "h", "enter", "l")
        index = int(expected.second[1])
        assert f">{index} {digits.test.labels[index]}" in shown(app, "matrix")
        await pressed(pilot, "enter")
        assert the_pane(app).pane_name == "features"
        assert app.session.sample.index == index
        await pressed(pilot, "5", "escape", "escape")
        assert pane.view == "confusion"


async def test_a_run_on_other_data_is_not_compared(runs: Path, trained: Run) -> None:
    this = Run(next(runs.iterdir()))
    other = Run(runs / "2020-01-01T00-00-00-other")
    shutil.copytree(trained.path, other.path)
    description = other.description()
    description["data"] |= {"sha256": "0" * 64, "name": "pictures"}
    other.describe(description)
    async with an_app(runs, attach=False) as (app, pilot):
        app.show_run(this)
        await app.action_show_pane("evaluate")
        pane = await scored(app, pilot)
        await pressed(pilot, "o")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pressed(pilot, "enter")
        await until(pilot, lambda: bool(pane.compare_problem))
        assert "one on pictures" in " ".join(shown(app, "matrix").split())


async def test_alone_there_is_nothing_to_compare_with(runs: Path) -> None:
    async with an_app(runs, "evaluate") as (app, pilot):
        await scored(app, pilot)
        await pressed(pilot, "o")
        await until(pilot, lambda: "no other run" in shown(app, "status"))


async def test_the_score_without_wrong_labels_is_shown(runs: Path, digits: Dataset) -> None:
    """Images with MNIST's test labels where it matters, and a report on them."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 10_000).astype(np.uint8)
    p = np.full((10_000, 10), 0.02)
    for error in MNIST_TEST_ERRORS:
        labels[error.index] = error.given
    predicted = labels.astype(np.int64)
    predicted[:40] = (predicted[:40] + 1) % 10
    predicted[947], predicted[1621] = 9, 6
    p[np.arange(10_000), predicted] = 0.82
    run = Run(next(runs.iterdir()))
    write_report(run, evaluate(p, labels, digits.classes))
    test = Split(np.zeros((10_000, 1, 28, 28), np.uint8), labels)
    dataset = Dataset("m", "m", digits.train, test, digits.classes, "here")
    async with an_app(runs, size=WIDE) as (app, pilot):
        app.session.use_dataset(dataset)
        await app.action_show_pane("evaluate")
        pane = await scored(app, pilot)
        await until(pilot, lambda: pane.corrected is not None)
        await pilot.pause()
        found = corrected_accuracy(labels, predicted)
        assert found.fixed == (947, 1621)
        assert f"{100 * found.accuracy:.2f}%" in shown(app, "scores")
        assert "2 label errors fixed" in shown(app, "scores")
        assert "5 left out" in shown(app, "scores")
