"""The panes through Textual's Pilot, on real digits and a run that was really trained."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pane_driver import SIZE, WIDE, an_app, pressed, shown, the_pane, until
from PIL import Image
from textual.pilot import Pilot
from textual.widgets import TextArea

import data
from cnnlib.architectures import ARCHITECTURES
from cnnlib.model import Sequential
from cnnlib.runs import Run
from data import Dataset
from tui.app.app import CnnTuiApp
from tui.experiment import load_model
from tui.inspection.inspector import Inspector
from tui.inspection.sources import source_of
from tui.panes.mistakes import MistakesPane
from tui.terminal.abilities import Terminal
from tui.widgets.cellgrid import CellGrid


async def described(app: CnnTuiApp, pilot: Pilot[None]) -> None:
    """Wait for the description of the data."""
    await until(pilot, lambda: "reading" not in shown(app, "facts"))


async def test_escape_takes_a_message_off_the_pane(runs: Path) -> None:
    async with an_app(runs, "train") as (app, pilot):
        app.say("a reason that is longer than the status line is wide " * 2, "error")
        await pilot.pause()
        assert len(app._notifications) == 1
        await pressed(pilot, "escape")
        assert len(app._notifications) == 0


# Data


async def test_data_says_what_the_set_is(runs: Path, digits: Dataset) -> None:
    async with an_app(runs, "data", attach=False) as (app, pilot):
        await described(app, pilot)
        text = shown(app, "facts")
        known = data.describe(digits)
        assert "mnist-5k" in text
        assert "4 000 train, 1 000 test" in text
        assert "1x28x28 grey, uint8" in text
        assert f"mean {known.pixels.loc['train', 'mean'] / 255:.3f}".replace("0.", ".") in text
        assert digits.sha256[:20] in text
        assert "0 within splits, 0 test in train" in text
        for line in (f"{digit}" + " " * 8 + "400  10.0%" for digit in range(10)):
            assert line in text


async def test_data_walks_through_images_of_one_class(runs: Path, digits: Dataset) -> None:
    async with an_app(runs, "data", attach=False) as (app, pilot):
        session = app.session
        await pressed(pilot, "l", "full_stop", "h")
        assert session.sample.index == 1
        await pressed(pilot, "c", "c", "c", "c")  # all, 0, 1, 2, 3
        assert digits.test.labels[session.sample.index] == 3
        first = session.sample.index
        await pressed(pilot, "right")
        assert session.sample.index > first
        assert digits.test.labels[session.sample.index] == 3
        assert "label 3" in shown(app, "sample")
        await pressed(pilot, "s")
        assert session.sample.split == "train"
        assert digits.train.labels[session.sample.index] == 3
        await pressed(pilot, "escape", "G")
        assert session.sample.index == len(digits.train) - 1
        await pressed(pilot, "right")
        assert session.sample.index == 0


async def test_data_shows_mean_images_and_neighbours_where_there_is_room(runs: Path) -> None:
    async with an_app(runs, "data", attach=False, size=WIDE) as (app, pilot):
        await described(app, pilot)
        assert app.query_one("#sheet").display
        assert app.query_one("#means").display
        await until(pilot, lambda: "▀" in shown(app, "means"))
        assert "▀" in shown(app, "sheet")


async def test_data_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    app = CnnTuiApp(Terminal(), data="mnits", runs=tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: bool(app.session.dataset_error))
        await pilot.pause(0.6)
        assert "mnits" in shown(app, "facts")
        for pane in ("model", "features", "evaluate", "mistakes", "runs"):
            await app.action_show_pane(pane)
            await pilot.pause()


# Model


async def test_model_shows_shapes_and_sizes(runs: Path) -> None:
    async with an_app(runs, "model", attach=False) as (app, pilot):
        await until(pilot, lambda: "total" in shown(app, "layers"))
        model = Sequential.parse(ARCHITECTURES["lenet"], (1, 28, 28))
        lines = shown(app, "layers").split("\n")
        for row in model.summary():
            line = next(line for line in lines if f" {row.name} " in line)
            assert "x".join(str(axis) for axis in row.output_shape) in line
        assert "the shapes fit" in shown(app, "diagnostics")


async def test_model_is_edited_checked_and_applied(runs: Path) -> None:
    async with an_app(runs, "model", attach=False) as (app, pilot):
        editor = app.query_one(TextArea)
        before = app.session.settings.architecture
        await pressed(pilot, "i")
        assert editor.has_focus
        await pressed(pilot, *"Con")  # letters and digits are text now
        assert editor.text.startswith("Con")
        await until(pilot, lambda: "wrong" in shown(app, "diagnostics"))
        assert "line 1" in shown(app, "diagnostics")
        await pressed(pilot, "f2")
        assert app.session.settings.architecture == before
        await pressed(pilot, "backspace", "backspace", "backspace")
        editor.text = "Flatten()\nDense(10)\n"
        await until(pilot, lambda: "7850" in shown(app, "layers"))
        await pressed(pilot, "f2", "escape")
        assert app.session.settings.architecture == "Flatten()\nDense(10)\n"
        assert not editor.has_focus
        await pressed(pilot, "1")
        assert app.current_pane is not None
        assert app.current_pane.pane_name == "data"


async def test_model_takes_presets_and_reverts(runs: Path) -> None:
    async with an_app(runs, "model", attach=False) as (app, pilot):
        editor, applied = app.query_one(TextArea), app.session.settings.architecture
        await pressed(pilot, "P", "j", "enter")
        assert editor.text == list(ARCHITECTURES.values())[1]
        assert app.session.settings.architecture == applied
        await pressed(pilot, "u")
        assert editor.text == applied


async def test_model_wants_as_many_outputs_as_classes(runs: Path) -> None:
    async with an_app(runs, "model", attach=False) as (app, pilot):
        app.query_one(TextArea).text = "Flatten()\nDense(7)\n"
        await until(pilot, lambda: "wrong" in shown(app, "diagnostics"))
        assert "10" in shown(app, "diagnostics")


# Features


async def looked(app: CnnTuiApp, pilot: Pilot[None]) -> None:
    """Wait for the network's answer."""
    await until(pilot, lambda: "predicted" in shown(app, "context"))


