"""Keys that are typed while the app still starts: none is lost, each goes where it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal_driver import Terminal

pytestmark = pytest.mark.terminal


def test_keys_typed_before_the_first_picture_arrive(tmp_path: Path) -> None:
    terminal = Terminal("--runs", tmp_path / "runs", home=tmp_path)
    try:
        terminal.press("2", "i", "#", " ", "q")  # before anything is read or shown
        terminal.wait_for("# qConv2d(8, kernel=5")
        terminal.press("\x11")  # Ctrl+Q
        terminal.wait_for("is not applied")
    finally:
        terminal.close()
