"""A list to choose one thing from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class ChooseScreen(ModalScreen[str | None]):
    """Answers with the name that was chosen, or None."""

    BINDINGS: ClassVar = [
        Binding("escape,q", "dismiss(None)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, title: str, choices: Mapping[str, str]) -> None:
        super().__init__()
        self._title = title
        self._choices = dict(choices)

    def compose(self) -> ComposeResult:
        """The names and what they mean."""
        width = max(len(name) for name in self._choices)
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "Enter chooses, Esc closes"
            yield OptionList(
                *(
                    Option(f"{name:<{width}}  {meaning}", name)
                    for name, meaning in self._choices.items()
                ),
                markup=False,
            )

    def on_mount(self) -> None:
        """The first one is chosen."""
        options = self.query_one(OptionList)
        options.focus()
        options.highlighted = 0

    def action_move(self, step: int) -> None:
        """The next one, or the one before."""
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
