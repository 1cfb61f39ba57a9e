"""The Model pane's editor and tools through Pilot; the diff and the timing by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import FakeRun
from textual.widgets import Input

from cnnlib.architectures import ARCHITECTURES
from cnnlib.checking import check
from cnnlib.events import Evaluated
from cnnlib.runs import CommandReader, EvaluateNow, JournalReader
from cnnlib.runs.lock import RunLock
from tui.app.app import CnnTuiApp
from tui.app.starting import RunLaunched
from tui.experiment import timing
from tui.experiment.timing import WARM_STEPS, Timing, measure, measure_apart
from tui.panes.network_files import readable, writable
from tui.panes.network_tools import seconds
from tui.render.diff import changes, network_diff
from tui.screens.ask import AskScreen
from tui.screens.choose import ChooseScreen
from tui.screens.sheet import SheetScreen
from tui.settings.training import Settings
from tui.terminal.abilities import Terminal

TINY = ARCHITECTURES["tiny"]


async def settle(pilot, until, wait: float = 8.0) -> None:
    for _ in range(int(wait / 0.02)):
        if until():
            break
        await pilot.pause(0.02)
    assert until()


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    @asynccontextmanager
    async def open_app(attach=None, size=(80, 24)):
        app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs", attach=attach)
        async with app.run_test(size=size) as pilot:
            await settle(pilot, lambda: app.session.dataset is not None or attach is not None)
            await pilot.press("2")
            await settle(pilot, lambda: app.current_pane.pane_name == "model")
            yield app, pilot, app.current_pane.editor

    return open_app


def screen_text(app: CnnTuiApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_tab_completes_layers_and_options_and_stays_where_there_are_none(opened):
    async with opened() as (app, pilot, editor):
        editor.text = ""
        await pilot.press("i", *"conv", "tab")
        assert editor.text == "Conv2d("
        await settle(pilot, lambda: "Tab completes" in screen_text(app))
        await pilot.press("8", "comma", "tab")
        assert editor.text == "Conv2d(8,kernel="
        await pilot.press("tab", "tab")
        assert editor.text == "Conv2d(8,padding="
        await pilot.press("shift+tab")
        assert editor.text == "Conv2d(8,stride="
        await pilot.press("2", ")", "tab")
        assert editor.text == "Conv2d(8,stride=2)"
        await settle(pilot, lambda: "nothing to complete here" in screen_text(app))
        assert app.main.focused is editor


async def test_edits_are_undone_and_made_again(opened):
    async with opened() as (app, pilot, editor):
        before = editor.text
        await pilot.press("P", "down", "enter")
        await settle(pilot, lambda: editor.text != before)
        changed = editor.text
        await pilot.press("u")
        assert editor.text == before
        await pilot.press("U")
        assert editor.text == changed
        await pilot.press("R")
        assert editor.text == app.session.settings.architecture


async def test_a_wrong_line_is_underlined_and_found(opened):
    async with opened() as (_, pilot, editor):
        editor.text = "Flatten()\nDense(10)\nDens(3)"
        await settle(pilot, lambda: 2 in editor._wrong)
        assert any("underline" in str(span.style) for span in editor.get_line(2).spans)
        assert not any("underline" in str(span.style) for span in editor.get_line(0).spans)
        await pilot.press("n")
        assert editor.cursor_location == (2, 0)
        await pilot.press("u")
        editor.text = TINY
        await settle(pilot, lambda: not editor._wrong)


async def test_a_network_is_saved_and_read_back(opened, tmp_path):
    async with opened() as (app, pilot, editor):
        kept = editor.text
        await pilot.press("w")
        await settle(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one("#answer").value = "mine.txt"
        await pilot.press("enter")
        await settle(pilot, lambda: (tmp_path / "mine.txt").is_file())
        assert (tmp_path / "mine.txt").read_text() == kept.rstrip("\n") + "\n"
        editor.text = TINY
        await pilot.press("o")
        await settle(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one("#answer").value = "nowhere.txt"
        await pilot.press("enter")
        await settle(pilot, lambda: "there is no file" in screen_text(app))
        app.screen.query_one("#answer").value = "mine.txt"
        await pilot.press("enter")
        await settle(pilot, lambda: editor.text.strip() == kept.strip())


def test_a_file_is_replaced_only_when_that_is_said_twice(tmp_path):
    there = tmp_path / "there.txt"
    there.write_text("x")
    problem = writable()
    assert "Enter again" in problem(str(there))
    assert problem(str(there)) == ""
    assert writable()(str(tmp_path / "new.txt")) == ""
    assert "no directory" in problem(str(tmp_path / "no" / "x.txt"))
    assert "name of a file" in problem(str(tmp_path))
    assert "name of a file" in problem(" ")
    assert readable(str(there)) == ""
    there.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in readable(str(there))
    there.write_bytes(b"x" * 200_000)
    assert "too large" in readable(str(there))


async def test_the_network_of_a_run_is_compared(opened, make_run):
    fake = make_run()
    fake.begin()
    async with opened(size=(100, 30)) as (app, pilot, editor):
        editor.text = editor.text.replace("Dense(64)", "Dense(32)")
        await pilot.press("d")
        await settle(pilot, lambda: isinstance(app.screen, ChooseScreen))
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, SheetScreen))
        await settle(pilot, lambda: "Dense(64)" in screen_text(app))
        assert "Dense(32)" in screen_text(app)
        await pilot.press("escape")
        assert app.screen is app.main


def test_a_diff_holds_both_texts_in_their_order():
    second = ARCHITECTURES["lenet"].replace("Dense(64)", "Dense(32)\nDropout(0.2)")
    for one, other in [(ARCHITECTURES["lenet"], second), (TINY, second), ("", TINY), (TINY, TINY)]:
        found = changes(one, other)
        assert [c.text for c in found if c.sign in " -"] == one.splitlines()
        assert [c.text for c in found if c.sign in " +"] == other.splitlines()
        checks = check(one, (1, 28, 28), 10), check(other, (1, 28, 28), 10)
        for width in (30, 60, 120):
            grid = network_diff(found, *checks, ("run", "editor"), width, Terminal())
            assert grid.size == (width, len(found) + 4)
    assert all(change.sign == " " for change in changes(TINY, TINY))


async def test_the_time_of_an_epoch_is_measured_and_shown(opened, monkeypatch):
    measured = []

    def instead(description):
        measured.append(description)
        return Timing(1.5, 0.01, 100)

    monkeypatch.setattr("tui.panes.network_tools.measure_apart", instead)
    async with opened() as (app, pilot, editor):
        await settle(pilot, lambda: "T measures" in screen_text(app))
        await pilot.press("T")
        await settle(pilot, lambda: "about 1.50 s" in " ".join(screen_text(app).split()))
        assert measured[0]["model"]["architecture"] == editor.text
        editor.text = "Flatten()\nDense(3)"
        await pilot.press("T")
        await pilot.pause(0.3)
        assert len(measured) == 1


async def test_nothing_is_measured_while_a_run_trains(opened, make_run, monkeypatch):
    monkeypatch.setattr("tui.panes.network_tools.measure_apart", lambda _: pytest.fail("measured"))
    fake = make_run()
    with RunLock(fake.run):
        fake.begin()
        async with opened(fake.run) as (app, pilot, _):
            await settle(pilot, lambda: app.session.series.state == "training")
            await pilot.press("T")
            await settle(pilot, lambda: "would slow it" in screen_text(app))


def timed(fake: FakeRun, monkeypatch: pytest.MonkeyPatch) -> Timing:
    """What is found of a trial for half a minute that goes as the fake run did."""
    now = 0.0
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: now))
    watch = timing._Stopwatch(fake.run, 30.0, validates=True)
    for record in JournalReader(fake.run.journal_path).read_all():
        now = record.time
        try:
            watch.hear(record)
        except timing._Enough:
            return watch.timing()
    pytest.fail("it was never enough")


def test_short_epochs_are_timed_whole(make_run, monkeypatch):
    fake = make_run(epochs=100, steps=20)
    fake.begin()
    for _ in range(5):
        fake.train(20, seconds=1.0)
        fake.now += 5.0  # a validation and a checkpoint
    found = timed(fake, monkeypatch)
    assert found.epoch_seconds == pytest.approx(25.0)
    assert found.step_seconds == pytest.approx(1.0)
    assert found.steps == 2 * 20 - WARM_STEPS


def test_a_long_epoch_is_as_long_as_its_steps_and_its_validation(make_run, monkeypatch):
    fake = make_run(epochs=100, steps=1000)
    fake.begin()
    fake.train(WARM_STEPS, seconds=9.0)  # which are not counted
    fake.train(30, seconds=1.0)
    fake.add(Evaluated("valid", 1, 34, 0.1, 0.9, 100, ((50, 0), (0, 50))), seconds=7.0)
    found = timed(fake, monkeypatch)
    assert found.epoch_seconds == pytest.approx(1007.0)
    assert found.steps == 30
    assert [type(asked.command) for asked in CommandReader(fake.run.commands_path).poll()] == [
        EvaluateNow
    ]


def test_a_training_is_measured():
    found = measure(Settings(architecture=TINY, ranks=1), seconds=0.2)
    assert found.steps > 0
    assert found.step_seconds > 0


def test_what_cannot_be_measured_is_said():
    wrong = replace(Settings(), architecture="Flatten()\nDense(3)").to_description()
    with pytest.raises(ValueError, match="expected"):
        measure_apart(wrong)


def test_the_process_answers_in_one_object():
    asked = json.dumps(Settings(architecture=TINY, ranks=1).to_description())
    command = [sys.executable, "-m", "tui.experiment.timing"]
    ended = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)["epoch_seconds"] > 0


def test_times_are_written_as_they_are_said():
    assert [seconds(value) for value in (0.5, 42.4, 259)] == ["0.50 s", "42 s", "4:19"]


async def test_a_line_longer_than_its_field_moves_sideways(opened):
    async with opened() as (app, pilot, _):
        await pilot.press("escape", "o")
        await settle(pilot, lambda: isinstance(app.screen, AskScreen))
        field = app.screen.query_one("#answer", Input)
        field.value = "a/long/way/" * 20 + "end.txt"
        await pilot.press("end")
        await settle(pilot, lambda: "way/end.txt" in screen_text(app))


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_a_network_that_is_not_applied_is_not_lost_without_a_word(opened, key):
    async with opened() as (app, pilot, editor):
        assert app.unsaved == ""
        await pilot.press("i", "#", "escape", key)
        await settle(pilot, lambda: "is not applied" in screen_text(app))
        await pilot.press("enter")
        await settle(pilot, lambda: len(app.screen_stack) == 1)
        assert editor.text.startswith("#")
        await pilot.press("f2")
        await settle(pilot, lambda: app.unsaved == "")
        await pilot.press(key)
        await settle(pilot, lambda: not app.is_running)


async def test_a_run_without_what_was_typed_is_said_to_be_one(opened, make_run):
    async with opened() as (app, pilot, _):
        await pilot.press("i", "#", "escape")
        app.on_run_launched(RunLaunched(make_run().run))
        await settle(pilot, lambda: "differs from the applied network" in app._told)
        app.on_run_launched(RunLaunched(make_run(name="again").run, resumed=True))
        await settle(pilot, lambda: "resumed " in screen_text(app))


async def test_what_was_said_of_a_wrong_network_is_taken_back_when_it_is_corrected(opened):
    async with opened() as (app, pilot, editor):
        right, editor.text = editor.text, "Dense("
        await pilot.press("f2")
        await settle(pilot, lambda: app._told and app._told in screen_text(app))
        complaint = app._told
        editor.text = right
        await settle(pilot, lambda: app._told == "" and complaint not in screen_text(app))


async def test_that_data_are_read_is_said_no_longer_than_it_lasts(opened):
    async with opened() as (app, pilot, _):
        app.say("reading mnist-5k")
        await settle(pilot, lambda: "reading mnist-5k" in screen_text(app))
        app.read_dataset("mnist-5k")
        await settle(pilot, lambda: "reading mnist-5k" not in screen_text(app), wait=3.0)
