"""The notice of a terminal that is too small to show a pane."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Static

NEEDED = (60, 16)
"""Columns and rows."""


class TooSmallScreen(ModalScreen[None]):
    """Says what is needed; the app takes it away once there is room."""

    BINDINGS: ClassVar = [Binding("q,ctrl+c", "app.quit_now", "Quit", show=False)]

    def compose(self) -> ComposeResult:
        """One sentence."""
        yield Static()

    def on_resize(self) -> None:
        """Say what there is now."""
        needed, size = "x".join(map(str, NEEDED)), self.app.size
        self.query_one(Static).update(
            f"cnn-tui needs at least {needed} (now {size.width}x{size.height}). "
            "q quits; training goes on."
        )
