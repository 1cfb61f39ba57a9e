"""Keys in one burst: each goes where it would go had the user waited for the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FakeRun
from pane_driver import until
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tui.app.app import CnnTuiApp
from tui.screens.ask import AskScreen
from tui.screens.help import HelpScreen
from tui.terminal.abilities import Terminal


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CnnTuiApp:
    monkeypatch.setenv("HOME", str(tmp_path))
    return CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs")


async def burst(app: CnnTuiApp, pilot: Pilot[None], *keys: str) -> None:
    """All these keys at once, as a slow line delivers them; then wait until they have worked."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))
    await pilot.pause()
    await until(pilot, lambda: not app.is_typing)
    await pilot.pause()


async def test_what_follows_the_key_of_the_editor_is_typed_into_it(app: CnnTuiApp) -> None:
    async with app.run_test() as pilot:
        await burst(app, pilot, "2", "i", "x", "y", "q", "7", "3")
        editor = app.query_one(TextArea)
        assert app.focused is editor
        assert app.current_pane is not None
        assert app.current_pane.pane_name == "model"
        assert "xyq73" in editor.text
        await burst(app, pilot, "escape", "7")
        assert app.current_pane.pane_name == "runs"


async def test_a_list_that_is_still_being_read_gets_the_keys_that_were_meant_for_it(
    app: CnnTuiApp, make_run: Callable[..., FakeRun]
) -> None:
    for number in range(4):
        fake = make_run(name=f"run{number}")
        fake.begin()
        fake.train(3)
        fake.end("stopped")
    async with app.run_test() as pilot:
        await burst(app, pilot, "7", "g", "j", "j", "enter")
        listed = app.current_pane.runs  # type: ignore[union-attr]
        assert len(listed) == 4
        await until(pilot, lambda: app.session.run is not None)
        assert app.session.run is not None
        assert app.session.run.id == listed[2].id


async def test_an_answer_typed_ahead_reaches_the_question(
    app: CnnTuiApp, make_run: Callable[..., FakeRun]
) -> None:
    fake = make_run()
    fake.begin()
    fake.end("stopped")
    async with app.run_test() as pilot:
        await burst(app, pilot, "7", "slash", "f", "a", "k", "e", "7")
        assert isinstance(app.screen, AskScreen)
        assert app.screen.query_one(Input).value == "fake7"
        await burst(app, pilot, "backspace", "enter", "j", "question_mark", "j", "escape", "3")
        assert app.current_pane is not None
        assert app.current_pane.pane_name == "train"
        await burst(app, pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)


async def test_a_pane_that_is_never_ready_holds_keys_for_a_while_only(
    app: CnnTuiApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.terminal.typeahead.PATIENCE", 0.2)
    monkeypatch.setattr("tui.panes.runs.RunsPane.is_ready", False)
    async with app.run_test() as pilot:
        await burst(app, pilot, "7", "3")
        assert app.current_pane is not None
        assert app.current_pane.pane_name == "train"


async def test_keys_that_wait_are_forgotten_when_the_app_is_left(app: CnnTuiApp) -> None:
    async with app.run_test() as pilot:
        for key in ("q", "3", "i", "x"):
            app.post_message(events.Key(key, key))
        await pilot.pause()
    assert app.return_code == 0
