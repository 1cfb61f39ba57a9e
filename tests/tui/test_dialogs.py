"""Dialogs: what is around one is what was there, and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from pane_driver import WIDE, an_app, until
from textual._compositor import LayoutUpdate
from textual.containers import VerticalScroll
from textual.strip import Strip

from tui.app.app import CnnTuiApp
from tui.screens.help import Page


def painted(app: CnnTuiApp) -> list[Strip]:
    """All rows as they are painted now, with the screens below a dialog."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    return [Strip.join(row) for row in update.strips]


def around(app: CnnTuiApp, inside: tuple[int, int, int, int]) -> list[list[object]]:
    """Characters and styles of all cells but those of a region."""
    x, y, width, height = inside
    kept = []
    for row, strip in enumerate(painted(app)):
        parts = [strip] if not y <= row < y + height else [strip.crop(0, x), strip.crop(x + width)]
        kept.append([cell for part in parts for cell in cells(part)])
    return kept


def cells(strip: Strip) -> list[object]:
    """(character, colour, ground) of each cell of a strip."""
    return [
        (char, style and style.color, style and style.bgcolor)
        for text, style, _ in strip
        for char in text
    ]


@pytest.mark.parametrize("size", [(80, 24), WIDE])
@pytest.mark.parametrize("pane", ["data", "train", "mistakes"])
async def test_around_a_dialog_all_is_as_it_was(
    runs: Path, pane: str, size: tuple[int, int]
) -> None:
    async with an_app(runs, pane, size=size) as (app, pilot):
        await pilot.pause(0.6)
        nothing = (0, 0, 0, 0)
        before, focused = around(app, nothing), app.main.focused
        await pilot.press("question_mark")
        await pilot.pause()
        box = app.screen.query_one(VerticalScroll).region
        shown = around(app, box)
        await pilot.press("escape")
        await pilot.pause()
        assert app.main.focused is focused
        assert around(app, nothing) == before
        assert around(app, box) == shown


async def test_what_trains_goes_on_around_a_dialog(runs: Path) -> None:
    async with an_app(runs, "train", size=WIDE) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        app.say("something new")
        await until(pilot, lambda: "something new" in painted(app)[-2].text)


async def test_a_page_is_broken_anew_for_another_width(runs: Path) -> None:
    async with an_app(runs, "train", size=(80, 24)) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        page = app.screen.query_one(Page)
        narrow = page.content_size.width
        assert len(page.lines(narrow)) == page.content_size.height
        await pilot.resize_terminal(160, 48)
        await until(pilot, lambda: page.content_size.width > narrow)
        assert len(page.lines(page.content_size.width)) == page.content_size.height
