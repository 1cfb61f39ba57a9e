"""Features: from all maps to one pixel, to the arithmetic of it, and back to the image."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
from pane_driver import WIDE, an_app, pressed, shown, the_pane, until
from textual.pilot import Pilot

from cnnlib.explain import Trace
from data import Dataset
from tui.app.app import CnnTuiApp
from tui.experiment import load_model
from tui.panes.features import FeaturesPane
from tui.render.number_tables import figure


async def looked(app: CnnTuiApp, pilot: Pilot[None]) -> FeaturesPane:
    """The pane, when the network has answered."""
    await until(pilot, lambda: "predicted" in shown(app, "context"))
    pane = the_pane(app)
    assert isinstance(pane, FeaturesPane)
    return pane


async def test_enter_leads_from_the_maps_to_a_pixel_and_its_numbers(
    runs: Path, digits: Dataset
) -> None:
    async with an_app(runs, "features") as (app, pilot):
        await looked(app, pilot)
        trace = Trace(load_model(app.session.run), digits.test.images[0])
        await pressed(pilot, "l", "l", "enter")
        values = trace.outputs["conv1"][2]
        row, column = np.unravel_index(values.argmax(), values.shape)
        assert f"row {row}, column {column}: {values.max():.4f}" in shown(app, "maps")
        await pressed(pilot, "h", "k")
        row, column = row - 1, column - 1
        value = figure(float(values[row, column]))
        assert f"row {row}, column {column}: " in shown(app, "maps")
        await pressed(pilot, "enter")
        text = shown(app, "maps")
        assert f"conv1 map 2, row {row}, column {column}" in text
        assert f"= {value}" in text
        for word in ("patch", "kernel", "products", "bias", "then relu1"):
            assert word in text
        await pressed(pilot, "enter")  # the middle of the patch: a pixel of the image
        assert "of 255" in shown(app, "maps")
        await pressed(pilot, "enter")
        assert "image" in shown(app, "maps")
        await pressed(pilot, "escape")
        assert "patch" in shown(app, "maps")
        await pressed(pilot, "escape")
        assert f"row {row}, column {column}: " in shown(app, "maps")
        await pressed(pilot, "escape")
        assert ">2" in shown(app, "maps")


async def test_a_class_is_walked_back_to_a_pixel(runs: Path) -> None:
    async with an_app(runs, "features", size=WIDE) as (app, pilot):
        pane = await looked(app, pilot)
        await pressed(pilot, "left_square_bracket", "a")
        assert "dense1 unit 0" in shown(app, "maps")
        for _ in range(12):
            await pressed(pilot, "enter")
            assert pane.walk is not None
            if pane.walk.at_image:
                break
        assert "of 255" in shown(app, "maps")
        way = [place.layer for place in pane.walk.way]
        assert way[0] == "dense1"
        assert way[-1] == "image"
        await pressed(pilot, "backspace")
        assert "conv1 map" in shown(app, "maps")
        await pressed(pilot, "right_square_bracket", "j", "l")
        await pressed(pilot, "a")
        assert re.search(r"conv1 +1/6", shown(app, "maps"))
        assert pane.view.zoomed


async def test_other_images_and_weights_are_looked_at_in_the_same_place(
    runs: Path, digits: Dataset
) -> None:
    folder = next(runs.iterdir()) / "checkpoints"
    shutil.copy(folder / "last.safetensors", folder / "epoch-001.safetensors")
    async with an_app(runs, "features") as (app, pilot):
        pane = await looked(app, pilot)
        await pressed(pilot, "a")
        before = pane.walk.parts.value
        place = pane.walk.place
        await pressed(pilot, "full_stop")
        await until(pilot, lambda: pane.walk.parts.value != before)
        trace = Trace(load_model(app.session.run), digits.test.images[1])
        assert pane.walk.place == place
        assert f"= {figure(trace.value(place))}" in shown(app, "maps")
        await pressed(pilot, "w")
        assert "epoch-001 weights, of best, epoch-001, last" in shown(app, "status")
        await until(pilot, lambda: pane.answered.source.which == "epoch-001")
        assert f"= {figure(trace.value(place))}" in shown(app, "maps")
        await pressed(pilot, "W", "W")
        await until(pilot, lambda: pane.answered.source.which == "last")


async def test_filters_have_no_arithmetic_and_say_so(runs: Path) -> None:
    async with an_app(runs, "features") as (app, pilot):
        pane = await looked(app, pilot)
        await pressed(pilot, "f", "a")
        assert pane.walk is None
        assert "f shows them" in shown(app, "status")
        await pressed(pilot, "r")
        assert "no run trains" in shown(app, "status")
