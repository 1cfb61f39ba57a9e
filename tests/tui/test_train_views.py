"""The Train pane's charts and its requests through Pilot, key by key."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cnnlib.runs import commands as asking
from cnnlib.runs.lock import RunLock
from tui.app.app import CnnTuiApp
from tui.drafting.form import texts_of, with_preset
from tui.following.follower import Follower
from tui.following.usage import Meter
from tui.panes.comparing import short_name
from tui.render.frame import run_line
from tui.render.naming import run_names
from tui.screens.ask import AskScreen
from tui.screens.mark import MarkScreen
from tui.screens.settings_form import SettingsScreen
from tui.settings.presets import PRESETS
from tui.terminal.abilities import Terminal
from tui.widgets.frame import StatusBar


async def settle(pilot, until, seconds: float = 8.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if until():
            break
        await pilot.pause(0.02)
    assert until()


@asynccontextmanager
async def training(tmp_path: Path, monkeypatch, fake, size=(100, 30)):
    """The Train pane on a run that a trainer is at work on."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with RunLock(fake.run):
        fake.begin()
        fake.train(50)
        app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs", attach=fake.run)
        async with app.run_test(size=size) as pilot:
            await settle(pilot, lambda: app.session.series.state == "training")
            await settle(pilot, lambda: app.session.series.step == 50)
            await pilot.pause(0.3)
            yield app, pilot


def asked(run) -> list[asking.Command]:
    return [request.command for request in asking.CommandReader(run.commands_path).poll()]


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("b", asking.StepBatch()),
        ("B", asking.StepEpoch()),
        ("w", asking.Snapshot()),
        ("E", asking.EvaluateNow()),
    ],
)
async def test_a_key_asks_the_trainer(tmp_path, monkeypatch, make_run, key, command):
    fake = make_run()
    async with training(tmp_path, monkeypatch, fake) as (_, pilot):
        await pilot.press(key)
        assert asked(fake.run) == [command]


async def test_a_run_is_abandoned_only_when_that_is_meant(tmp_path, monkeypatch, make_run):
    fake = make_run()
    async with training(tmp_path, monkeypatch, fake) as (_, pilot):
        await pilot.press("X", "enter")
        assert asked(fake.run) == []
        await pilot.press("X", "escape")
        assert asked(fake.run) == []
        await pilot.press("X", "down", "enter")
        await settle(pilot, lambda: asked(fake.run) == [asking.Abandon()])


async def test_the_rate_is_asked_for_and_checked_at_the_field(tmp_path, monkeypatch, make_run):
    fake = make_run()
    async with training(tmp_path, monkeypatch, fake) as (app, pilot):
        await pilot.press("R")
        await settle(pilot, lambda: isinstance(app.screen, AskScreen))
        answer = app.screen.query_one("#answer")
        assert answer.value == "0.006"
        for wrong in ("", "fast", "-1", "nan"):
            answer.value = wrong
            await pilot.press("enter")
            await pilot.pause()
            assert "expected a number above 0" in str(app.screen.query_one("#wrong").render())
        answer.value = "1e-3"
        await pilot.press("enter")
        await settle(pilot, lambda: asked(fake.run) == [asking.SetLearningRate(1e-3)])


async def test_the_cursor_reads_values_and_escape_ends_it(tmp_path, monkeypatch, make_run):
    async with training(tmp_path, monkeypatch, make_run()) as (app, pilot):
        loss = app.query_one("#train-loss")
        await pilot.press("left")
        assert loss.border_subtitle.startswith("step 50, epoch 3: ")
        await pilot.press("left", "h", "pageup")
        read = int(loss.border_subtitle.split()[1].rstrip(","))
        assert read < 50
        await pilot.press("right")
        assert read < int(loss.border_subtitle.split()[1].rstrip(",")) <= 50
        await pilot.press("escape")
        assert "epochs" in loss.border_subtitle
        await pilot.click("#train-loss", offset=(14, 5))
        assert loss.border_subtitle.startswith("step ")


