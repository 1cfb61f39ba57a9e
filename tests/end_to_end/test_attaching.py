"""Attaching to a long run: the whole past at once, and nothing of it is read twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from long_run import long_run
from terminal_driver import Terminal, command

from cnnlib import events as ev
from cnnlib.runs import lines
from cnnlib.runs.directory import find
from cnnlib.runs.history import RunHistory
from cnnlib.runs.journal import JournalWriter
from cnnlib.runs.lock import owner
from tui.following.follower import Follower

STEPS = 50_000


def test_the_past_of_fifty_thousand_steps_is_there_at_once(tmp_path: Path) -> None:
    """How long it takes is measured by tests/benchmarks."""
    follower = Follower(long_run(tmp_path))
    follower.poll()
    while follower._reader.behind:
        follower.poll()
    series = follower.series
    np.testing.assert_array_equal(series.steps.values, np.arange(1, STEPS + 1))
    assert len(series.epochs) == 50
    assert series.damaged == 0


def test_a_glance_shows_what_the_whole_shows(tmp_path: Path) -> None:
    """All but most of the steps: epochs, log, state, speed and the shape of the curve."""
    whole = Follower(long_run(tmp_path))
    glance = Follower(whole.run)
    while whole.poll():
        pass
    glance.glance()
    seen, told = glance.series, whole.series
    assert 1000 < seen.steps.values.size < 4000
    assert seen.epochs == told.epochs
    assert list(seen.log) == list(told.log)
    for name in ("state", "step", "epoch", "started", "ended", "seconds", "images_per_second"):
        assert getattr(seen, name) == getattr(told, name), name
    drawn = np.interp(told.steps.values, seen.steps.values, seen.losses.values)
    assert np.abs(drawn - told.losses.values).mean() < 0.06  # of a curve that swings by 0.1
    while glance.poll():
        assert glance.series is seen or glance.series.steps.values.size == STEPS
    np.testing.assert_array_equal(glance.series.losses.values, told.losses.values)
    assert glance.series.version > seen.version


def test_what_was_read_is_never_read_again_while_following(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = long_run(tmp_path, steps=2000, epochs=4)
    follower = Follower(run)
    follower.poll()
    size = run.journal_path.stat().st_size
    read = 0
    exactly = lines.read_exactly

    def counted(descriptor: int, count: int) -> bytearray:
        nonlocal read
        data = exactly(descriptor, count)
        read += len(data)
        return data

    monkeypatch.setattr(lines, "read_exactly", counted)
    with JournalWriter(run.journal_path, interval=0.0) as journal:
        for step in range(2001, 2101):
            journal.append(ev.StepEnded(5, step, 0.5, 0.5, 32, 1e-3, 1.0))
            follower.poll()
    added = run.journal_path.stat().st_size - size
    assert follower.series.step == 2100
    assert added <= read < added + 200 * 256  # and a few bytes each time to see that it is the same
    assert read < size / 3


@pytest.mark.terminal
def test_the_charts_are_on_the_screen_soon(tmp_path: Path) -> None:
    run = long_run(tmp_path / "runs")
    terminal = Terminal("attach", run.id, "--runs", tmp_path / "runs", home=tmp_path)
    try:
        began = time.monotonic()
        terminal.wait_for("Loss", "50 000", "stopped", seconds=30)
        print(f"charts {time.monotonic() - began:.2f} s after the command was given")
        terminal.wait_until(lambda text: text.count("stopped") >= 2, "the status line")
        text = terminal.text
        terminal.press("q")
        assert terminal.wait_for_end() == 0
    finally:
        terminal.close()
    assert sum("\u2800" < character <= "\u28ff" for character in text) > 20, text


@pytest.mark.terminal
def test_two_screens_on_one_run_show_what_either_asks(tmp_path: Path) -> None:
    words = ("--epochs", "10000", "--arch", "tiny", "--ranks", "1", "--runs", tmp_path / "runs")
    done = subprocess.run(
        [command(), "train", *map(str, words), "--detach", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    run = find(tmp_path / "runs")
    screens: list[Terminal] = []
    try:
        for _ in range(2):
            screens.append(Terminal("attach", "--runs", tmp_path / "runs", home=tmp_path))
        first, second = screens
        for screen in screens:
            screen.wait_for("training", "step", seconds=60)
        first.press("p")
        for screen in screens:
            screen.wait_for("‖ paused")
        second.press("p")
        for screen in screens:
            screen.wait_for("● training")
        second.press("x")
        first.wait_for("stopped")
        second.wait_for("stopped")
    finally:
        for screen in screens:
            screen.close()
        if owner(run) is not None:
            os.kill(json.loads(done.stdout)["pid"], signal.SIGKILL)
    told = [record.event for record in RunHistory.read(run).records]
    answers = [event.name for event in told if isinstance(event, ev.CommandDone)]
    assert answers == ["Pause", "Resume", "Stop"]
