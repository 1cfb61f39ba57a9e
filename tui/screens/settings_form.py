"""The settings of the next run as a form, each field with when a change takes effect.

What is wrong is said below its field. Enter or F2 takes the settings over, Escape leaves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.drafting.form import FIELDS, Field, about_preset, read, texts_of, with_preset
from tui.screens.choose import ChooseScreen
from tui.screens.dialog import Dialog
from tui.settings.presets import PRESETS
from tui.settings.training import Settings


class SettingsScreen(Dialog[Settings | None]):
    """Answers with the settings, or None."""

    BINDINGS: ClassVar = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("f2", "apply", show=False),
        Binding("f3", "preset", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, settings: Settings, *, live: bool) -> None:
        super().__init__()
        self._base = settings
        self._live = live

    def compose(self) -> ComposeResult:
        """A row for every field, and below them what the one with the focus is."""
        with Vertical(classes="dialog -form") as dialog:
            dialog.border_title = "Settings of the next run"
            dialog.border_subtitle = "Enter takes them over, F3 presets, Esc leaves"
            with VerticalScroll(can_focus=False):
                texts = texts_of(self._base)
                for field in FIELDS:
                    yield from self._row(field, texts[field.name])
            yield Static(id="about", markup=False)

    def _row(self, field: Field, text: str) -> Iterator[Horizontal | Static]:
        with Horizontal(classes="row"):
            yield Static(field.label, classes="label", markup=False)
            examples = field.examples
            suggester = SuggestFromList(examples, case_sensitive=False) if examples else None
            yield Input(text, compact=True, id=f"field-{field.name}", suggester=suggester)
            yield Static(field.when(self._live), classes="when", markup=False)
        yield Static(id=f"wrong-{field.name}", classes="wrong", markup=False)

    def on_mount(self) -> None:
        """Begin at the first field."""
        self._field(FIELDS[0]).focus()

    def _field(self, field: Field) -> Input:
        return self.query_one(f"#field-{field.name}", Input)

    def on_descendant_focus(self) -> None:
        """Say what the field is."""
        for field in FIELDS:
            if self.focused is self._field(field):
                self.query_one("#about", Static).update(field.help)

    @on(Input.Changed)
    def _typed(self) -> None:
        """Check all fields as they are typed in."""
        self._check()

    def _check(self) -> tuple[Settings, dict[str, str]]:
        texts = {field.name: self._field(field).value for field in FIELDS}
        settings, problems = read(texts, self._base)
        for field in FIELDS:
            wrong = self.query_one(f"#wrong-{field.name}", Static)
            wrong.display = field.name in problems
            wrong.update(problems.get(field.name, ""))
        return settings, problems

    @on(Input.Submitted)
    def action_apply(self) -> None:
        """Take the settings over, or go to the first field that is wrong."""
        settings, problems = self._check()
        if not problems:
            self.dismiss(settings)
            return
        first = next(field for field in FIELDS if field.name in problems)
        self._field(first).focus()

    def action_preset(self) -> None:
        """Begin from a preset."""
        choices = {name: about_preset(name) for name in PRESETS}
        self.app.push_screen(ChooseScreen("Presets", choices), self._take_preset)

    def _take_preset(self, name: str | None) -> None:
        if name is None:
            return
        self._base = with_preset(self._base, name)
        for field, text in zip(FIELDS, texts_of(self._base).values(), strict=True):
            self._field(field).value = text
        self._check()
