"""Mistakes: which pixels speak for a class, images like it, notes, wrong labels, the CSV file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from pane_driver import WIDE, an_app, pressed, shown, the_pane, until
from textual.pilot import Pilot

from cnnlib import explain
from cnnlib.explain import MNIST_TEST_ERRORS
from cnnlib.runs import Run
from data import Dataset, Split
from tui.app.app import CnnTuiApp
from tui.experiment import load_model
from tui.inspection.inspector import METHODS, Inspector
from tui.inspection.sources import source_of
from tui.panes.mistakes import MistakesPane


async def listed(app: CnnTuiApp, pilot: Pilot[None]) -> MistakesPane:
    """The pane, when it has its list."""
    await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
    pane = the_pane(app)
    assert isinstance(pane, MistakesPane)
    return pane


async def test_o_says_which_pixels_speak_for_the_class(runs: Path, digits: Dataset) -> None:
    async with an_app(runs, "mistakes") as (app, pilot):
        pane = await listed(app, pilot)
        before = app.query_one("#mistake").grid
        mistake = pane.mistakes()[0]
        image = digits.test.images[mistake.index]
        model = load_model(app.session.run)
        for method in METHODS:
            await pressed(pilot, "o")
            await until(pilot, lambda: pane.heat is not None)
            assert f"{method} for {mistake.predicted}" in shown(app, "mistake")
            assert not before.equals(app.query_one("#mistake").grid)
            heat = pane.heat
            assert heat.shape == (28, 28)
            assert heat.min() >= 0
            assert heat.max() == pytest.approx(1)
            if method == "gradient":
                found = np.abs(explain.gradient(model, image, mistake.predicted))[0]
                np.testing.assert_allclose(heat, found / found.max(), atol=1e-5)
        await pressed(pilot, "O")
        await until(pilot, lambda: pane.heat is not None)
        assert f"for {mistake.label}" in shown(app, "mistake")
        await pressed(pilot, "j")  # asked anew for the next one
        await until(pilot, lambda: pane.heat is not None)
        await pressed(pilot, "escape")
        assert pane.method is None


@pytest.mark.parametrize("size", [(80, 24), WIDE])
async def test_n_shows_the_nearest_training_images(
    runs: Path, digits: Dataset, size: tuple[int, int]
) -> None:
    async with an_app(runs, "mistakes", size=size) as (app, pilot):
        pane = await listed(app, pilot)
        await pressed(pilot, "n")
        await until(pilot, lambda: pane.neighbours is not None)
        mistake = pane.mistakes()[0]
        found = explain.nearest_images(
            load_model(app.session.run),
            digits.test.images[mistake.index],
            digits.train.images,
            count=12,
        )
        np.testing.assert_array_equal(pane.neighbours.indices, found.indices)
        text = shown(app, "mistake")
        assert f"{digits.train.labels[found.indices[0]]} {found.distances[0]:.1f}" in text
        await pressed(pilot, "escape")
        assert not pane.with_neighbours
        assert "nearest training" not in shown(app, "mistake")


def test_neighbours_are_given_up_and_gone_on_with(trained: Run, digits: Dataset) -> None:
    source = source_of(trained, "", digits)
    inspector, image = Inspector(), digits.test.images[3]
    seen: list[int] = []

    def told(until: int):
        return lambda done: seen.append(done) or done < until

    assert inspector.neighbours(source, image, digits.train, "h", told(640)) is None
    assert seen[-1] == 640
    found = inspector.neighbours(source, image, digits.train, "h", told(10**9))
    assert seen == sorted(set(seen))  # no image was passed twice
    assert seen[-1] == len(digits.train)
    again = inspector.neighbours(source, image, digits.train, "h", told(0))
    np.testing.assert_array_equal(found.indices, again.indices)
    whole = explain.nearest_images(load_model(trained), image, digits.train.images, count=12)
    np.testing.assert_array_equal(found.indices, whole.indices)


async def test_marks_and_notes_are_kept_in_the_run_and_exported(
    runs: Path, digits: Dataset
) -> None:
    async with an_app(runs, "mistakes") as (app, pilot):
        pane = await listed(app, pilot)
        first, second = (m.index for m in pane.mistakes()[:2])
        await pressed(pilot, "space", "j", "i", *"odd", "space", "number_sign", *"ink", "enter")
        assert "odd #ink" in shown(app, "mistake")
        rows = shown(app, "mistakes-list").split("\n")
        assert f"{first}  *" in rows[2]
        assert f'{second}  "' in rows[3]
        await pressed(pilot, "i", "x", "escape")
        assert "odd #ink" in shown(app, "mistake")
        await pressed(pilot, "w")
        path = app.session.run.exports / "mistakes.csv"
        assert "mistakes.csv" in app.clipboard
        written = list(csv.DictReader(io.StringIO(path.read_text())))
        assert [int(row["index"]) for row in written] == [m.index for m in pane.mistakes()]
        assert written[0]["marked"] == "1"
        assert written[1]["tags"] == "ink"
    async with an_app(runs, "mistakes") as (app, pilot):
        pane = await listed(app, pilot)
        assert pane.note_of(first).marked
        assert pane.note_of(second).text == "odd #ink"
        kept = json.loads((app.session.run.path / "notes.json").read_text())
        assert list(kept) == [digits.sha256]


async def test_notes_that_cannot_be_read_or_kept_are_named(runs: Path) -> None:
    path = next(runs.iterdir()) / "notes.json"
    path.write_text("[]")
    async with an_app(runs, "mistakes") as (app, pilot):
        pane = await listed(app, pilot)
        assert any("notes.json" in notice.message for notice in app._notifications)
        await pressed(pilot, "space", "i", "w")
        assert not pane.note_of(pane.mistakes()[0].index).marked
        assert path.read_text() == "[]"


async def test_wrong_labels_of_mnist_are_flagged(runs: Path, digits: Dataset) -> None:
    """Blank images with MNIST's labels: the network is wrong about nearly all of them."""
    labels = np.zeros(10_000, np.uint8)
    for error in MNIST_TEST_ERRORS:
        labels[error.index] = error.given
    test = Split(np.repeat(digits.test.images[:1], 10_000, axis=0), labels)
    dataset = Dataset("m", "m", digits.train, test, digits.classes, "here")
    Run(next(runs.iterdir())).report_path.unlink()
    async with an_app(runs) as (app, pilot):
        app.session.use_dataset(dataset)
        await app.action_show_pane("mistakes")
        await listed(app, pilot)
        pane = the_pane(app)
        assert isinstance(pane, MistakesPane)
        found = pane.corrected()
        assert found is not None
        assert len(found.dropped) == 5
        words = f"{100 * found.published:.2f}% ({100 * found.accuracy:.2f}% corrected)"
        assert words in shown(app, "mistakes-list")
        await pressed(pilot, "slash", *"t=8", "enter")
        lines = shown(app, "mistakes-list").split("\n")
        assert any("947  !" in line for line in lines)
        assert "0 say 8, 5 say 9" in shown(app, "mistake")
