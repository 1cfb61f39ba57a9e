"""Reports that panes read or make: the panes agree, all mistakes are listed, long work is left."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from pane_driver import an_app, pressed, shown, the_pane, until

from cnnlib.model import Sequential
from cnnlib.report import evaluate
from cnnlib.runs import Run
from data import Dataset
from tui.experiment import load_model
from tui.experiment.evaluation import write_report
from tui.inspection.going_through import Passage, now_and_then
from tui.inspection.inspector import Inspector
from tui.inspection.sources import source_of
from tui.panes.evaluate import EvaluatePane
from tui.panes.features import FeaturesPane
from tui.panes.mistakes import MistakesPane


def the_run(runs: Path) -> Run:
    return Run(next(runs.iterdir()))


def wrong(run: Run, digits: Dataset) -> int:
    """How many test images the best network of a run gets wrong."""
    seen = load_model(run).predict(digits.test.images).argmax(axis=1)
    return int(np.count_nonzero(seen != digits.test.labels))


def test_a_passage_goes_on_where_it_was_left() -> None:
    images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    passage, seen = Passage("these"), []

    def make(some: np.ndarray):
        for start in range(0, len(some), 3):
            seen.append(int(some[start].item()))
            yield some[start : start + 3].reshape(-1, 1).astype(float)

    assert not passage.go_on(images, make, lambda done: done < 6)
    assert passage.count == 6
    assert passage.go_on(images, make, lambda done: True)
    assert seen == [0, 3, 6, 9]
    assert np.concatenate(passage.blocks).ravel().tolist() == list(range(10))
    assert passage.go_on(images, make, lambda done: False)
    assert seen == [0, 3, 6, 9]


def test_what_is_stopped_is_stopped_at_once() -> None:
    said: list[int] = []
    stopped = False
    told = now_and_then(said.append, lambda: stopped)
    assert told(1)
    stopped = True
    assert not told(2)
    assert not said


def test_predictions_are_given_up_and_gone_on_with(trained: Run, digits: Dataset) -> None:
    source, inspector, seen = source_of(trained, "", digits), Inspector(), []

    def told(most: int):
        return lambda done: seen.append(done) or done < most

    ask = (source, "d", digits.test, digits.classes)
    assert inspector.report(*ask, told(300)) is None
    assert seen[-1] < len(digits.test)
    report = inspector.report(*ask, told(10**9))
    assert seen == sorted(set(seen))  # no image was passed twice
    assert report.mistakes_total == wrong(trained, digits)
    assert len(report.mistakes) == report.mistakes_total
    assert inspector.report(*ask, told(0)) is report


async def test_a_run_that_was_stopped_shows_the_same_everywhere(
    runs: Path, digits: Dataset
) -> None:
    """It left no report: Evaluate and Mistakes both try its best weights on the test images."""
    run = the_run(runs)
    run.report_path.unlink()
    expected = wrong(run, digits)
    async with an_app(runs, "evaluate") as (app, pilot):
        await until(pilot, lambda: "so far" in shown(app, "scores"))
        right, total = re.search(r"(\d+)/(\d+)", shown(app, "scores")).groups()
        assert int(total) - int(right) == expected
        await pressed(pilot, "s")
        assert "validation" in shown(app, "scores")
        await pressed(pilot, "s")
        assert "so far" in shown(app, "scores")
        await pressed(pilot, "6")
        await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
        assert f"{expected} of {expected} wrong" in shown(app, "mistakes-list")
        assert "so far" in shown(app, "mistakes-list")


async def test_a_cell_of_the_matrix_counts_the_images_that_it_opens(
    runs: Path, digits: Dataset
) -> None:
    """Also where the report of the run lists only the hardest of its mistakes."""
    run = the_run(runs)
    probabilities = load_model(run).predict(digits.test.images)
    full = evaluate(probabilities, digits.test.labels, digits.classes, keep=10**6)
    write_report(run, evaluate(probabilities, digits.test.labels, digits.classes, keep=3))
    assert full.mistakes_total > 3
    async with an_app(runs, "evaluate") as (app, pilot):
        await until(pilot, lambda: "accuracy" in shown(app, "scores"))
        await pressed(pilot, "n", "n")
        pane = the_pane(app)
        assert isinstance(pane, EvaluatePane)
        row, column = pane.cursor
        await pressed(pilot, "enter")
        mistakes = the_pane(app)
        assert isinstance(mistakes, MistakesPane)
        await until(pilot, lambda: not mistakes.is_reading)
        assert len(mistakes.mistakes()) == full.confusion[row, column]
        await pressed(pilot, "escape")
        assert len(mistakes.mistakes()) == full.mistakes_total


async def test_escape_gives_up_trying_the_images_and_enter_goes_on(
    runs: Path, monkeypatch: pytest.MonkeyPatch, digits: Dataset
) -> None:
    run = the_run(runs)
    run.report_path.unlink()
    expected = wrong(run, digits)
    predict = Sequential.predict
    slow = True

    def predict_slowly(self: Sequential, images: np.ndarray) -> np.ndarray:
        time.sleep(0.1 if slow else 0.0)
        return predict(self, images)

    monkeypatch.setattr(Sequential, "predict", predict_slowly)
    monkeypatch.setattr("tui.inspection.inspector.BLOCK", 32)
    monkeypatch.setattr("tui.inspection.going_through.SECONDS", 0.0)
    async with an_app(runs, "mistakes") as (app, pilot):
        await until(pilot, lambda: "of 1 000 test images" in shown(app, "mistakes-list"))
        await pressed(pilot, "escape")
        assert "Given up after" in shown(app, "mistakes-list")
        slow = False
        await pressed(pilot, "enter")
        await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
        assert f"{expected} of {expected} wrong" in shown(app, "mistakes-list")


async def test_an_image_is_brought_to_all_its_maps(runs: Path) -> None:
    async with an_app(runs, "features") as (app, pilot):
        await until(pilot, lambda: "predicted" in shown(app, "context"))
        await pressed(pilot, "enter", "a")
        await pressed(pilot, "6")
        await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
        await pressed(pilot, "j", "m")
        pane = the_pane(app)
        assert isinstance(pane, FeaturesPane)
        assert pane.walk is None
        assert not pane.view.zoomed
        assert f"test #{app.session.sample.index}" in shown(app, "context")


async def test_mistakes_are_found_by_their_tag(runs: Path) -> None:
    async with an_app(runs, "mistakes") as (app, pilot):
        await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
        pane = the_pane(app)
        assert isinstance(pane, MistakesPane)
        chosen = pane.mistakes()[1].index
        await pressed(pilot, "j", "i", *"odd", "space", "number_sign", *"ink", "enter")
        await pressed(pilot, "slash", *"tag", "equals_sign", *"ink", "enter")
        assert [m.index for m in pane.mistakes()] == [chosen]
        await pressed(pilot, "i", *["backspace"] * 4, "enter")  # without the tag: no longer one
        assert not pane.mistakes()
        await pressed(pilot, "escape")
        assert (
            len(pane.mistakes())
            == json.loads(the_run(runs).report_path.read_text())["mistakes_total"]
        )