async def test_features_show_the_maps_of_the_trained_network(runs: Path, digits: Dataset) -> None:
    async with an_app(runs, "features") as (app, pilot):
        await looked(app, pilot)
        model = load_model(app.session.run)
        probabilities = model.predict(digits.test.images[:1])[0]
        context = shown(app, "context")
        assert f"predicted {probabilities.argmax()}" in context
        assert f"{probabilities.max():.3f}"[1:] in context
        assert "best weights 1/" in context
        assert "conv1  1/6" in shown(app, "maps")
        assert "▀" in shown(app, "maps")
        await pressed(pilot, "n")
        assert "conv2  3/6" in shown(app, "maps")
        await pressed(pilot, "right_square_bracket", "right_square_bracket")
        assert "globalpool1" in shown(app, "maps")
        await pressed(pilot, "full_stop")
        await until(pilot, lambda: "test #1" in shown(app, "context"))


async def test_features_show_filters_zoom_and_pages(runs: Path) -> None:
    async with an_app(runs, "features") as (app, pilot):
        await looked(app, pilot)
        await pressed(pilot, "f")
        assert "8 filters of 1x3x3" in shown(app, "maps")
        await pressed(pilot, "f", "l")
        assert ">1" in shown(app, "maps")
        await pressed(pilot, "enter")
        zoomed = shown(app, "maps")
        assert ">" not in zoomed.split("\n", 1)[1]
        await pressed(pilot, "escape", "plus", "plus", "plus", "plus", "G")
        assert ">7" in shown(app, "maps")
        assert ">0" not in shown(app, "maps")


async def test_features_without_a_run_show_an_untrained_network(runs: Path) -> None:
    async with an_app(runs, "features", attach=False) as (app, pilot):
        await looked(app, pilot)
        assert "an untrained network" in shown(app, "context")


