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

import os
import shutil
import time
from pathlib import Path

import pytest
from pane_driver import until
from rich.color import ColorSystem
from textual.pilot import Pilot

from cnnlib.runs import Run
from data import Dataset
from tui.app.app import CnnTuiApp
from tui.experiment.timing import Timing
from tui.keys.commands import PANES
from tui.settings.preferences import Preferences
from tui.terminal.abilities import Terminal
from tui.terminal.capturing import as_ansi, as_text, strips_of

KEPT = Path(__file__).parent / "snapshots"
RUN = "2026-11-22T17-03-44-lenet"
TIMING = Timing(epoch_seconds=0.4, step_seconds=0.0035, steps=113)
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


def test_every_snapshot_is_of_something() -> None:
    kept = {path.name for path in KEPT.iterdir()}
    assert kept == {f"{pane}-{s}-{look}.ansi" for pane, _ in PANES for s in SIZES for look in LOOKS}
