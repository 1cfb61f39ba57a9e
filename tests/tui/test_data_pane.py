"""Data: means and spreads, augmentations, suspicions, another data set and another split."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pane_driver import WIDE, an_app, pressed, shown, the_pane, until
from PIL import Image
from textual.pilot import Pilot

import data
from cnnlib.augmentations import Augmentation
from cnnlib.text import family
from data import Dataset, Description, describe
from tui.app.app import CnnTuiApp
from tui.images.augmenting import pipelines, preview
from tui.panes.browsing import page_of
from tui.panes.data import DataPane
from tui.session import Sample
from tui.terminal.abilities import Terminal


async def described(app: CnnTuiApp, pilot: Pilot[None]) -> DataPane:
    """The pane, when the data are described."""
    pane = the_pane(app)
    assert isinstance(pane, DataPane)
    await until(pilot, lambda: pane.known is not None)
    await pilot.pause()
    return pane


def test_every_augmentation_is_previewed(digits: Dataset) -> None:
    assert pipelines("") == [repr(each()) for each in family(Augmentation).values()]
    assert pipelines("Shift(1), Noise(0.2)")[0] == "Shift(1), Noise(0.2)"
    assert pipelines("Shift()").count("Shift()") == 1
    for pipeline in pipelines("Shift(1), Noise(0.2)"):
        found = preview(digits.test.images[0], pipeline, 5, 0)
        assert found.shape == (5, 1, 28, 28)
        assert found.min() >= 0
        assert found.max() <= 1
        np.testing.assert_array_equal(found, preview(digits.test.images[0], pipeline, 5, 0))
        assert not np.array_equal(found, preview(digits.test.images[0], pipeline, 5, 1))


@pytest.mark.parametrize("size", [(80, 24), WIDE, (60, 16)])
async def test_a_walks_through_the_augmentations(runs: Path, size: tuple[int, int]) -> None:
    async with an_app(runs, "data", attach=False, size=size) as (app, pilot):
        pane = await described(app, pilot)
        for text in pipelines(""):
            await pressed(pilot, "a")
            assert f"{text} of test #0" in shown(app, "sample")
            assert "as it is" in shown(app, "sample")
        before = app.query_one("#sample").grid
        others = []
        for _ in range(8):
            await pressed(pilot, "R")
            others.append(app.query_one("#sample").grid)
        assert pane.roll == 8
        assert not all(before.equals(other) for other in others)
        await pressed(pilot, "l", "a")
        assert pane.view == "image"
        assert "test #1" in shown(app, "sample")


async def test_m_shows_means_spread_and_what_is_suspicious(runs: Path) -> None:
    async with an_app(runs, "data", attach=False) as (app, pilot):
        pane = await described(app, pilot)
        await pressed(pilot, "m")
        means = app.query_one("#sample").grid
        assert "the mean of each class" in shown(app, "sample")
        await pressed(pilot, "m")
        assert "the spread of each class" in shown(app, "sample")
        assert not means.equals(app.query_one("#sample").grid)
        await pressed(pilot, "m")
        assert "Nothing: no copies" in shown(app, "sample")
        await pressed(pilot, "n")
        assert "no image is suspicious" in shown(app, "status")
        await pressed(pilot, "escape")
        assert pane.view == "image"


def pictures(folder: Path) -> Path:
    """Pictures of three classes: one blank, two alike under two labels, one class rare."""
    rng = np.random.default_rng(0)
    for kind, count in (("ant", 20), ("bee", 20), ("cow", 5)):
        (folder / kind).mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / kind / f"{i:02d}.png")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "ant" / "03.png")
    (folder / "bee" / "07.png").write_bytes((folder / "ant" / "05.png").read_bytes())
    return folder


async def test_suspicious_images_are_walked_through(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "zoo")
    app = CnnTuiApp(Terminal(), data=str(folder), runs=tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.session.dataset is not None)
        pane = await described(app, pilot)
        await pressed(pilot, "m", "m", "m")
        text = " ".join(shown(app, "sample").split())
        assert "under another label" in text
        assert "nothing in" in text
        assert "times as many" in text
        images = {image for each in pane.suspicions for image in each.images}
        seen = set()
        for _ in images:
            await pressed(pilot, "n")
            seen.add((app.session.sample.split, app.session.sample.index))
        assert seen == images
        await pressed(pilot, "N")
        assert (app.session.sample.split, app.session.sample.index) in images


async def test_another_data_set_and_another_split_are_chosen(
    runs: Path, digits: Dataset, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "zoo")
    async with an_app(runs, "data", attach=False) as (app, pilot):
        await described(app, pilot)
        await pressed(pilot, "r", "backspace", *"7", "enter")
        await until(pilot, lambda: app.session.settings.split_seed == 7)
        assert app.session.dataset.sha256 == data.load("mnist-5k", seed=7).sha256
        await pressed(pilot, "d", "k", "enter")  # the last: a path
        await until(pilot, lambda: bool(app.screen.query("#answer")))
        app.screen.query_one("#answer").value = str(folder)
        await pressed(pilot, "enter")
        await until(pilot, lambda: app.session.settings.data == str(folder))
        assert app.session.dataset.classes == ("ant", "bee", "cow")
        assert app.session.settings.split_seed == 7
        await described(app, pilot)
        assert "ant" in shown(app, "facts")


async def test_a_data_set_that_is_not_there_leaves_the_one_shown(runs: Path) -> None:
    async with an_app(runs, "data", attach=False) as (app, pilot):
        await described(app, pilot)
        await pressed(pilot, "r", *"x", "enter")
        assert "A whole number" in str(app.screen.query_one("#wrong").render())
        await pressed(pilot, "escape")
        app.read_dataset("/nowhere", 0, keep=True)
        await until(pilot, lambda: any("nowhere" in n.message for n in app._notifications))
        assert app.session.dataset is not None
        assert app.session.settings.data == "mnist-5k"


async def test_what_is_found_out_while_the_pane_is_hidden_is_shown_later(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The description comes when another pane is seen, and nothing else changes after that."""
    waiting = threading.Event()

    def describe_late(dataset: Dataset) -> Description:
        assert waiting.wait(20)
        return describe(dataset)

    monkeypatch.setattr("tui.panes.describing.describe", describe_late)
    async with an_app(runs, attach=False) as (app, pilot):
        pane = the_pane(app)
        assert isinstance(pane, DataPane)
        await until(pilot, lambda: "pixels   reading" in shown(app, "facts"))
        await app.action_show_pane("model")
        waiting.set()
        await until(pilot, lambda: pane.known is not None)
        assert "reading" in shown(app, "facts")  # a hidden pane draws nothing
        await app.action_show_pane("data")
        await until(pilot, lambda: "reading" not in shown(app, "facts"))


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(1, 60), st.data())
def test_the_page_of_an_image_stays_as_it_is_stepped(
    numbers: set[int], most: int, drawn: st.DataObject
) -> None:
    members = np.array(sorted(numbers))
    index = drawn.draw(st.sampled_from(sorted(numbers)))
    page = page_of(members, Sample("test", index), most)
    assert index in page
    assert len(page) <= most
    for other in page:
        np.testing.assert_array_equal(page_of(members, Sample("test", int(other)), most), page)
