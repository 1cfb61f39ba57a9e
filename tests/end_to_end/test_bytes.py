"""What goes over the line, counted: a switch to each pane, and nothing when nothing changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from terminal_driver import Terminal, command

pytestmark = pytest.mark.terminal
MOST = 60_000
"""Bytes of a switch: a line of 64 KiB/s has shown it within a second."""
SWITCHES = (
    (1, "images"),
    (2, "Conv2d"),
    (4, "predicted"),
    (5, "most confused"),
    (6, "istake"),
    (7, "runs in"),
    (3, "Accuracy"),
)
"""Digits of the panes, and a word that each shows."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a run that has finished."""
    folder = tmp_path_factory.mktemp("bytes") / "runs"
    words = [command(), "train", "--arch", "tiny", "--epochs", "1", "--runs", str(folder)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return folder


def sent_until_silence(terminal: Terminal) -> int:
    """Bytes that come until none have come for two ticks of the app."""
    before = now = len(terminal.output)
    while True:
        terminal.read(0.5)
        if len(terminal.output) == now:
            return now - before
        now = len(terminal.output)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (160, 48)])
def test_a_switch_sends_little_and_then_nothing(
    runs: Path, tmp_path: Path, columns: int, rows: int
) -> None:
    terminal = Terminal("attach", "--runs", runs, home=tmp_path, columns=columns, rows=rows)
    try:
        terminal.wait_for("Loss", "finished")
        sent_until_silence(terminal)
        for digit, word in SWITCHES:
            before = len(terminal.output)
            terminal.press(str(digit))
            terminal.wait_for(word)
            sent_until_silence(terminal)
            sent = len(terminal.output) - before
            assert 0 < sent <= MOST, f"{sent} bytes for pane {digit}"
    finally:
        terminal.close()
