"""The question what becomes of a run that trains when the app is left."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.series import Series


class Leave(Enum):
    """The answers."""

    DETACH = "d"
    STOP = "s"
    STAY = "c"


class LeaveScreen(ModalScreen[Leave]):
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
        series = self._series
        epochs = f" of {series.started.epochs}" if series.started is not None else ""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Quit?"
            dialog.border_subtitle = "Esc stays"
            yield Static(
                f"Run {self._run_id} is {series.state} "
                f"(epoch {series.epoch}{epochs}, step {series.step}).",
                markup=False,
            )
            yield OptionList(
                Option("d  leave it training; `cnn-tui attach` comes back to it", "d"),
                Option("s  stop it after this step and keep a checkpoint", "s"),
                Option("c  stay here", "c"),
                markup=False,
            )

    def on_mount(self) -> None:
        """The safest answer is chosen."""
        self.query_one(OptionList).focus()
        self.query_one(OptionList).highlighted = 0

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(Leave(event.option_id))

    def action_answer(self, letter: str) -> None:
        """An answer by its letter."""
        self.dismiss(Leave(letter))