async def test_features_of_a_damaged_checkpoint_say_so(runs: Path) -> None:
    for path in next(runs.iterdir()).glob("checkpoints/*.safetensors*"):
        path.write_bytes(b"\x08\0\0\0\0\0\0\0junkjunk")
    async with an_app(runs, "features") as (app, pilot):
        await until(pilot, lambda: "safetensors" in shown(app, "maps").replace("\n", ""))


# Evaluate and Mistakes


async def test_evaluate_shows_the_report(runs: Path) -> None:
    async with an_app(runs, "evaluate") as (app, pilot):
        await until(pilot, lambda: "accuracy" in shown(app, "scores"))
        report = json.loads(Run(next(runs.iterdir())).report_path.read_text())
        scores, matrix = shown(app, "scores"), shown(app, "matrix")
        assert f"{100 * report['accuracy']:.2f}%" in scores
        low, high = report["accuracy_interval"]
        assert f"{100 * low:.2f}-{100 * high:.2f}%" in scores
        assert f"{report['loss']:.4f}" in scores
        row = report["per_class"]["1"]
        line = next(line for line in scores.split("\n") if line.startswith("1 "))
        for name in ("precision", "recall", "f1"):
            assert f"{row[name]:.3f}".removeprefix("0") in line
        for truth, counts in enumerate(report["confusion"]):
            line = matrix.split("\n")[truth + 2].replace("[", " ").replace("]", " ")
            assert [int(word.replace("·", "0")) for word in line.split()] == [truth, *counts]


async def test_a_cell_of_the_matrix_opens_its_mistakes(runs: Path) -> None:
    async with an_app(runs, "evaluate") as (app, pilot):
        await until(pilot, lambda: "accuracy" in shown(app, "scores"))
        report = json.loads(Run(next(runs.iterdir())).report_path.read_text())
        wrong = np.array(report["confusion"])
        np.fill_diagonal(wrong, 0)
        await pressed(pilot, "n")
        truth, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
        assert f"{truth} taken for {predicted}: {wrong.max()} of" in shown(app, "matrix")
        await pressed(pilot, "enter")
        assert the_pane(app).pane_name == "mistakes"
        await until(pilot, lambda: f"t={truth} p={predicted}" in shown(app, "mistakes-list"))
        listed = [line.split() for line in shown(app, "mistakes-list").split("\n")[2:]]
        rows = [line for line in listed if len(line) >= 5 and line[-1].replace(".", "").isdigit()]
        assert rows
        assert all((row[-4], row[-3]) == (str(truth), str(predicted)) for row in rows)


async def test_the_matrix_is_walked_and_scaled(runs: Path) -> None:
    async with an_app(runs, "evaluate") as (app, pilot):
        await until(pilot, lambda: "accuracy" in shown(app, "scores"))
        await pressed(pilot, "j", "j", "l", "up")
        assert "1 right: " in shown(app, "matrix")
        await pressed(pilot, "y")
        assert "% of the true class" in shown(app, "matrix")
        await pressed(pilot, "s")
        await until(pilot, lambda: "validation" in shown(app, "scores"))


async def test_mistakes_are_listed_sorted_and_filtered(runs: Path, digits: Dataset) -> None:
    async with an_app(runs, "mistakes") as (app, pilot):
        await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
        report = json.loads(Run(next(runs.iterdir())).report_path.read_text())
        worst = report["mistakes"][0]
        assert f"test #{worst['index']}" in shown(app, "mistake")
        await pressed(pilot, "j")
        second = report["mistakes"][1]
        detail = shown(app, "mistake")
        assert f"true {second['label']}  predicted {second['predicted']}" in detail
        assert app.session.sample.index == second["index"]
        assert digits.test.labels[second["index"]] == second["label"]
        await pressed(pilot, "s", "g")
        pane = the_pane(app)
        assert isinstance(pane, MistakesPane)
        await until(pilot, lambda: len(pane.mistakes()) == report["mistakes_total"])
        await pressed(pilot, "g")  # the surest of all, not only of those in the report
        seen = load_model(app.session.run).predict(digits.test.images)
        wrong = np.flatnonzero(seen.argmax(axis=1) != digits.test.labels)
        surest = int(wrong[seen[wrong].max(axis=1).argmax()])
        assert f"test #{surest}" in shown(app, "mistake")
        await pressed(pilot, "slash", *"t=7", "enter")
        assert "t=7" in shown(app, "mistakes-list")
        assert "true 7" in shown(app, "mistake")
        await pressed(pilot, "escape")
        assert "t=7" not in shown(app, "mistakes-list")


