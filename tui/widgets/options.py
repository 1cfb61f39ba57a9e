"""A list to choose from, for the dialogs: arrows, j and k, g and G, and pages."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.widgets import OptionList


class Options(OptionList):
    """Textual's list; the keys of a page wait until it has been laid out, and knows its height."""

    BINDINGS: ClassVar = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("g", "first", show=False),
        Binding("G", "last", show=False),
    ]

    def action_page_down(self) -> None:
        """A page on."""
        if self.size.height:
            super().action_page_down()

    def action_page_up(self) -> None:
        """A page back."""
        if self.size.height:
            super().action_page_up()

    def choose_first(self) -> None:
        """Take the focus, with the first option under the cursor."""
        self.focus()
        self.highlighted = 0
