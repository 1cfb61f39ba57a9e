"""A monkey at the keyboard: whatever keys come, and however the terminal changes, nothing breaks.

The keys are drawn by a seed, so what breaks can be repeated. CNN_TUI_MONKEY=1000 presses so many
in every pane (usually 120), CNN_TUI_MONKEY_SEED chooses other ones.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeRun
from pane_driver import until
from textual import events

import data
from cnnlib.runs import Run
from data import Dataset, NotAvailable
from tui.app.app import CnnTuiApp
from tui.keys.commands import COMMANDS, PLACES
from tui.terminal.abilities import Terminal

PRESSES = int(os.environ.get("CNN_TUI_MONKEY", "120"))
SEED = int(os.environ.get("CNN_TUI_MONKEY_SEED", "0"))
NEVER = {"q", "ctrl+q", "ctrl+c"}
"""Keys that leave the app."""
KEYS = sorted({key for entry in COMMANDS for key in entry.keys} - NEVER)
KEYS += ["escape", "escape", "enter", "enter", "backspace", "delete", "a", "7", "(", ")", "=", ","]
SIZES = [(80, 24), (160, 48), (60, 16), (59, 15), (20, 3), (100, 30), (300, 80), (1, 1)]


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digits: Dataset) -> None:
    """No trainings, no downloads, no figures, no files of the user's."""

    def load(name: str, **options: Any) -> Dataset:
        if name == "mnist-5k":
            return digits
        raise NotAvailable(name, expected="mnist-5k", received="another", advice="Use it.")

    monkeypatch.setattr("data.load", load)
    monkeypatch.setattr(data, "load", load)
    monkeypatch.setattr(CnnTuiApp, "start_run", lambda self, new=False: "no")
    monkeypatch.setattr(CnnTuiApp, "resume_at", lambda self, rate: "no")
    for leave in ("action_ask_quit", "action_quit_now", "action_interrupt"):  # the palette has them
        monkeypatch.setattr(CnnTuiApp, leave, lambda self: self.say("not yet"))
    monkeypatch.setattr("tui.screens.export.figures_command", lambda *words: ["echo", "drawn"])
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tui.app.defects.user_log_path", lambda name: tmp_path / "log")
    monkeypatch.chdir(tmp_path)


async def press(app: CnnTuiApp, key: str, history: list[str]) -> None:
    """One key, and all that it does."""
    history.append(key)
    app.post_message(events.Key(key, key if len(key) == 1 else None))
    end = time.monotonic() + 20
    await asyncio.sleep(0)
    while app.is_typing and app.is_running:
        assert time.monotonic() < end, f"stuck after {history[-8:]}"
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("pane", [name for name, _ in PLACES])
async def test_any_keys_in_any_order(
    pane: str, runs: Path, make_run: Callable[..., FakeRun], tmp_path: Path
) -> None:
    fake = make_run(name="second")
    fake.begin()
    fake.train(30)
    fake.end("stopped")
    rng = random.Random(f"{SEED} {pane}")
    trained = next(path for path in runs.iterdir() if "tiny" in path.name)
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=runs, attach=Run(trained))
    history: list[str] = []
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.session.dataset is not None)
            for _ in range(PRESSES):
                if rng.random() < 0.04:
                    size = rng.choice(SIZES)
                    history.append(f"resize {size}")
                    await pilot.resize_terminal(*size)
                if rng.random() < 0.1 or app.current_pane is None:
                    await app.show_place(pane)
                await press(app, rng.choice(KEYS), history)
                assert app.return_code is None, f"it left after {history[-8:]}"
    except Exception:
        print(f"{pane}, seed {SEED}: ... {history[-12:]}")
        raise
    assert not (tmp_path / "log").exists(), (tmp_path / "log" / "cnn-tui.log").read_text()


async def test_a_run_that_is_deleted_under_the_app_is_said(runs: Path) -> None:
    run = Run(next(runs.iterdir()))
    app = CnnTuiApp(Terminal(), data="mnist-5k", runs=runs, attach=run)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.session.series.ended is not None)
        shutil.rmtree(run.path)
        await until(pilot, lambda: app.session.series.state == "unreadable")
        history: list[str] = []
        for key in ("1234567" * 2) + "3pxSyLme":
            await press(app, key, history)
        await pilot.pause(0.3)
        await press(app, "escape", history)
        assert app.return_code is None


async def test_data_that_vanish_are_said(
    runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def gone(name: str, **options: Any) -> Dataset:
        raise FileNotFoundError(2, "No such file or directory", "digits.csv")

    monkeypatch.setattr("data.load", gone)
    monkeypatch.setattr(data, "load", gone)
    monkeypatch.setattr("tui.experiment.loading.load", gone, raising=False)
    app = CnnTuiApp(Terminal(), data="digits.csv", runs=tmp_path / "none")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.session.dataset_error != "")
        assert "digits.csv" in app.session.dataset_error
        history: list[str] = []
        for key in "12345671" + "hjklgGcCsmanN":
            await press(app, key, history)
        assert app.return_code is None
