"""The export dialog: which figures of a run, in which format, where to; and the screen itself.

The figures are drawn by `cnn-tui figures` in a process of its own: matplotlib takes a second to
import and holds the interpreter while it draws, which the screen should not notice.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static
from textual.widgets.option_list import Option

from tui.screens.dialog import Dialog
from tui.terminal.capturing import capture
from tui.widgets.options import Options

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

FORMATS = {"png": "pictures", "svg": "drawings that scale", "pdf": "pages for print"}
FIGURES = {
    "curves": "loss and accuracy over the steps",
    "confusion": "which classes are taken for which",
    "feature-maps": "what each convolution makes of an image",
    "filters": "the weights of each convolution",
    "mistakes": "the costliest test images",
    "report": "scores of the classes, calibration",
}
SCREEN = "screen"
ABOUT_SCREEN = "this screen: text, ANSI text and SVG"
MOST_NAMES = 12


def figures_command(run: Run, format: str, only: Sequence[str], folder: Path) -> list[str]:
    """The command line that draws them."""
    program = "from tui.cli import main; main()"
    words = [sys.executable, "-c", program, "figures", str(run.path), "--format", format]
    return [*words, "--only", ",".join(only), "--out", str(folder)]


class ExportScreen(Dialog[None]):
    """Asks what, how and where to, then shows what was written and copies the paths."""

    BINDINGS: ClassVar = [
        Binding("escape,q,e", "close", show=False),
        Binding("f", "format", show=False),
        Binding("a", "all", show=False),
        Binding("space", "mark", show=False),
    ]

    @dataclass
    class Said(Message):
        """The drawing process said a line."""

        line: str

    @dataclass
    class Ended(Message):
        """The drawing process ended."""

        code: int

    def __init__(self, run: Run | None, shown: Screen[object], pane: str) -> None:
        super().__init__()
        self._run_shown = run
        self._screen_shown = shown
        self._pane = pane
        self._choices = {**(FIGURES if run is not None else {}), SCREEN: ABOUT_SCREEN}
        self._marked = set(FIGURES) if run is not None else {SCREEN}
        self._format = "png"
        self._process: subprocess.Popen[str] | None = None
        self._is_drawing = False
        self._paths: list[Path] = []
        self._said: list[str] = []

    def compose(self) -> ComposeResult:
        """The choices, the folder, and below them what is said."""
        name = self._run_shown.id if self._run_shown is not None else "the screen"
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = f"Export of {name}"
            dialog.border_subtitle = "Space marks, Enter writes, Esc closes"
            yield Options(*(Option(self._told(each), each) for each in self._choices), markup=False)
            with Vertical(id="how"):
                yield Static(id="format", markup=False)
                yield Static("into the folder (Tab):", markup=False)
                yield Input(str(self._usual_folder()), compact=True, id="folder")
            yield Static(id="said", markup=False)

    def _usual_folder(self) -> Path:
        return self._run_shown.figures if self._run_shown is not None else Path.cwd()

    def _told(self, name: str) -> str:
        width = max(len(each) for each in self._choices)
        return f"[{'x' if name in self._marked else ' '}] {name:<{width}}  {self._choices[name]}"

    def on_mount(self) -> None:
        """The first choice is under the cursor."""
        self._options.choose_first()
        self.query_one(Input).cursor_position = 0  # a long path is read from its beginning
        self._show_choices()

    @property
    def _options(self) -> Options:
        return self.query_one(Options)

    def _show_choices(self) -> None:
        for index, name in enumerate(self._choices):
            self._options.replace_option_prompt_at_index(index, self._told(name))
        about = f"as {self._format}, {FORMATS[self._format]}: f changes" if self._run_shown else ""
        self.query_one("#format", Static).update(about)

    # What the keys do

    def action_mark(self) -> None:
        """Mark or unmark what is under the cursor."""
        at = self._options.highlighted
        if at is not None and not self._is_drawing:
            self._marked ^= {list(self._choices)[at]}
            self._show_choices()

    def action_all(self) -> None:
        """All figures, or none."""
        if not self._is_drawing and self._run_shown is not None:
            everything = set(FIGURES) <= self._marked
            kept = self._marked & {SCREEN}
            self._marked = kept if everything else kept | set(FIGURES)
            self._show_choices()

    def action_format(self) -> None:
        """The next format."""
        if not self._is_drawing:
            names = list(FORMATS)
            self._format = names[(names.index(self._format) + 1) % len(names)]
            self._show_choices()

    def action_close(self) -> None:
        """Close; a drawing that is under way is given up."""
        if self._process is not None:
            self._process.terminate()
        self.dismiss()

    @on(Options.OptionSelected)
    @on(Input.Submitted)
    def _start(self) -> None:
        if self._is_drawing:
            return
        if not self._marked:
            self._show("nothing is marked: Space marks")
            return
        self._paths, self._said = [], []
        folder = Path(self.query_one(Input).value).expanduser()
        if SCREEN in self._marked:
            try:
                self._paths += capture(self._screen_shown, folder, f"screen-{self._pane}")
            except OSError as error:
                self._show(f"cannot write into {folder}: {error.strerror or error}")
                return
        only = [name for name in FIGURES if name in self._marked]
        if only and self._run_shown is not None:
            self._is_drawing = True
            self._show("drawing ... (Esc gives it up)")
            self._draw(figures_command(self._run_shown, self._format, only, folder))
        else:
            self._finish(0)

    # Drawing

    @work(thread=True, exit_on_error=False)
    def _draw(self, command: list[str]) -> None:
        try:
            self._process = process = subprocess.Popen(
                command,
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
        path = Path(event.line)
        if path.suffix.lstrip(".") == self._format and path.is_file():
            self._paths.append(path)
        elif event.line:
            self._said.append(event.line)
        self._show("drawing ... (Esc gives it up)")

    @on(Ended)
    def _end(self, event: Ended) -> None:
        self._process, self._is_drawing = None, False
        self._finish(event.code)

    def _finish(self, code: int) -> None:
        if code == 0 and not self._paths:
            self._show("nothing was written")
        elif code == 0:
            self.app.copy_to_clipboard("\n".join(str(path) for path in self._paths))
            self._show(f"in {self._paths[0].parent}\nTheir paths are copied.")
            for part in ("Options", "#how"):  # room for what was written
                self.query_one(part).display = False
            self.query_one(".dialog").border_subtitle = "Esc closes"
        else:
            self._show(f"failed, exit code {code}")

    def _show(self, last: str) -> None:
        names = [path.name for path in self._paths]
        hidden = len(names) - MOST_NAMES
        listed = ", ".join(names[:MOST_NAMES]) + (f" and {hidden} more" if hidden > 0 else "")
        written = f"{len(names)} files: {listed}" if names else ""
        lines = ["", *filter(None, [written]), *self._said[-4:], last]
        self.query_one("#said", Static).update("\n".join(lines))
