"""The app through Textual's Pilot: panes, keys, dialogs, sizes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import OptionList

from cnnlib.runs import commands as asking
from cnnlib.runs.lock import RunLock
from data import Dataset, NotAvailable, Split
from tui.app.app import GARBAGE, CnnTuiApp
from tui.keys.commands import COMMANDS, PANES
from tui.render.palette import DARK, LIGHT, PALETTES
from tui.screens.help import HelpScreen, Page
from tui.screens.leave import LeaveScreen
from tui.screens.too_small import TooSmallScreen
from tui.terminal.abilities import Terminal

NAMES = [name for name, _ in PANES]
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 48), (60, 16), (100, 30)])


def small_dataset() -> Dataset:
    rng = np.random.default_rng(0)
    part = Split(
        rng.integers(0, 256, (40, 1, 28, 28), dtype=np.uint8), np.arange(40, dtype=np.uint8) % 10
    )
    return Dataset(
        name="small",
        title="Forty images of noise",
        train=part,
        test=part,
        classes=tuple("0123456789"),
        source="a test",
        licence="none",
        citation="none",
    )


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("data.load", lambda name, **_: small_dataset())
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def screen_text(app: CnnTuiApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def settle(pilot, until: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for something, at most so long; then it must be so."""
    for _ in range(int(seconds / 0.02)):
        if until():
            break
        await pilot.pause(0.02)
    assert until()


@pytest.fixture
def opened(tmp_path: Path):
    @asynccontextmanager
    async def open_app(size=(80, 24), terminal: Terminal | None = None, **options):
        app = CnnTuiApp(terminal or Terminal(), data="small", runs=tmp_path / "runs", **options)
        async with app.run_test(size=size, notifications=True) as pilot:
            await settle(pilot, lambda: app.session.dataset or app.session.dataset_error)
            yield app, pilot

    return open_app


@SIZES
async def test_every_digit_shows_its_pane_and_no_other(opened, size):
    async with opened(size) as (app, pilot):
        for digit, (name, title) in enumerate(PANES, start=1):
            await pilot.press(str(digit))
            await pilot.pause()
            assert app.current_pane is not None
            assert app.current_pane.pane_name == name
            shown = [pane for pane in app.query(".pane") if pane.display]
            assert shown == [app.current_pane]
            text = screen_text(app)
            assert f"{digit} {title}" in text
            lines = text.split("\n")
            assert len(lines) == size[1]
            assert "help" in lines[-1]
            assert "quit" in lines[-1]


async def test_tab_walks_through_all_panes_and_back(opened):
    async with opened() as (app, pilot):
        seen = [app.current_pane.pane_name]
        for _ in range(60):
            await pilot.press("tab")
            name = app.current_pane.pane_name
            if seen[-1] != name:
                seen.append(name)
            if len(seen) > len(NAMES):
                break
        assert seen == [*NAMES, NAMES[0]]
        await pilot.press("1", "shift+tab")
        assert app.current_pane.pane_name == NAMES[-1]


async def test_a_hidden_pane_is_never_drawn(opened):
    async with opened() as (app, pilot):
        await pilot.press("3")
        await pilot.pause()
        drawn = []
        data = app._panes["data"]
        data.show_session = lambda session: drawn.append(session)
        app.session.touch()
        await pilot.pause(0.6)
        assert drawn == []
        await pilot.press("1")
        assert drawn


async def test_a_pane_is_drawn_only_when_something_changed(opened):
    async with opened() as (app, pilot):
        await pilot.press("3")
        await pilot.pause(0.6)
        drawn = []
        app.current_pane.show_session = lambda session: drawn.append(session)
        await pilot.pause(0.8)
        assert drawn == []
        app.session.touch()
        await settle(pilot, lambda: len(drawn) == 1)


