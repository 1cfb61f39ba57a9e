"""The Runs pane through Pilot: runs are sorted, searched, labelled, deleted and brought back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnnlib.runs import labels
from cnnlib.runs.directory import Run, list_runs
from cnnlib.runs.lock import RunLock
from tui.app.app import CnnTuiApp
from tui.panes.runs import RunsPane
from tui.terminal.abilities import Terminal
from tui.widgets.cellgrid import CellGrid
from tui.widgets.frame import StatusBar


@pytest.fixture
def two(make_run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Run]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made = []
    for name, steps in (("apple", 20), ("berry", 40)):
        fake = make_run(name=name, steps=20)
        fake.begin()
        fake.train(steps)
        fake.end("stopped")
        made.append(fake.run)
    return made


async def settle(pilot: Any, until: Callable[[], object], app: CnnTuiApp | None = None) -> None:
    for _ in range(200):
        if until():
            break
        await pilot.pause(0.05)
    assert until(), text(app) if app is not None else ""


def text(app: CnnTuiApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def pane(app: CnnTuiApp) -> RunsPane:
    found = app.current_pane
    assert isinstance(found, RunsPane)
    return found


async def test_runs_are_arranged_labelled_and_deleted(two: list[Run], tmp_path: Path) -> None:
    apple, berry = two
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("7")
        await settle(pilot, lambda: len(pane(app).runs or []) == 2)

        await pilot.press("s")
        await settle(
            pilot, lambda: [run.id for run in pane(app).runs or []] == [apple.id, berry.id]
        )
        assert "by name" in text(app)

        await pilot.press("slash", *"berry", "enter")
        await settle(pilot, lambda: [run.id for run in pane(app).runs or []] == [berry.id])

        await pilot.press("n", *"sweet", "enter")
        await settle(pilot, lambda: labels.Labels.of(berry.description()).name.endswith("sweet"))
        listed = app.query_one("#runs-list", CellGrid)
        await settle(pilot, lambda: "sweet" in listed.grid.text(), app)
        await pilot.press("i", *"ripe", "enter")
        await pilot.press("T", *"red", "space", *"round", "enter")
        await settle(pilot, lambda: labels.Labels.of(berry.description()).tags == ("red", "round"))
        await settle(pilot, lambda: "#red #round" in text(app) and "ripe" in text(app), app)

        await pilot.press(
            "T", *["backspace"] * 9, "number_sign", "x", "comma", "space", "comma", "y", "enter"
        )
        await settle(pilot, lambda: labels.Labels.of(berry.description()).tags == ("x", "y"))

        await pilot.press("D")
        await settle(pilot, lambda: not berry.exists())
        await settle(pilot, lambda: "No run has all of these words" in text(app))
        await pilot.press("u")
        await settle(pilot, lambda: [run.id for run in pane(app).runs or []] == [berry.id])
        assert labels.Labels.of(berry.description()).note == "ripe"

        await pilot.press("escape")
        await settle(pilot, lambda: len(pane(app).runs or []) == 2)


async def test_a_new_name_of_the_run_shown_stands_in_the_status_line(
    two: list[Run], tmp_path: Path
) -> None:
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs", attach=two[1])
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("7")
        await settle(pilot, lambda: len(pane(app).runs or []) == 2)
        status = app.query_one(StatusBar)
        await settle(pilot, lambda: "berry" in status.grid.text(), app)
        await pilot.press("n", *["backspace"] * 9, *"plum", "enter")
        await settle(pilot, lambda: "plum" in status.grid.text(), app)
        assert "berry" not in status.grid.text()


async def test_what_cannot_be_done_is_said(two: list[Run], tmp_path: Path) -> None:
    (tmp_path / "runs" / "2000-foreign").mkdir()
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path / "runs")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("7")
        await settle(pilot, lambda: len(pane(app).runs or []) == 3)
        await pilot.press("g")
        chosen = pane(app).chosen_run()
        assert chosen is not None
        with RunLock(Run(chosen.path)):
            await pilot.press("D")
            await settle(pilot, lambda: "is being trained" in text(app))
        await pilot.press("n", *["backspace"] * 20, "enter")
        await settle(pilot, lambda: "1 to 80" in text(app))
        await pilot.press("escape", "G", "i")
        await settle(pilot, lambda: "is damaged" in text(app))
        assert len(list_runs(tmp_path / "runs")) == 3