async def test_zooming_panning_and_all_again(tmp_path, monkeypatch, make_run):
    async with training(tmp_path, monkeypatch, make_run()) as (app, pilot):
        view = lambda: app.current_pane.view  # noqa: E731
        await pilot.press("left_square_bracket")
        assert view().window is None
        await pilot.press("plus", "plus")
        first = view().window
        assert first[1] - first[0] == pytest.approx(0.75)
        await pilot.press("left_square_bracket")
        assert view().window[0] < first[0]
        await pilot.press("right_square_bracket", "minus", "0")
        assert view().window is None
        await pilot.press("plus", "escape")
        assert view().window is None


async def test_smoothing_and_scale_are_said_in_the_title(tmp_path, monkeypatch, make_run):
    async with training(tmp_path, monkeypatch, make_run()) as (app, pilot):
        await pilot.press("m", "y")
        assert app.query_one("#train-loss").border_title == "Loss (log), mean of 0.05 epoch"
        assert app.query_one("#train-accuracy").border_title == "Accuracy, mean of 0.05 epoch"


async def test_other_runs_are_chosen_and_drawn(tmp_path, monkeypatch, make_run):
    other = make_run(name="other")
    other.begin()
    other.train(30)
    other.end()
    fake = make_run()
    async with training(tmp_path, monkeypatch, fake, (160, 48)) as (app, pilot):
        await pilot.press("c")
        await settle(pilot, lambda: isinstance(app.screen, MarkScreen))
        await pilot.press("space")
        await settle(pilot, lambda: [run.id for run, _ in app.session.compared] == [other.run.id])
        await pilot.press("escape")
        loss = app.query_one("#train-loss")
        await settle(pilot, lambda: "other" in loss.grid.text().split("\n")[0])
        version = app.session.version
        await pilot.press("c")
        await settle(pilot, lambda: isinstance(app.screen, MarkScreen))
        await pilot.press("enter", "escape")
        await settle(pilot, lambda: app.session.compared == [])
        assert app.session.version > version


async def test_what_the_trainer_takes_is_shown(tmp_path, monkeypatch, make_run):
    async with training(tmp_path, monkeypatch, make_run()) as (app, pilot):
        figures = app.query_one("#train-figures")
        await settle(pilot, lambda: "% CPU" in figures.grid.text(), 12)


def test_a_process_is_measured_with_its_children(tmp_path):
    def process(pid: int, ticks: int, children: str = "") -> None:
        task = tmp_path / str(pid) / "task" / str(pid)
        task.mkdir(parents=True, exist_ok=True)
        task.joinpath("children").write_text(children)
        stat = f"{pid} (a ) name) S " + "0 " * 10 + f"{ticks} 0 " + "0 " * 20
        (tmp_path / str(pid) / "stat").write_text(stat)
        (tmp_path / str(pid) / "status").write_text("VmRSS:\t  100 kB\n")

    process(7, 0, "8 ")
    process(8, 0)
    meter = Meter(7, tmp_path)
    assert meter.read() is None
    process(7, 10 * os.sysconf("SC_CLK_TCK"), "8 ")
    usage = meter.read()
    assert usage.cores > 1
    assert usage.memory == 2 * 100 * 1024
    assert usage.processes == 2
    assert Meter(99, tmp_path).read() is None


def test_a_run_has_a_short_name(make_run):
    run = make_run(name="lenet").run
    assert short_name(run) == f"lenet {run.id[11:19].replace('-', ':')}"


async def test_the_form_gives_the_next_run_its_settings(tmp_path, monkeypatch, make_run):
    fake = make_run()
    async with training(tmp_path, monkeypatch, fake, (80, 24)) as (app, pilot):
        await pilot.press("S")
        await settle(pilot, lambda: isinstance(app.screen, SettingsScreen))
        form = app.screen
        form.query_one("#field-epochs").value = "many"
        form.query_one("#field-optimizer").value = "SGD(momentum=0.9)"
        await pilot.press("enter")
        await pilot.pause()
        wrong = form.query_one("#wrong-epochs")
        assert wrong.display
        assert "expected a whole number" in str(wrong.render())
        assert form.focused is form.query_one("#field-epochs")
        await pilot.press("down")
        assert form.focused is form.query_one("#field-batch_size")
        form.query_one("#field-epochs").value = "7"
        await pilot.press("f2")
        await settle(pilot, lambda: app.screen is app.main)
        settings = app.session.settings
        assert (settings.epochs, settings.optimizer) == (7, "SGD(momentum=0.9)")
        assert asked(fake.run) == []


