"""The table of commands as people read it: footer, help page, key page of the README."""

from __future__ import annotations

from tui.keys.commands import COMMANDS, PANES, PLACES, Table, commands_for
from tui.keys.labels import key_label


def footer_for(pane: str, table: Table = COMMANDS) -> tuple[tuple[str, str], ...]:
    """(key, word) for the footer of a pane: its own commands first."""
    shown = [*commands_for(pane, table), *commands_for(None, table)]
    return tuple((key_label(entry.keys[0]), entry.title.lower()) for entry in shown if entry.footer)


def help_for(pane: str | None, table: Table = COMMANDS) -> tuple[tuple[str, str], ...]:
    """(keys, help) of the commands of one pane, or of those that work everywhere."""
    rows = [
        (" ".join(key_label(key) for key in entry.keys), entry.help)
        for entry in commands_for(pane, table)
        if not entry.id.startswith("pane.")
    ]
    if pane is None:
        rows.insert(0, (f"1-{len(PANES)}", "show a pane"))
    return tuple(rows)


def readme_table() -> str:
    """The key page of the README: a Markdown table of every command."""
    titles = dict(PLACES)
    lines = ["| Key | Where | What it does |", "|---|---|---|"]
    for entry in COMMANDS:
        keys = " ".join(f"`{key_label(key)}`" for key in entry.keys)
        where = titles[entry.pane] if entry.pane else "everywhere"
        lines.append(f"| {keys} | {where} | {entry.help} |")
    return "\n".join(lines) + "\n"