async def test_a_filter_that_makes_no_sense_is_refused(runs: Path) -> None:
    async with an_app(runs, "mistakes") as (app, pilot):
        await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
        await pressed(pilot, "slash", *"q=7", "enter")
        assert app.session.mistakes_filter == ""
        assert "t=2 p=7" in app.query_one("#status", CellGrid).grid.text()
        await pressed(pilot, "escape")
        assert not app.query_one("#filter").has_focus


async def test_mistakes_open_their_maps(runs: Path) -> None:
    async with an_app(runs, "mistakes") as (app, pilot):
        await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
        await pressed(pilot, "j", "j", "m")
        assert the_pane(app).pane_name == "features"
        index = app.session.sample.index
        await until(pilot, lambda: f"test #{index}" in shown(app, "context"))


async def test_before_the_report_the_checkpoint_is_asked(runs: Path, digits: Dataset) -> None:
    run = Run(next(runs.iterdir()))
    run.report_path.unlink()
    async with an_app(runs, "mistakes") as (app, pilot):
        await until(pilot, lambda: "wrong" in shown(app, "mistakes-list"))
        probabilities = load_model(run).predict(digits.test.images)
        wrong = int((probabilities.argmax(axis=1) != digits.test.labels).sum())
        assert f"of {wrong} wrong" in shown(app, "mistakes-list")


async def test_a_damaged_report_is_named(runs: Path) -> None:
    Run(next(runs.iterdir())).report_path.write_text('{"accuracy": 1}')
    async with an_app(runs, "mistakes") as (app, pilot):
        await until(pilot, lambda: "Evaluate the run again" in flat(shown(app, "mistakes-list")))


def flat(text: str) -> str:
    """A wrapped message in one line."""
    return " ".join(text.split())


# Runs


async def test_runs_lists_what_is_there_and_opens_it(runs: Path, trained: Run) -> None:
    (runs / "2020-01-01T00-00-00-broken").mkdir()
    async with an_app(runs, "runs", attach=False) as (app, pilot):
        await until(pilot, lambda: trained.id in shown(app, "runs-list"))
        report = json.loads(trained.report_path.read_text())
        text = shown(app, "runs-list")
        line = next(line for line in text.split("\n") if trained.id in line)
        assert "finished" in line
        assert "mnist-5k" in line
        assert "1/1" in line
        assert f"{100 * report['accuracy']:.2f}%" in line
        assert "damaged" in next(line for line in text.split("\n") if "broken" in line)
        await pressed(pilot, "G", "enter")
        assert app.session.run is None
        await pressed(pilot, "k", "enter")
        assert app.session.run is not None
        assert app.session.run.id == trained.id
        await until(pilot, lambda: app.session.series.ended is not None)
        await pressed(pilot, "5")
        await until(pilot, lambda: "accuracy" in shown(app, "scores"))


async def test_on_a_narrow_terminal_runs_can_be_told_apart(runs: Path, trained: Run) -> None:
    names = ("2020-01-01T08-09-10-first", "2020-01-01T08-09-11-second")
    for name in names:
        shutil.copytree(trained.path, runs / name)
    async with an_app(runs, "runs", size=(60, 16), attach=False) as (app, pilot):
        await until(pilot, lambda: "finished" in shown(app, "runs-list"))
        for name in names:  # copied with the name that the run was given
            assert f"{name[11:19]} tiny" in shown(app, "runs-list")


