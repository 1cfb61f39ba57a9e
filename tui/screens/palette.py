"""The command palette: every command by name. Typing narrows the list, Enter carries one out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input
from textual.widgets.option_list import Option

from tui.keys.commands import PLACES, Command, Table
from tui.keys.labels import key_label
from tui.screens.dialog import Dialog
from tui.widgets.options import Options

HIDDEN = ("palette", "back")
"""Commands that make no sense from within the palette."""


def name_of(entry: Command) -> str:
    """As the palette calls a command: "Train: Pause"."""
    return f"{dict(PLACES)[entry.pane]}: {entry.title}" if entry.pane else entry.title


def found(query: str, table: Table, pane: str) -> list[Command]:
    """The commands that have all of these words: those named so first, then this pane's first."""
    words = query.lower().split()

    def rank(entry: Command) -> tuple[bool, bool, bool]:
        name = name_of(entry).lower()
        in_name = all(word in name for word in words)
        return not name.startswith(query.lower().strip()), not in_name, entry.pane != pane

    fitting = [
        entry
        for entry in table
        if entry.id not in HIDDEN
        and all(word in f"{name_of(entry)} {entry.help}".lower() for word in words)
    ]
    return sorted(fitting, key=rank)


class PaletteScreen(Dialog[str | None]):
    """Answers with the id of a command, or None."""

    BINDINGS: ClassVar = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("down", "in_list('cursor_down')", show=False),
        Binding("up", "in_list('cursor_up')", show=False),
        Binding("pagedown", "in_list('page_down')", show=False),
        Binding("pageup", "in_list('page_up')", show=False),
    ]

    def __init__(self, table: Table, pane: str) -> None:
        super().__init__()
        self._table = table
        self._pane = pane
        self._shown: list[Command] = []

    def compose(self) -> ComposeResult:
        """A field, and below it what fits."""
        with Vertical(classes="dialog -palette") as dialog:
            dialog.border_title = "Commands"
            dialog.border_subtitle = "Enter carries out, Esc closes"
            yield Input(placeholder="words of a command", compact=True)
            yield Options(markup=False)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Options).can_focus = False
        self.query_one(Input).focus()
        self._narrow()

    @on(Input.Changed)
    def _narrow(self) -> None:
        options = self.query_one(Options)
        self._shown = found(self.query_one(Input).value, self._table, self._pane)
        options.clear_options()
        options.add_options(list(self._lines()))
        options.highlighted = 0 if self._shown else None

    def _lines(self) -> Iterator[Option]:
        names = [name_of(entry) for entry in self._table]
        name_width = max(map(len, names))
        key_width = max(len(key_label(entry.keys[0])) for entry in self._table)
        for entry in self._shown:
            key = key_label(entry.keys[0])
            yield Option(
                f"{name_of(entry):<{name_width}}  {key:<{key_width}}  {entry.help}", entry.id
            )

    @on(Input.Submitted)
    def _carry_out(self) -> None:
        at = self.query_one(Options).highlighted
        if at is not None:
            self.dismiss(self._shown[at].id)

    @on(Options.OptionSelected)
    def _clicked(self, event: Options.OptionSelected) -> None:
        self.dismiss(event.option_id)

    async def action_in_list(self, action: str) -> None:
        """Move in the list while typing goes on."""
        await self.query_one(Options).run_action(action)
