"""Every pane as it was last looked at and found good: a picture for each size and each look.

The pictures in `snapshots/` are text with the escapes of 256 colours: `cat` shows them, and a
difference is read in the rows that changed. They hold what a terminal shows, and so, unlike
drawings (SVG), they do not change with the version of Textual that drew them, and take a tenth of
the room. After a change that is meant, `CNN_TUI_SNAPSHOTS=write pytest tests/tui/test_snapshots.py`
writes them anew; look at them before they are committed.

The run is one that was trained once and is kept here, so nothing depends on the speed of the
machine; times are told in UTC, and the one measurement that a pane makes is given.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from pane_driver import until
from rich.color import ColorSystem
from textual.pilot import Pilot

from cnnlib.events import EpochEnded, Record, RunStarted, encode
from cnnlib.runs import Run
from data import Dataset
from tui.app.app import CnnTuiApp
from tui.experiment.timing import Timing
from tui.keys.commands import PANES, PLACES
from tui.settings.preferences import Preferences
from tui.sweep.journal import Trial
from tui.sweep.plan import read_sweep, settle
from tui.terminal.abilities import Terminal
from tui.terminal.capturing import as_ansi, as_text, strips_of

KEPT = Path(__file__).parent / "snapshots"
RUN = "2026-11-22T17-03-44-lenet"
TIMING = Timing(epoch_seconds=0.4, step_seconds=0.0035, steps=113)
SWEEP = '''
trials = 20
search = "Random()"
arch = "tiny"
space = """
lr = log_uniform(1e-4, 1e-1)
batch_size = choice(32, 64, 128)
optimizer.beta2 = uniform(0.9, 0.999)
"""
[training]
epochs = 3
'''
SIZES = {"80x24": (80, 24), "160x48": (160, 48)}
LOOKS = {
    "dark": (Terminal(), "dark"),
    "light": (Terminal(), "light"),
    "ascii": (Terminal(utf8=False, name="linux", colours=256), "dark"),
}


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digits: Dataset
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("data.load", lambda name, **options: digits)
    monkeypatch.setattr("tui.panes.network_tools.measure_apart", lambda description: TIMING)
    shutil.copytree(Path(__file__).parent / "snapshot_run", "runs")


@pytest.fixture(autouse=True, scope="module")
def _time_zone_afterwards() -> object:
    yield
    time.tzset()


async def settled(pilot: Pilot[None], app: CnnTuiApp) -> str:
    """The screen when nothing changes any more."""
    before = ""
    for _ in range(200):
        await app.workers.wait_for_complete()
        await pilot.pause(0.1)
        app.tick()
        await pilot.pause()
        now = as_ansi(strips_of(app.screen), ColorSystem.EIGHT_BIT)
        if now == before:
            break
        before = now
    return before


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", SIZES)
async def test_panes_look_as_they_did(size: str, look: str) -> None:
    terminal, theme = LOOKS[look]
    run = Run(Path("runs") / RUN)
    app = CnnTuiApp(
        terminal,
        data="mnist-5k",
        runs=Path("runs"),
        attach=run,
        preferences=Preferences(theme=theme),
    )
    wrong = []
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, lambda: app.session.dataset is not None)
        await until(pilot, lambda: app.session.series.ended is not None)
        for name, _ in PANES:
            await app.action_show_pane(name)
            found = await settled(pilot, app)
            if look == "ascii":
                assert found.isascii(), name
            kept = KEPT / f"{name}-{size}-{look}.ansi"
            if os.environ.get("CNN_TUI_SNAPSHOTS") == "write":
                KEPT.mkdir(exist_ok=True)
                kept.write_text(found, encoding="utf-8")
            elif found != kept.read_text(encoding="utf-8"):
                shown = as_text(strips_of(app.screen))
                wrong.append(f"{kept.name} shows something else now:\n{shown}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", SIZES)
async def test_a_sweep_looks_as_it_did(
    size: str, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = {"lr": 0.72, "optimizer.beta2": 0.17, "batch_size": 0.11}
    monkeypatch.setattr("tui.panes.sweeping.importances", lambda sweep, trials: shares)
    a_sweep(Path("runs"))
    terminal, theme = LOOKS[look]
    given = Preferences(theme=theme)
    app = CnnTuiApp(terminal, data="mnist-5k", runs=Path("runs"), preferences=given)
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, lambda: app.session.dataset is not None)
        app.session.sweep = Path("runs/rates")
        await app.show_place("sweep")
        await until(pilot, lambda: app.is_ready)
        if size == "80x24":
            await pilot.press("m", "m")
        app.unsay("parallel")
        found = await settled(pilot, app)
        compare(app, found, f"sweep-{size}-{look}.ansi", ascii_only=look == "ascii")


def a_sweep(root: Path) -> None:
    """Fifteen trials of twenty, the last one under way when its driver was killed."""
    (root / "rates.toml").write_text(SWEEP, encoding="utf-8")
    folder = settle(read_sweep(root / "rates.toml"), root)
    lines = []
    for n in range(15):
        given = {"lr": 10 ** (-4 + 3 * (n * 7 % 15) / 14), "batch_size": (32, 64, 128)[n % 3]}
        given |= {"optimizer.beta2": 0.9 + 0.099 * (n * 4 % 15) / 14}
        state = {4: "pruned", 9: "diverged", 14: "running"}.get(n, "finished")
        value = 0.96 - (n * 7 % 15 - 9) ** 2 / 200 - n % 3 / 90
        values = (value - 0.2, value - 0.1) + ((value,) if state == "finished" else ())
        told = value if state == "finished" else None
        trial = Trial(n, given, state, (), told, values if n < 14 else (), "", 1.79e9 + 30 * n)
        lines.append(json.dumps(asdict(trial)) + "\n")
        run = folder / f"2026-11-22T17-03-{n:02d}-trial-{n:04d}"
        run.mkdir()
        begun = RunStarted(
            run=run.name, architecture="", classes=("0", "1"), parameters=1, train_examples=1,
            valid_examples=1, batch_size=1, ranks=1, seed=0, epochs=3, step=0, steps_per_epoch=1,
        )  # fmt: skip
        ended = EpochEnded(1, 1, 1.0, 0.5, 0.5, value - 0.2, 0.1, True)
        (run / "events.jsonl").write_text(
            f"{encode(Record(1, 1.79e9, begun))}\n{encode(Record(2, 1.79e9 + 11 + n, ended))}\n"
        )
    (folder / "sweep.jsonl").write_text("".join(lines), encoding="utf-8")


def compare(app: CnnTuiApp, found: str, name: str, *, ascii_only: bool) -> None:
    """See that the screen is the kept one, or keep it."""
    kept = KEPT / name
    assert found.isascii() or not ascii_only, name
    if os.environ.get("CNN_TUI_SNAPSHOTS") == "write":
        kept.write_text(found, encoding="utf-8")
    elif found != kept.read_text(encoding="utf-8"):
        pytest.fail(f"{name} shows something else now:\n{as_text(strips_of(app.screen))}")


def test_every_snapshot_is_of_something() -> None:
    kept = {path.name for path in KEPT.iterdir()}
    places = [name for name, _ in PLACES]
    assert kept == {f"{place}-{s}-{look}.ansi" for place in places for s in SIZES for look in LOOKS}
