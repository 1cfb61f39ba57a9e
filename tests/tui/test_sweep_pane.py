"""A sweep in the app: it is one row of Runs, is opened, sorted, looked at, followed and stopped."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from pane_driver import SIZE, WIDE, pressed, shown, until
from textual.pilot import Pilot

from cnnlib.runs import directory
from cnnlib.runs.commands import CommandReader, Request, Stop
from cnnlib.runs.directory import Run
from cnnlib.runs.lock import RunLock
from data import Dataset
from tui.app.app import CnnTuiApp
from tui.keys.commands import commands_for
from tui.panes import sweeping
from tui.panes.runs import RunsPane
from tui.panes.sweep import SweepPane
from tui.screens.choose import ChooseScreen
from tui.screens.help import HelpScreen
from tui.sweep.journal import FILE, Trial
from tui.sweep.ordering import columns
from tui.sweep.plan import Sweep, read_sweep, settle
from tui.terminal.abilities import Terminal
from tui.terminal.capturing import as_text, strips_of
from tui.widgets.cellgrid import CellGrid

WORDS = '''
name = "rates"
trials = 20
search = "Random()"
arch = "tiny"
space = """
lr = log_uniform(1e-4, 1e-1)
batch_size = choice(32, 64)
optimizer.beta2 = uniform(0.9, 0.999)
"""
[training]
epochs = 4
'''


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digits: Dataset) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("data.load", lambda name, **options: digits)
    monkeypatch.setattr(sweeping, "SECONDS_BETWEEN_LOOKS", 0.05)


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    file = tmp_path / "rates.toml"
    file.write_text(WORDS, encoding="utf-8")
    return read_sweep(file)


@pytest.fixture
def folder(sweep: Sweep, tmp_path: Path) -> Path:
    """Twelve trials: ten finished, the fourth pruned, the last under way; each has a run."""
    folder = settle(sweep, tmp_path / "runs")
    for number in range(12):
        state = {3: "pruned", 11: "running"}.get(number, "finished")
        value = 0.5 + 0.01 * number if state == "finished" else None
        write(folder, sweep, number, state, value)
        directory.create(folder, f"trial-{number:04d}", {"run": {}})
    return folder


def write(
    folder: Path, sweep: Sweep, number: int, state: str = "running", value: float | None = None
) -> None:
    parameters = sweep.search.propose(sweep.space, 0, number) or {}
    values = (0.3, 0.4, value) if value is not None else ()
    trial = Trial(number, parameters, state, (), value, values, "", 1000.0 + 60 * number)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(trial)) + "\n")


@asynccontextmanager
async def opened(
    folder: Path, size: tuple[int, int] = SIZE, terminal: Terminal | None = None
) -> AsyncIterator[tuple[CnnTuiApp, Pilot[None]]]:
    """The app on the sweep, opened from the list by Enter."""
    app = CnnTuiApp(terminal or Terminal(), data="mnist-5k", runs=folder.parent)
    async with app.run_test(size=size) as pilot:
        await pressed(pilot, "7")
        await until(pilot, lambda: isinstance(app.current_pane, RunsPane) and app.is_ready)
        await pressed(pilot, "enter")
        await until(pilot, lambda: isinstance(app.current_pane, SweepPane) and app.is_ready)
        await pilot.pause()
        yield app, pilot


def pane(app: CnnTuiApp) -> SweepPane:
    found = app.current_pane
    assert isinstance(found, SweepPane)
    return found


def status(app: CnnTuiApp) -> str:
    return app.query_one("#status", CellGrid).grid.text()


def numbers(app: CnnTuiApp) -> list[int]:
    return [trial.number for trial in pane(app).trials]


# In the list


async def test_a_sweep_is_one_row_that_no_run_thing_is_done_to(folder: Path) -> None:
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=folder.parent)
    async with app.run_test(size=SIZE) as pilot:
        await pressed(pilot, "7")
        await until(pilot, lambda: "rates" in shown(app, "runs-list"))
        told = shown(app, "runs-list")
        assert "trial-0" not in told
        for word in ("rates (sweep, best: trial 10)", "interrupted", "11/20", "60.00%", "1 sweep"):
            assert word in told
        assert "Random()" in shown(app, "run")
        for key in ("n", "i", "T", "D", "space"):
            await pressed(pilot, key)
            assert "rates is a sweep" in status(app)
        await pressed(pilot, "slash", *"nothing", "enter")
        await until(pilot, lambda: "No run has all" in shown(app, "runs-list"))
    assert (folder / "sweep.toml").exists()


async def test_7_comes_back_to_the_sweep_and_escape_to_the_list(folder: Path) -> None:
    async with opened(folder) as (app, pilot):
        await pressed(pilot, "3", "7")
        assert isinstance(app.current_pane, SweepPane)
        await pressed(pilot, "7")
        assert isinstance(app.current_pane, RunsPane)
        await pressed(pilot, "3", "7")
        assert isinstance(app.current_pane, RunsPane)
        await pressed(pilot, "enter", "escape")
        assert isinstance(app.current_pane, RunsPane)
        await app.run_command("sweep.reverse")
        await pilot.pause()
        assert pane(app).reverse
        await pressed(pilot, "tab")
        assert app.current_pane is not None
        assert app.current_pane.pane_name == "data"


async def test_its_keys_stand_in_help_footer_and_palette(folder: Path) -> None:
    async with opened(folder) as (app, pilot):
        assert "stop all" in app.query_one("#keys", CellGrid).grid.text()
        assert "7 Runs" in app.query_one("#tabs", CellGrid).grid.text()
        await pressed(pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)
        told = as_text(strips_of(app.screen))
        assert "Help: Sweep" in told
        assert commands_for("sweep")[0].help in told
        await pressed(pilot, "escape", "colon", *"sweep: reverse", "enter")
        assert pane(app).reverse


async def test_without_a_sweep_it_says_how_to_open_one(tmp_path: Path) -> None:
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await app.show_place("sweep")
        await pressed(pilot, *"jkgGsShlmcxX", "enter", "pagedown", "pageup")
        await pressed(pilot, "left_square_bracket", "right_square_bracket")
        await pressed(pilot, "m")
        assert app.is_running


# The table


async def test_the_table_is_sorted_by_every_column_and_both_ways(folder: Path) -> None:
    async with opened(folder) as (app, pilot):
        assert numbers(app)[:3] == [10, 9, 8]
        assert "by value" in shown(app, "sweep-trials")
        view = pane(app).view
        assert view is not None
        for _ in columns(view):
            await pressed(pilot, "s")
            order = numbers(app)
            await pressed(pilot, "S")
            assert sorted(numbers(app)) == sorted(order)
            if pane(app).by in ("trial", "=lr", "=optimizer.beta2"):
                assert numbers(app) == order[::-1]
            title = pane(app).by.removeprefix("=").rpartition(".")[2]
            titles = {"trial": "#", "value": "valid", "seconds": "time"}
            assert any(
                f"{titles.get(title, title)}{arrow}" in shown(app, "sweep-trials") for arrow in "▲▼"
            )
        assert pane(app).by == "value"
        await pressed(pilot, "h", "h")
        assert pane(app).by == "trial"
        await pressed(pilot, "l", "right", "left")
        assert pane(app).by == "state"


async def test_the_cursor_walks_and_keeps_its_trial(folder: Path) -> None:
    async with opened(folder) as (app, pilot):
        chosen = []
        for key in ("j", "down", "k", "G", "g", "pagedown", "pageup", "end", "home"):
            await pressed(pilot, key)
            trial = pane(app).chosen()
            chosen.append(trial.number if trial is not None else None)
        order = numbers(app)
        page = app.query_one("#sweep-trials", CellGrid).content_size.height - 1
        places = [1, 2, 1, len(order) - 1, 0, page, 0, len(order) - 1, 0]
        assert chosen == [order[place] for place in places]
        await pressed(pilot, "j")
        before = pane(app).chosen()
        await pressed(pilot, "s", "S")
        after = pane(app).chosen()
        assert before is not None
        assert after is not None
        assert before.number == after.number
        await pilot.click("#sweep-trials", offset=(5, 3))
        clicked = pane(app).chosen()
        assert clicked is not None
        assert clicked.number == numbers(app)[1]


# The pictures


async def test_m_goes_through_the_pictures_and_the_table_alone(folder: Path) -> None:
    pytest.importorskip("optuna")
    async with opened(folder) as (app, pilot):
        assert "best so far" in shown(app, "sweep-history")
        assert "60.00%" in shown(app, "sweep-history")
        await pressed(pilot, "c")
        assert "minutes" in shown(app, "sweep-history")
        await pressed(pilot, "m")
        await until(pilot, lambda: "PED-ANOVA" in shown(app, "sweep-importances"))
        await pressed(pilot, "m")
        assert "60.00%" in shown(app, "sweep-parallel")
        assert "●" in shown(app, "sweep-parallel")
        await pressed(pilot, "right_square_bracket")
        assert "all settings are drawn" in status(app)
        await pressed(pilot, "m")
        visible = [grid.id for grid in pane(app).query(CellGrid) if grid.display]
        assert visible == ["sweep-line", "sweep-trials"]
        await pressed(pilot, "m")
        assert app.query_one("#sweep-history").display


async def test_all_pictures_are_there_where_there_is_room(folder: Path) -> None:
    async with opened(folder, WIDE) as (app, pilot):
        assert all(grid.display for grid in pane(app).query(CellGrid))
        assert all(grid.size.height > 5 for grid in list(pane(app).query(CellGrid))[1:])
        await pressed(pilot, "m")
        assert "all pictures are shown" in status(app)


async def test_too_many_settings_are_gone_through(folder: Path) -> None:
    async with opened(folder, (60, 16)) as (app, pilot):
        await pressed(pilot, "m", "m", "m")
        pane(app).query_one("#sweep-parallel", CellGrid).styles.width = 30
        await pilot.pause()
        first = shown(app, "sweep-parallel")
        await pressed(pilot, "right_square_bracket")
        assert shown(app, "sweep-parallel") != first
        await pressed(pilot, "left_square_bracket")
        assert shown(app, "sweep-parallel") == first


async def test_what_importances_lack_is_said(
    folder: Path, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (folder / FILE).read_text().splitlines(keepends=True)
    (folder / FILE).write_text("".join(lines[:4]))
    monkeypatch.setitem(sys.modules, "optuna", None)
    async with opened(folder) as (app, pilot):
        await pressed(pilot, "m")
        assert "10 finished trials on: 3 so far" in shown(app, "sweep-importances")
        for number in range(4, 12):
            write(folder, sweep, number, "finished", 0.5 + 0.01 * number)
        await until(pilot, lambda: "cnn-tui[sweep]" in flat(shown(app, "sweep-importances")))


async def test_importances_come_when_the_plan_can_be_read_again(folder: Path) -> None:
    pytest.importorskip("optuna")
    plan = folder / "sweep.toml"
    words = plan.read_text(encoding="utf-8")
    plan.write_text("[", encoding="utf-8")
    async with opened(folder) as (app, pilot):
        await pressed(pilot, "m")
        await until(
            pilot, lambda: "Importances need sweep.toml" in flat(shown(app, "sweep-importances"))
        )
        plan.write_text(words, encoding="utf-8")
        await until(pilot, lambda: "PED-ANOVA" in shown(app, "sweep-importances"))


async def test_importances_are_told_without_a_trial_that_is_outside_of_the_space(
    folder: Path, sweep: Sweep
) -> None:
    pytest.importorskip("optuna")
    journal = folder / FILE
    first, *others = journal.read_text().splitlines(keepends=True)
    told = json.loads(first)
    told["parameters"]["batch_size"] = 48
    journal.write_text("".join([json.dumps(told) + "\n", *others]))
    async with opened(folder) as (app, pilot):
        await pressed(pilot, "m")
        await until(pilot, lambda: "9 so far" in shown(app, "sweep-importances"))
        write(folder, sweep, 11, "finished", 0.7)
        await until(pilot, lambda: "PED-ANOVA" in shown(app, "sweep-importances"))


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("size", "terminal"),
    [
        ((60, 16), Terminal()),
        (SIZE, Terminal(utf8=False)),
        (SIZE, Terminal(name="linux", colours=16)),
        (WIDE, Terminal(colours=0)),
    ],
)
async def test_it_draws_on_every_terminal(
    folder: Path, size: tuple[int, int], terminal: Terminal
) -> None:
    async with opened(folder, size, terminal) as (app, pilot):
        for _ in range(4):
            await pressed(pilot, "m")
            grids = [grid.grid for grid in pane(app).query(CellGrid) if grid.display]
            assert all(grid.width <= size[0] and grid.height <= size[1] for grid in grids)
            if not terminal.unicode:
                assert all(grid.text().isascii() for grid in grids)


# While it goes on


async def test_a_sweep_is_followed_while_it_goes_on(folder: Path, sweep: Sweep) -> None:
    async with opened(folder) as (app, pilot):
        assert app.query_one("#sweep-line", CellGrid).grid.text().startswith("interrupted")
        with RunLock(Run(folder)):
            await until(pilot, lambda: "running" in shown(app, "sweep-line"))
            write(folder, sweep, 11, "finished", 0.9)
            write(folder, sweep, 12)
            await until(pilot, lambda: "90.00% (trial 11)" in shown(app, "sweep-line"))
            assert 12 in numbers(app)
            assert "12 of 20 trials over" in shown(app, "sweep-line")


async def test_damage_and_deletion_are_said_and_the_rest_stays(folder: Path, sweep: Sweep) -> None:
    async with opened(folder) as (app, pilot):
        with (folder / FILE).open("a", encoding="utf-8") as file:
            file.write("nonsense\n{")
        await until(pilot, lambda: "cannot be read" in flat(shown(app, "sweep-line")))
        assert len(numbers(app)) == 12
        (folder / "sweep.toml").write_text("[", encoding="utf-8")
        await until(pilot, lambda: "sweep.toml" in flat(shown(app, "sweep-line")))
        shutil.rmtree(folder)
        await until(pilot, lambda: "is gone" in flat(shown(app, "sweep-line")))
        await pressed(pilot, *"jkgGsSmmmmcxX")
        await pressed(pilot, "enter")
        await until(pilot, lambda: "gone" in status(app) or "no run" in status(app))
        await pressed(pilot, "escape")
        await until(pilot, lambda: "No run in" in shown(app, "runs-list"))


# What is asked


async def test_a_trial_opens_as_the_run_of_all_panes(folder: Path) -> None:
    async with opened(folder) as (app, pilot):
        await pressed(pilot, "j", "enter")
        assert app.session.run is not None
        assert app.session.run.id.endswith("trial-0009")
        assert "showing trial 9" in status(app)
        await pressed(pilot, "3")
        assert "trial-0009" in status(app) or "showing" in status(app)


async def test_of_several_seeds_one_is_chosen(folder: Path) -> None:
    shutil.rmtree(next(folder.glob("*trial-0010")))
    for seed in (1, 2):
        directory.create(folder, f"trial-0010-seed-{seed}", {"run": {}})
    async with opened(folder) as (app, pilot):
        await pressed(pilot, "enter")
        assert isinstance(app.screen, ChooseScreen)
        await pressed(pilot, "j", "enter")
        assert app.session.run is not None
        assert app.session.run.id.endswith("trial-0010-seed-2")


async def test_x_stops_a_trial_by_its_commands(folder: Path) -> None:
    run = Run(next(folder.glob("*trial-0011")))
    with RunLock(run):
        async with opened(folder) as (app, pilot):
            await pressed(pilot, "x")
            assert "is over: finished" in status(app)
            await pressed(pilot, "h", "g")  # by state: what runs comes first
            await pressed(pilot, "x")
            assert "asked trial 11 to stop" in status(app)
    [request] = CommandReader(run.commands_path).poll()
    assert isinstance(request, Request)
    assert request.command == Stop()


async def test_X_stops_the_sweep_when_the_answer_is_yes(folder: Path) -> None:
    async with opened(folder) as (app, pilot):
        await pressed(pilot, "X")
        assert "nobody drives rates" in status(app)
        with RunLock(Run(folder)):
            await until(pilot, lambda: "running" in shown(app, "sweep-line"))
            await pressed(pilot, "X")
            assert isinstance(app.screen, ChooseScreen)
            await pressed(pilot, "enter")
            assert not Run(folder).commands_path.exists()
            await pressed(pilot, "X", "escape")
            assert not Run(folder).commands_path.exists()
            await pressed(pilot, "X", "j", "enter")
            assert "asked rates to stop" in status(app)
    [request] = CommandReader(Run(folder).commands_path).poll()
    assert isinstance(request, Request)
    assert request.command == Stop()
