"""The table of commands as Textual wants it: key bindings."""

from __future__ import annotations

from textual.binding import Binding

from tui.keys.commands import COMMANDS, PLACES, Table, commands_for

AnyBinding = Binding | tuple[str, str] | tuple[str, str, str]


def bindings_for(
    pane: str | None, table: Table = COMMANDS
) -> tuple[tuple[str, str, str, str], ...]:
    """(keys joined by commas, action, title, id) of each command of one pane."""
    return tuple(
        (",".join(entry.keys), entry.action, entry.title, entry.id)
        for entry in commands_for(pane, table)
    )


def bindings(table: Table = COMMANDS) -> list[AnyBinding]:
    """A binding for every command; those of panes go through the app's `in_pane`."""
    everywhere: list[AnyBinding] = [
        Binding(keys, action, title, show=False, id=command_id, priority=command_id == "quit.now")
        for keys, action, title, command_id in bindings_for(None, table)
    ]
    of_panes = [
        Binding(keys, f"in_pane('{command_id}')", title, show=False, id=command_id)
        for name, _ in PLACES
        for keys, _, title, command_id in bindings_for(name, table)
    ]
    return everywhere + of_panes