async def test_a_rate_in_the_form_goes_to_the_trainer_too(tmp_path, monkeypatch, make_run):
    fake = make_run()
    async with training(tmp_path, monkeypatch, fake) as (app, pilot):
        await pilot.press("S")
        await settle(pilot, lambda: isinstance(app.screen, SettingsScreen))
        assert "now too" in {str(each.render()) for each in app.screen.query(".when")}
        app.screen.query_one("#field-rate").value = "0.001"
        await pilot.press("enter")
        await settle(pilot, lambda: asked(fake.run) == [asking.SetLearningRate(0.001)])
        assert "0.001" in app.session.settings.schedule


async def test_a_preset_fills_the_form_and_escape_leaves_it(tmp_path, monkeypatch, make_run):
    async with training(tmp_path, monkeypatch, make_run()) as (app, pilot):
        before = app.session.settings
        await pilot.press("S")
        await settle(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.press("f3", "down", "enter")
        name = list(PRESETS)[1]
        wanted = texts_of(with_preset(before, name))
        await settle(
            pilot,
            lambda: (
                isinstance(app.screen, SettingsScreen)
                and {key: app.screen.query_one(f"#field-{key}").value for key in wanted} == wanted
            ),
        )
        await pilot.press("escape")
        assert app.session.settings == before


async def test_a_run_is_marked_in_the_list_of_runs(tmp_path, monkeypatch, make_run):
    other = make_run(name="other")
    other.begin()
    other.train(30)
    other.end()
    async with training(tmp_path, monkeypatch, make_run()) as (app, pilot):
        await pilot.press("7")
        await settle(pilot, lambda: len(getattr(app.current_pane, "runs", None) or []) == 2)
        rows = {run.id: at for at, run in enumerate(app.current_pane.runs)}
        await pilot.press("space")
        assert app.session.compared == []  # the run that is shown is drawn anyway
        await pilot.press(*["g"], *["j"] * rows[other.run.id], "space")
        await settle(pilot, lambda: [run.id for run, _ in app.session.compared] == [other.run.id])
        lines = app.query_one("#runs-list").grid.text().split("\n")
        assert sum("+ " in line and "other" in line for line in lines) == 1
        await pilot.press("space")
        assert app.session.compared == []


@pytest.mark.parametrize("width", [58, 78, 158])
def test_the_status_line_says_run_state_epoch_step_and_speed(make_run, width):
    fake = make_run(epochs=5, steps=110, name="lenet")
    with RunLock(fake.run):
        fake.begin()
        fake.train(50)
        follower = Follower(fake.run)
        follower.poll()
        line = run_line(follower.series, run_names(fake.run.id), width, Terminal())
    assert len(line) <= width
    words = ["lenet", "training", "epoch 1/5", "step 50/550", "320 img/s"]
    for word in [*words, "9%"] if width >= 78 else words:  # the tab bar has the share too
        assert word in line


async def test_the_status_line_says_how_long_the_line_is_beside_the_run(make_run, tmp_path):
    fake = make_run(epochs=5, steps=1100, name="lenet")
    fake.begin()
    fake.train(50)
    fake.end("stopped")
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs", attach=fake.run)
    async with app.run_test() as pilot:
        app.link.sent(10)
        app.link.answered()
        await settle(pilot, lambda: app.session.series.ended is not None)
        app.tick()
        line = app.query_one(StatusBar).grid.text()
        for word in ("lenet", "stopped", "epoch 1/5", "step 50/5 500", "link <5 ms"):
            assert word in line
