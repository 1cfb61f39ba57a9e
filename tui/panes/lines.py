"""Lines in which something is typed below a list, and how they are opened and left."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.widgets import Input


class TypedLine(Input):
    """A line that is hidden until something is to be typed; Enter and Escape submit it."""

    on_escape = ""
    """What Escape submits."""
    BINDINGS: ClassVar = [Binding("escape", "dismiss", "Leave", show=False)]

    def action_dismiss(self) -> None:
        """Leave the line."""
        self.post_message(self.Submitted(self, self.on_escape))

    def open_with(self, text: str) -> None:
        """Show the line with a text in it."""
        self.value = text
        self.add_class("-open")
        self.focus()
        self.action_end()

    def close(self) -> None:
        """Hide it again."""
        self.remove_class("-open")
