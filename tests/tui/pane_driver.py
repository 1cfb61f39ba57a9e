"""The app at a pane, through Textual's Pilot: open it, press keys, read what is drawn."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from cnnlib.runs import Run
from tui.app.app import CnnTuiApp
from tui.panes.base import Pane
from tui.terminal.abilities import Terminal
from tui.widgets.cellgrid import CellGrid

SIZE = (80, 24)
WIDE = (160, 48)


@asynccontextmanager
async def an_app(
    runs: Path,
    pane: str = "",
    *,
    attach: bool = True,
    size: tuple[int, int] = SIZE,
    terminal: Terminal | None = None,
) -> AsyncIterator[tuple[CnnTuiApp, Pilot[None]]]:
    """The app on the run in that directory, at a pane, with its data read."""
    run = Run(next(runs.iterdir())) if attach else None
    app = CnnTuiApp(terminal or Terminal(), data="mnist-5k", runs=runs, attach=run)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.session.dataset is not None)
        if attach:
            await until(pilot, lambda: app.session.series.ended is not None)
        if pane:
            await app.action_show_pane(pane)
            await pilot.pause()
        yield app, pilot


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        await pilot.pause(0.02)


async def pressed(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and let the screen catch up."""
    for key in keys:
        await pilot.press(key)
    await pilot.pause()


def shown(app: CnnTuiApp, part: str) -> str:
    """The text of a part of the pane, with its titles."""
    grid = app.query_one(f"#{part}", CellGrid)
    return f"{grid.border_title}\n{grid.grid.text()}\n{grid.border_subtitle}"


def the_pane(app: CnnTuiApp) -> Pane:
    """The pane that is shown."""
    pane = app.current_pane
    assert pane is not None
    return pane
