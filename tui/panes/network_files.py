"""A network in a file: read it into the editor, write it from there.

A mixin of the Model pane, which owns the editor.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cnnlib.text import MAX_TEXT
from tui.panes.base import Pane
from tui.screens.ask import AskScreen
from tui.session import Session


class NetworkFiles(Pane):
    """See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._file = "network.txt"

    @property
    def text(self) -> str:
        """The text in the editor."""
        raise NotImplementedError

    def take_text(self, text: str) -> None:
        """Put another text into the editor, as an edit that can be undone."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Read a network from a file."""
        question = "The file to read; one layer a line."
        screen = AskScreen("Open a network", question, self._file, check=readable)
        self.application.push_screen(screen, self._open)

    def _open(self, name: str | None) -> None:
        if name is None:
            return
        try:
            text = Path(name).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.application.say(str(error), "error")
            return
        self._file = name
        self.take_text(text)
        self.say(f"read {name}: F2 applies it, u brings back what was there")

    def action_write(self) -> None:
        """Write the network to a file."""
        question = "The file to write; one layer a line."
        screen = AskScreen("Save the network", question, self._file, check=writable())
        self.application.push_screen(screen, self._write)

    def _write(self, name: str | None) -> None:
        if name is None:
            return
        try:
            path = Path(name).expanduser()
            path.write_text(self.text.rstrip("\n") + "\n", encoding="utf-8")
        except OSError as error:
            self.application.say(f"{name} could not be written: {error.strerror}", "error")
            return
        self._file = name
        self.say(f"wrote {path}")


def readable(name: str) -> str:
    """Why a file cannot be read as a network; empty: it can."""
    path = Path(name).expanduser()
    try:
        if not name.strip() or not path.is_file():
            return f"there is no file {name!r}"
        if path.stat().st_size > MAX_TEXT:
            return f"{name} is too large for a network: at most {MAX_TEXT} bytes"
        path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        return f"{name} cannot be read as text: {error}"
    return ""


def writable() -> Callable[[str], str]:
    """A check of a name to write to; a file that is there is replaced when it is said twice."""
    warned: set[str] = set()

    def problem(name: str) -> str:
        path = Path(name).expanduser()
        if not name.strip() or path.is_dir():
            return "expected the name of a file"
        if not path.parent.is_dir():
            return f"there is no directory {path.parent}"
        if path.exists() and name not in warned:
            warned.add(name)
            return f"{name} is there already: Enter again replaces it"
        return ""

    return problem
