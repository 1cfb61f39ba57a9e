"""A list in which some things are marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets.option_list import Option

from tui.screens.dialog import Dialog
from tui.widgets.options import Options


class MarkScreen(Dialog[None]):
    """Space or Enter marks and unmarks; `toggle` does it and says whether it is marked now."""

    BINDINGS: ClassVar = [
        Binding("escape,q,c", "dismiss(None)", show=False),
        Binding("space", "mark", show=False),
    ]

    def __init__(
        self,
        title: str,
        choices: Mapping[str, str],
        is_marked: Callable[[str], bool],
        toggle: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = dict(choices)
        self._is_marked = is_marked
        self._toggle = toggle

    def compose(self) -> ComposeResult:
        """The names, the marks, what they mean."""
        with Vertical(classes="dialog -broad") as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "Space marks, Esc closes"
            yield Options(*(Option(self._told(name), name) for name in self._choices), markup=False)

    def _told(self, name: str) -> str:
        width = max(len(each) for each in self._choices)
        mark = "[x]" if self._is_marked(name) else "[ ]"
        return f"{mark} {name:<{width}}  {self._choices[name]}"

    def on_mount(self) -> None:
        """The first one is under the cursor."""
        self.query_one(Options).choose_first()

    def action_mark(self) -> None:
        """Mark or unmark what is under the cursor."""
        self.query_one(Options).action_select()

    @on(Options.OptionSelected)
    def _mark(self, event: Options.OptionSelected) -> None:
        self._toggle(str(event.option_id))
        options = self.query_one(Options)
        for index, name in enumerate(self._choices):
            options.replace_option_prompt_at_index(index, self._told(name))
