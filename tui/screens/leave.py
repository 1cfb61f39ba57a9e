"""The question what becomes of a run that trains when the app is left."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static
from textual.widgets.option_list import Option

from tui.following.series import Series
from tui.screens.dialog import Dialog
from tui.widgets.options import Options

SECONDS = 0.5
"""Between two looks at the run."""


class Leave(Enum):
    """The answers."""

    DETACH = "d"
    STOP = "s"
    STAY = "c"


class LeaveScreen(Dialog[Leave]):
    """Three answers: each has a letter, the arrows and Enter do as well, Escape stays."""

    BINDINGS: ClassVar = [
        Binding("d", "answer('d')", show=False),
        Binding("s", "answer('s')", show=False),
        Binding("c,escape,q", "answer('c')", show=False),
    ]

    def __init__(self, run_id: str, series: Series) -> None:
        super().__init__()
        self._run_id = run_id
        self._series = series

    def compose(self) -> ComposeResult:
        """The run and the three answers."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Quit?"
            dialog.border_subtitle = "Esc stays"
            yield Static(self._told(), markup=False)
            yield Options(
                Option("d  leave it training; `cnn-tui attach` comes back to it", "d"),
                Option("s  stop it after this step and keep a checkpoint", "s"),
                Option("c  stay here", "c"),
                markup=False,
            )

    def _told(self) -> str:
        series = self._series
        epochs = f" of {series.started.epochs}" if series.started is not None else ""
        where = f"epoch {series.epoch}{epochs}, step {series.step}"
        return f"Run {self._run_id} is {series.state} ({where})."

    def on_mount(self) -> None:
        """The safest answer is chosen."""
        self.query_one(Options).choose_first()
        self._clock = self.set_interval(SECONDS, self._look)

    def _look(self) -> None:
        """The run goes on meanwhile, and may end: then there is nothing left to decide about it."""
        self.query_one(Static).update(self._told())
        if not self._series.is_live:
            self._clock.stop()
            options = self.query_one(Options)
            options.clear_options()
            options.add_options([Option("d  leave", "d"), Option("c  stay here", "c")])
            options.highlighted = 0

    @on(Options.OptionSelected)
    def _choose(self, event: Options.OptionSelected) -> None:
        self.dismiss(Leave(event.option_id))

    def action_answer(self, letter: str) -> None:
        """An answer by its letter, where it is one of those that are offered."""
        if letter == Leave.STOP.value and not self._series.is_live:
            return
        self.dismiss(Leave(letter))
