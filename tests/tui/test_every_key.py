"""Every key of the help page does what it says there, by key and from the palette.

The table of commands is walked, so a command that comes to it is tested from then on: each of its
keys, pressed in its pane, calls its action with its arguments, and so does its entry in the
palette. What the actions do is tested beside the panes.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pane_driver import until
from textual import events
from textual.actions import parse

from data import Dataset
from tui.app.app import CnnTuiApp
from tui.keys.commands import COMMANDS, PLACES, Command, Table, commands_for
from tui.keys.labels import key_label
from tui.keys.pages import help_for
from tui.panes import pane_class
from tui.screens.palette import HIDDEN, PaletteScreen, found, name_of
from tui.terminal.abilities import Terminal

Call = tuple[str, tuple[Any, ...]]


Listen = Callable[[], list[Call]]


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch, digits: Dataset, tmp_path: Path) -> Listen:
    """From then on every action is noted, and nothing is done."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("data.load", lambda name, **options: digits)

    def start() -> list[Call]:
        called: list[Call] = []

        def note(method: str, real: Any) -> Any:
            @functools.wraps(real)  # Textual asks how many arguments it takes
            def noted(self: object, *arguments: Any) -> Any:
                called.append((method, arguments))
                return asyncio.sleep(0) if inspect.iscoroutinefunction(real) else None

            return noted

        actions = {(entry.pane, entry.method) for entry in COMMANDS}
        for pane, method in actions:
            owner = CnnTuiApp if pane is None else pane_class(pane)
            monkeypatch.setattr(owner, method, note(method, getattr(owner, method)))
        return called

    return start


def wanted(entry: Command) -> Call:
    """The call that a command stands for."""
    _, _, arguments = parse(entry.action)
    return entry.method, arguments


async def press(app: CnnTuiApp, key: str) -> None:
    """One key, and all that it does."""
    app.post_message(events.Key(key, key if len(key) == 1 else None))
    end = time.monotonic() + 10
    await asyncio.sleep(0)
    while app.is_typing:
        assert time.monotonic() < end, key
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("pane", [name for name, _ in PLACES])
async def test_every_key_of_the_help_page_calls_its_action(
    pane: str, listen: Listen, tmp_path: Path
) -> None:
    table: Table = (*commands_for(None), *commands_for(pane))
    told = {label for keys, _ in (*help_for(None), *help_for(pane)) for label in keys.split(" ")}
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.show_place(pane)
        await pilot.pause()
        calls = listen()
        assert app.current_pane is not None
        for entry in table:
            for key in entry.keys:
                app.main.set_focus(None)
                calls.clear()
                await press(app, key)
                assert calls == [wanted(entry)], f"{key_label(key)} in {pane}: {entry.id}"
                assert key_label(key) in told or entry.id.startswith("pane.")


async def test_every_command_is_carried_out_from_the_palette(
    listen: Listen, tmp_path: Path
) -> None:
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        for name, _ in reversed(PLACES):
            await app.show_place(name)
        await pilot.pause()
        calls = listen()
        for entry in COMMANDS:
            app._current = entry.pane or "data"
            calls.clear()
            await app.run_command(entry.id)
            await until(pilot, lambda entry=entry: wanted(entry) in calls)


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.id)
def test_the_palette_finds_every_command_by_its_name(entry: Command) -> None:
    names = [each.id for each in found(name_of(entry), COMMANDS, entry.pane or "data")]
    assert (entry.id in names[:3]) is (entry.id not in HIDDEN)


async def test_the_palette_narrows_to_what_is_typed(tmp_path: Path) -> None:
    chosen: list[str | None] = []
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(PaletteScreen(COMMANDS, "train"), chosen.append)
        await pilot.press(*"curves of other")
        await pilot.press("enter")
        app.push_screen(PaletteScreen(COMMANDS, "train"), chosen.append)
        await pilot.press("down", "down", "up", "enter")
        app.push_screen(PaletteScreen(COMMANDS, "train"), chosen.append)
        await pilot.press("x", "escape")
    first_of_train = [entry.id for entry in COMMANDS if entry.pane == "train"]
    assert chosen == ["train.compare", first_of_train[1], None]
