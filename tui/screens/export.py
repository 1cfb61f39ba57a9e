"""The export dialog: draw the figures of a run and say where they went.

The figures are drawn by `cnn-tui figures` in a process of its own: matplotlib takes a second to
import and holds the interpreter while it draws, which the screen should not notice.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

FORMATS = (("png", "pictures"), ("svg", "drawings that scale"), ("pdf", "pages for print"))


def figures_command(run: Run, format: str) -> list[str]:
    """The command line that draws them."""
    program = "from tui.cli import main; main()"
    return [sys.executable, "-c", program, "figures", str(run.path), "--format", format]


class ExportScreen(ModalScreen[None]):
    """Asks for the format, then shows what was written."""

    BINDINGS: ClassVar = [Binding("escape,q,e", "close", show=False)]

    @dataclass
    class Said(Message):
        """The drawing process said a line."""

        line: str

    @dataclass
    class Ended(Message):
        """The drawing process ended."""

        code: int

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run_shown = run
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []

    def compose(self) -> ComposeResult:
        """The choice, and below it what is said."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = f"Export figures of {self._run_shown.id}"
            dialog.border_subtitle = "Enter draws, Esc closes"
            yield OptionList(
                *(Option(f"{name}  {meaning}", name) for name, meaning in FORMATS), markup=False
            )
            yield Static(id="said", markup=False)

    def on_mount(self) -> None:
        """The first format is chosen."""
        options = self.query_one(OptionList)
        options.focus()
        options.highlighted = 0

    @on(OptionList.OptionSelected)
    def _start(self, event: OptionList.OptionSelected) -> None:
        if self._process is None:
            self.query_one(OptionList).disabled = True
            self._show("drawing ...")
            self._draw(str(event.option_id))

    @work(thread=True, exit_on_error=False)
    def _draw(self, format: str) -> None:
        try:
            self._process = process = subprocess.Popen(
                figures_command(self._run_shown, format),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            self.post_message(self.Said(str(error)))
            self.post_message(self.Ended(1))
            return
        with process:
            for line in process.stdout or ():
                self.post_message(self.Said(line.rstrip()))
        self.post_message(self.Ended(process.returncode))

    @on(Said)
    def _note(self, event: Said) -> None:
        if event.line:
            path = Path(event.line)
            inside = path.parent == self._run_shown.path / "figures"
            self._lines.append(path.name if inside else event.line)
            self._show("drawing ...")

    @on(Ended)
    def _end(self, event: Ended) -> None:
        self._process = None
        self.query_one(OptionList).disabled = False
        self.query_one(OptionList).focus()
        folder = self._run_shown.path / "figures"
        self._show(f"are in {folder}" if event.code == 0 else f"failed, exit code {event.code}")

    def _show(self, last: str) -> None:
        self.query_one("#said", Static).update("\n".join(["", *self._lines[-12:], last]))

    def action_close(self) -> None:
        """Close; a drawing that is under way is given up."""
        if self._process is not None:
            self._process.terminate()
        self.dismiss()