@pytest.mark.parametrize("digit", range(1, len(PANES) + 1))
async def test_help_tells_the_keys_of_the_pane(opened, digit):
    async with opened() as (app, pilot):
        await pilot.press(str(digit), "escape", "question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        page = app.screen.query_one(Page)
        text = " ".join(" ".join(page.lines(page.content_size.width)).split())
        for entry in COMMANDS:
            if entry.pane in (None, NAMES[digit - 1]) and not entry.id.startswith("pane."):
                assert entry.help in text
        await pilot.press("j", "k", "escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_the_palette_holds_every_command_and_carries_them_out(opened):
    async with opened() as (app, pilot):
        await pilot.press("colon")
        options = app.screen.query_one(OptionList)
        listed = {option.id for option in options.options}
        assert listed == {entry.id for entry in COMMANDS} - {"palette", "back"}
        await pilot.press("pagedown", "up", *"log ZZZ")
        assert options.option_count == 0
        await pilot.press("enter", *["backspace"] * 7, *"train log y", "enter")
        await settle(pilot, lambda: app.current_pane.pane_name == "train")
        await settle(pilot, lambda: "Loss (log)" in screen_text(app))


async def test_letters_do_nothing_behind_a_dialog(opened):
    async with opened() as (app, pilot):
        await pilot.press("3", "question_mark", "y", "7")
        await pilot.pause()
        assert app.current_pane.pane_name == "train"
        await pilot.press("escape")
        assert "Loss (log)" not in screen_text(app)


async def test_the_theme_changes_the_palette_of_the_renderers(opened):
    async with opened() as (app, pilot):
        assert app.session.palette is DARK
        await pilot.press("t")
        await settle(pilot, lambda: app.session.palette is LIGHT)
        for _ in range(len(PALETTES) - 1):
            await pilot.press("t")
        await settle(pilot, lambda: app.session.palette is DARK)


@pytest.mark.parametrize("terminal", [Terminal(), Terminal(utf8=False)], ids=["by v", "no UTF-8"])
async def test_in_ascii_all_panes_are_ascii(opened, terminal):
    async with opened(terminal=terminal) as (app, pilot):
        if terminal.utf8:
            await pilot.press("v")
        for digit, name in enumerate(NAMES, start=1):
            await pilot.press(str(digit))
            await pilot.pause(0.3)
            strange = {char for char in screen_text(app) if not char.isascii()}
            assert strange == set(), name


@pytest.mark.parametrize(
    "terminal",
    [Terminal(colours=0), Terminal(colours=16, name="linux"), Terminal(ssh=True)],
    ids=["no colour", "linux console", "ssh"],
)
async def test_every_terminal_shows_every_pane(opened, terminal):
    async with opened(terminal=terminal) as (app, pilot):
        for digit in range(1, len(PANES) + 1):
            await pilot.press(str(digit))
            await pilot.pause()
        assert app.is_running


async def test_a_small_terminal_is_told_what_is_needed(opened):
    async with opened((80, 24)) as (app, pilot):
        await pilot.resize_terminal(40, 10)
        await settle(pilot, lambda: isinstance(app.screen, TooSmallScreen))
        await pilot.pause()
        assert "60x16" in " ".join(screen_text(app).split())
        assert "40x10" in " ".join(screen_text(app).split())
        await pilot.resize_terminal(80, 24)
        await settle(pilot, lambda: not isinstance(app.screen, TooSmallScreen))
        await pilot.press("3")
        assert app.current_pane.pane_name == "train"


async def test_a_storm_of_resizes_is_survived(opened):
    async with opened((80, 24)) as (app, pilot):
        await pilot.press("3")
        for width, height in [(81, 25), (30, 8), (160, 48), (60, 16), (59, 16), (80, 24)] * 4:
            await pilot.resize_terminal(width, height)
        await settle(pilot, lambda: not isinstance(app.screen, TooSmallScreen))
        await settle(pilot, lambda: len(screen_text(app).split("\n")) == 24)


async def test_a_defect_in_a_worker_is_said_and_noted(opened, monkeypatch, tmp_path):
    def break_down(name: str, **options) -> Dataset:
        raise ZeroDivisionError("a mistake of ours")

    async with opened() as (app, pilot):
        monkeypatch.setattr("data.load", break_down)
        monkeypatch.setattr("tui.app.defects.user_log_path", lambda name: tmp_path / "log")
        app.read_dataset("small")
        await settle(pilot, lambda: "a mistake of ours" in screen_text(app))
    assert "ZeroDivisionError" in (tmp_path / "log" / "cnn-tui.log").read_text()


async def test_data_that_cannot_be_read_is_said_in_the_status_line(opened, monkeypatch):
    def refuse(name: str, **options) -> Dataset:
        raise NotAvailable(name, expected="a network", received="none", advice="Use mnist-5k.")

    monkeypatch.setattr("data.load", refuse)
    async with opened(terminal=Terminal(utf8=False)) as (app, pilot):
        await settle(pilot, lambda: "expected a network" in screen_text(app).split("\n")[-2])
        app.say("far too long for the status line, " * 5, "error")
        await settle(pilot, lambda: screen_text(app).count("far too long") > 3)
        assert screen_text(app).isascii()
        assert app.session.dataset is None


async def test_without_a_run_q_quits_and_escape_does_not(opened):
    async with opened() as (app, pilot):
        for _ in range(4):
            await pilot.press("escape")
        assert app.is_running
        await pilot.press("q")
        await pilot.pause()
    assert app.return_code == 0


def asked(run) -> list[str]:
    return [
        type(request.command).__name__ for request in asking.CommandReader(run.commands_path).poll()
    ]


@asynccontextmanager
async def with_live_run(opened, make_run):
    fake = make_run()
    with RunLock(fake.run):
        fake.begin()
        fake.train(5)
        async with opened(attach=fake.run) as (app, pilot):
            await settle(pilot, lambda: app.session.series.state == "training")
            yield app, pilot, fake


@pytest.mark.parametrize(
    ("answer", "leaves", "commands"),
    [
        (["d"], True, []),
        (["enter"], True, []),
        (["s"], True, ["Stop"]),
        (["down", "enter"], True, ["Stop"]),
        (["c"], False, []),
        (["escape"], False, []),
        (["down", "down", "enter"], False, []),
    ],
)
async def test_leaving_a_run_that_trains_asks_what_becomes_of_it(
    opened, make_run, answer, leaves, commands
):
    async with with_live_run(opened, make_run) as (app, pilot, fake):
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, LeaveScreen)
        assert len(app.screen.query_one(OptionList).options) == 3
        await pilot.press(*answer)
        await pilot.pause()
        assert (app.return_code is not None) is leaves
        assert asked(fake.run) == commands


async def test_ctrl_q_leaves_at_once_and_the_run_alone(opened, make_run):
    async with with_live_run(opened, make_run) as (app, pilot, fake):
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert app.return_code == 0
        assert asked(fake.run) == []


async def test_a_signal_leaves_with_its_status(opened):
    async with opened() as (app, pilot):
        await asyncio.to_thread(app.leave_by_signal, 143)
        await settle(pilot, lambda: app.return_code is not None)
    assert app.return_code == 143


async def test_a_run_that_ends_while_it_is_asked_about_leaves_nothing_to_decide(opened, make_run):
    async with with_live_run(opened, make_run) as (app, pilot, fake):
        await pilot.press("q")
        options = app.screen.query_one(OptionList)
        assert "s" in {option.id for option in options.options}
        fake.end("finished")
        await settle(pilot, lambda: {option.id for option in options.options} == {"d", "c"})
        assert "finished" in screen_text(app)
        await pilot.press("s")
        assert isinstance(app.screen, LeaveScreen)
        assert asked(fake.run) == []
        await pilot.press("d")
        assert app.return_code == 0


async def test_python_collects_as_before_when_the_app_has_gone(opened):
    before = gc.get_threshold()
    async with opened():
        assert gc.get_threshold() == GARBAGE != before
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
