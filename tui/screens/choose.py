"""A list to choose one thing from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets.option_list import Option

from tui.screens.dialog import Dialog
from tui.widgets.options import Options


class ChooseScreen(Dialog[str | None]):
    """Answers with the name that was chosen, or None."""

    BINDINGS: ClassVar = [
        Binding("escape,q", "dismiss(None)", show=False),
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
            yield Options(
                *(
                    Option(f"{name:<{width}}  {meaning}", name)
                    for name, meaning in self._choices.items()
                ),
                markup=False,
            )

    def on_mount(self) -> None:
        """The first one is chosen."""
        self.query_one(Options).choose_first()

    @on(Options.OptionSelected)
    def _choose(self, event: Options.OptionSelected) -> None:
        self.dismiss(event.option_id)
