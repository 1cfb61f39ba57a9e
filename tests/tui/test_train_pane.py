"""The Train pane through Pilot: starting, asking, drawing; and what it draws, without Textual."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cnnlib import events as ev
from cnnlib.errors import RunError
from cnnlib.runs import commands as asking
from cnnlib.runs.lock import RunLock
from tui.app.app import CnnTuiApp
from tui.following.follower import Follower
from tui.following.series import Series
from tui.render import training
from tui.render.palette import DARK
from tui.settings.training import Settings
from tui.terminal.abilities import Terminal
from tui.widgets.logview import LogView

UTF8 = Terminal()


def screen_text(app: CnnTuiApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def settle(pilot, until, seconds: float = 5.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if until():
            break
        await pilot.pause(0.02)
    assert until()


def told(app: CnnTuiApp) -> list[str]:
    """What is shown over the panes because the status line is too short for it."""
    return [notification.message for notification in app._notifications]


def asked(run) -> list[str]:
    requests = asking.CommandReader(run.commands_path).poll()
    return [type(request.command).__name__ for request in requests]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    @asynccontextmanager
    async def open_app(attach=None, size=(80, 24)):
        app = CnnTuiApp(UTF8, data="mnist-5k", runs=tmp_path / "runs", attach=attach)
        async with app.run_test(size=size) as pilot:
            await pilot.press("3")
            yield app, pilot

    return open_app


class Launched:
    """In place of a trainer: notes what it was asked to train."""

    def __init__(self) -> None:
        self.runs: list[object] = []
        self.code: int | None = None

    def launch(self, run: object) -> Launched:
        self.runs.append(run)
        return self

    def poll(self) -> int | None:
        return self.code


@pytest.fixture
def launched(monkeypatch, make_run) -> Launched:
    trainer = Launched()
    monkeypatch.setattr("tui.experiment.launch", trainer.launch, raising=False)
    monkeypatch.setattr(
        "tui.experiment.prepare", lambda settings, root, name: make_run().run, raising=False
    )
    return trainer


async def test_without_a_run_the_pane_says_what_the_next_one_will_do(opened):
    async with opened() as (app, _):
        text = screen_text(app)
        assert "r starts it" in text
        assert "Adam()" in text
        assert "no data yet" in text


async def test_r_starts_a_run_and_shows_it(opened, launched):
    async with opened() as (app, pilot):
        await pilot.press("r")
        await settle(pilot, lambda: app.session.run is not None)
        assert launched.runs == [app.session.run]
        await settle(pilot, lambda: app.session.series.state == "starting")
        await pilot.press("r")
        await pilot.pause(0.3)
        assert len(launched.runs) == 1


async def test_a_trainer_that_dies_at_once_is_noticed(opened, launched):
    async with opened() as (app, pilot):
        await pilot.press("r")
        await settle(pilot, lambda: app.session.run is not None)
        app.session.run.log_path.write_text("the data set vanished\n")
        launched.code = 1
        await settle(pilot, lambda: app.session.series.state == "no trainer")
        await settle(pilot, lambda: "the data set vanished" in screen_text(app))


async def test_a_run_that_cannot_be_prepared_is_told(opened, launched, monkeypatch):
    def refuse(settings, root, name):
        raise RunError(str(root), expected="a directory", received="a file")

    monkeypatch.setattr("tui.experiment.prepare", refuse)
    async with opened() as (app, pilot):
        await pilot.press("r")
        await settle(pilot, lambda: "expected a directory" in "".join(told(app)))
        assert app.session.run is None
        assert not app.launching


async def test_r_resumes_a_stopped_run_and_n_starts_another(opened, launched, make_run):
    fake = make_run()
    fake.begin()
    fake.train(5)
    fake.end("stopped")
    async with opened(fake.run) as (app, pilot):
        await settle(pilot, lambda: app.session.series.state == "stopped")
        await pilot.press("r")
        await settle(pilot, lambda: len(launched.runs) == 1)
        assert launched.runs[0] is fake.run
        app.session.series.expect_trainer(expected=False)
        await pilot.press("n")
        await settle(pilot, lambda: len(launched.runs) == 2)
        assert launched.runs[1] is not fake.run


async def test_r_after_a_divergence_asks_for_a_rate_and_resumes_with_it(opened, launched, make_run):
    fake = make_run()
    fake.begin()
    fake.train(5)
    fake.add(ev.Diverged(1, 6, "the gradient of conv1.weight", "NaN"))
    fake.add(ev.RunEnded(1, 5, "diverged", None, None, None, None, "conv1.weight became NaN"))
    async with opened(fake.run) as (app, pilot):
        await settle(pilot, lambda: app.session.series.state == "diverged")
        await pilot.press("r")
        await settle(pilot, lambda: "conv1.weight became NaN" in screen_text(app))
        assert "0.0006" in screen_text(app)  # a tenth of the rate before
        await pilot.press("enter")
        await settle(pilot, lambda: len(launched.runs) == 1)
        assert launched.runs[0] is fake.run
        (request,) = asking.CommandReader(fake.run.commands_path).poll()
        assert isinstance(request, asking.Request)
        assert request.command == asking.SetLearningRate(6e-4)


async def test_r_after_a_finished_run_starts_another(opened, launched, make_run):
    fake = make_run()
    fake.begin()
    fake.end()
    async with opened(fake.run) as (app, pilot):
        await settle(pilot, lambda: app.session.series.state == "finished")
        await pilot.press("r")
        await settle(pilot, lambda: len(launched.runs) == 1)
        assert launched.runs[0] is not fake.run


async def test_pause_resume_and_stop_are_asked_of_the_trainer(opened, make_run):
    fake = make_run()
    with RunLock(fake.run):
        fake.begin()
        fake.train(4)
        async with opened(fake.run) as (app, pilot):
            await settle(pilot, lambda: app.session.series.state == "training")
            await pilot.press("p")
            assert asked(fake.run) == ["Pause"]
            fake.add(ev.Paused(4, "x"))
            await settle(pilot, lambda: app.session.series.state == "paused")
            await pilot.press("p")
            assert asked(fake.run) == ["Pause", "Resume"]
            await pilot.press("r")
            assert asked(fake.run) == ["Pause", "Resume", "Resume"]
            await pilot.press("x")
            assert asked(fake.run)[-1] == "Stop"


async def test_a_finished_run_is_asked_nothing(opened, make_run):
    fake = make_run()
    fake.begin()
    fake.end()
    async with opened(fake.run) as (app, pilot):
        await settle(pilot, lambda: app.session.series.state == "finished")
        await pilot.press("p", "x")
        assert asked(fake.run) == []
        assert "the run has ended: n trains anew, with the settings of S" in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (60, 16)])
async def test_a_run_that_grows_is_drawn_as_it_grows(opened, make_run, size):
    fake = make_run(epochs=3, steps=20)
    with RunLock(fake.run):
        fake.begin()
        fake.train(25)
        async with opened(fake.run, size) as (app, pilot):
            await settle(pilot, lambda: "25/60" in screen_text(app))
            fake.train(20)
            await settle(pilot, lambda: "45/60" in screen_text(app))
            assert "training" in screen_text(app)


async def test_a_frozen_display_holds_until_it_is_let_go(opened, make_run):
    fake = make_run(epochs=3, steps=20)
    with RunLock(fake.run):
        fake.begin()
        fake.train(10)
        async with opened(fake.run, (160, 48)) as (app, pilot):
            pane = app.current_pane
            grid = pane.query_one("#train-figures")
            await settle(pilot, lambda: "10/60" in grid.grid.text())
            await pilot.press("space")
            fake.train(10)
            await settle(pilot, lambda: app.session.series.step == 20)
            await pilot.pause(0.5)
            assert "10/60" in grid.grid.text()
            await pilot.press("space")
            assert "20/60" in grid.grid.text()


async def test_the_log_takes_the_place_of_the_epochs_and_holds_every_line(opened, make_run):
    fake = make_run(epochs=2, steps=10)
    fake.begin()
    fake.train(20)
    fake.end()
    async with opened(fake.run) as (app, pilot):
        await settle(pilot, lambda: app.session.series.state == "finished")
        log = app.query_one(LogView)
        assert not log.display
        await pilot.press("L")
        await settle(pilot, lambda: "finished, test 91.00%" in screen_text(app))
        assert list(log.lines) == list(app.session.series.log)
        app.session.open_run(make_run(name="other").run)
        await settle(pilot, lambda: len(log.lines) <= 1)


def followed(fake) -> Series:
    follower = Follower(fake.run)
    follower.poll()
    return follower.series


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (10, 3), (38, 8), (80, 20), (200, 60)])
@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_what_is_drawn_has_the_size_that_was_asked(make_run, size, epochs):
    fake = make_run(epochs=3, steps=10)
    fake.begin()
    fake.train(10 * epochs)
    series = followed(fake)
    width, height = size
    for draw in (training.figures_of_run, training.epoch_table):
        assert draw(series, width, height, UTF8, DARK).size == size
    assert training.draft(Settings(), width, height, UTF8, DARK).size == size


def test_the_table_of_epochs_shows_the_newest(make_run):
    fake = make_run(epochs=9, steps=2)
    fake.begin()
    fake.train(18)
    text = training.epoch_table(followed(fake), 70, 4, UTF8, DARK).text()
    assert [line.split()[0] for line in text.split("\n")] == ["ep", "7", "8", "9"]


def test_a_diverged_run_says_so(make_run):
    fake = make_run(steps=10)
    fake.begin()
    fake.train(5)
    fake.add(ev.StepEnded(1, 6, float("nan"), 0.1, 32, 6e-3, None))
    fake.add(ev.StepEnded(1, 7, float("inf"), 0.1, 32, 6e-3, None))
    fake.add(ev.Diverged(1, 7, "the loss", "infinity"))
    fake.end("diverged")
    series = followed(fake)
    assert series.state == "diverged"
    assert "diverged" in training.figures_of_run(series, 60, 12, UTF8, DARK).text()


async def test_a_frozen_display_says_so_until_another_run_is_shown(opened, make_run):
    fake, other = make_run(), make_run(name="other")
    fake.begin()
    other.begin()
    async with opened(fake.run) as (app, pilot):
        await settle(pilot, lambda: app.session.series.started is not None)
        await pilot.press("space")
        await settle(pilot, lambda: "FROZEN" in screen_text(app))
        fake.train(2)
        await settle(pilot, lambda: app.session.series.step == 2)
        assert "FROZEN" in screen_text(app)
        app.session.open_run(other.run)
        await settle(pilot, lambda: "FROZEN" not in screen_text(app))


async def test_the_answer_of_a_trainer_is_said(opened, make_run):
    fake = make_run()
    fake.begin()
    fake.train(5)
    with RunLock(fake.run):
        async with opened(fake.run) as (app, pilot):
            await settle(pilot, lambda: app.session.series.state == "training")
            await pilot.press("E")
            await settle(pilot, lambda: asked(fake.run) == ["EvaluateNow"])
            fake.add(ev.Evaluated("valid", 1, 5, 0.25, 0.5, 100, ((50, 0), (50, 0))))
            fake.add(ev.CommandDone("1", "EvaluateNow"))
            await settle(pilot, lambda: "valid: loss 0.2500" in screen_text(app))
            await pilot.press("w")
            await settle(pilot, lambda: "Snapshot" in asked(fake.run))
            fake.add(ev.CommandRefused("2", "the disk is full"))
            await settle(pilot, lambda: "refused: the disk is full" in screen_text(app))