async def test_while_no_run_is_shown_nothing_says_that_there_is_none(runs: Path) -> None:
    async with an_app(runs, "evaluate", attach=False) as (app, pilot):
        await until(pilot, lambda: "No run is shown" in flat(shown(app, "matrix")))
        status = app.query_one("#status", CellGrid).grid.text()
        assert status.strip() == "mnist-5k: 3 then r starts a run, 7 opens one"


async def test_an_empty_directory_says_how_to_begin(tmp_path: Path) -> None:
    async with an_app(tmp_path, "runs", attach=False) as (app, pilot):
        await until(pilot, lambda: "No run in" in shown(app, "runs-list"))


# Everywhere


@pytest.mark.parametrize(
    ("size", "terminal"),
    [
        ((60, 16), Terminal()),
        (SIZE, Terminal(utf8=False)),
        (SIZE, Terminal(colours=16)),
        (WIDE, Terminal(colours=0)),
    ],
)
async def test_every_pane_draws_on_every_terminal(
    runs: Path, size: tuple[int, int], terminal: Terminal
) -> None:
    async with an_app(runs, size=size, terminal=terminal) as (app, pilot):
        for digit in "1245671":
            await pressed(pilot, digit)
        await pressed(pilot, "4")
        await looked(app, pilot)
        grids = [grid.grid for grid in the_pane(app).query(CellGrid)]
        assert all(grid.width <= size[0] and grid.height <= size[1] for grid in grids)
        if not terminal.unicode:
            assert all(grid.text().isascii() for grid in grids)


async def test_colour_images_of_oddly_named_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = ["[red]fish[bold]", "a very long name of a class", "日本の犬"]
    for name in names:
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(0, 256, (12, 14, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{i}.png")
    app = CnnTuiApp(Terminal(), data=str(tmp_path / "pictures"), runs=tmp_path / "runs")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.session.dataset is not None)
        await described(app, pilot)
        assert "3x12x14 colour" in shown(app, "facts")
        await pressed(pilot, "c", "2")
        await until(pilot, lambda: "the shapes fit" in shown(app, "diagnostics"))
        assert "Dense(3)" in app.query_one(TextArea).text
        await pressed(pilot, "4")
        await looked(app, pilot)
        assert any(name[:6] in shown(app, "context") for name in names)


async def test_a_run_that_vanishes_breaks_nothing(runs: Path) -> None:
    async with an_app(runs) as (app, pilot):
        for digit in "4567":
            await pressed(pilot, digit)
        shutil.rmtree(next(runs.iterdir()))
        app.session.touch()
        for digit in "456734567":
            await pressed(pilot, digit)
            await pilot.pause(0.05)
        assert app.is_running


def test_the_inspector_answers_as_the_network_does(trained: Run, digits: Dataset) -> None:
    source = source_of(trained, "", digits)
    assert source.which == "best"
    assert source.trained
    inspector = Inspector()
    look = inspector.look(source, digits.test.images[5])
    model = load_model(trained)
    np.testing.assert_array_equal(look.probabilities, model.predict(digits.test.images[5:6])[0])
    for layer, (name, values) in zip(
        look.layers, model.activations(digits.test.images[5]), strict=True
    ):
        assert layer.name == name
        np.testing.assert_array_equal(layer.values, values)
    assert [look.layers[i].name for i in look.convolutions()] == ["conv1", "conv2"]
    report = inspector.report(source, "test", digits.test, digits.classes)
    assert inspector.report(source, "test", digits.test, digits.classes) is report
    written = json.loads(trained.report_path.read_text())
    assert report.confusion.tolist() == written["confusion"]


def test_a_new_checkpoint_is_another_source(runs: Path, digits: Dataset) -> None:
    run = Run(next(runs.iterdir()))
    before = source_of(run, "", digits)
    (run.checkpoints / "best.safetensors").touch()
    assert source_of(run, "", digits) != before
    for path in run.checkpoints.glob("*.safetensors*"):
        path.unlink()
    assert not source_of(run, "", digits).trained
