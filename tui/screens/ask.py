"""A question with one line to answer; what is wrong with the answer is said below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.screens.dialog import Dialog


class AskScreen(Dialog[str | None]):
    """Answers with the text, or None.

    `check` says what is wrong with an answer, in a line; the empty text: nothing.
    """

    BINDINGS: ClassVar = [Binding("escape", "dismiss(None)", show=False)]

    def __init__(
        self,
        title: str,
        question: str,
        value: str = "",
        *,
        check: Callable[[str], str] = lambda text: "",
    ) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._value = value
        self._check = check

    def compose(self) -> ComposeResult:
        """The question, the field, what is wrong."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "Enter answers, Esc closes"
            yield Static(self._question, markup=False)
            yield Input(self._value, compact=True, id="answer")
            yield Static(id="wrong", markup=False)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#wrong", Static).update("")

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        problem = self._check(event.value)
        self.query_one("#wrong", Static).update(problem)
        if not problem:
            self.dismiss(event.value)
