"""The help page of a pane, written from the table of commands."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.commands import COMMANDS, PANES, Table
from tui.key_pages import help_for
from tui.terminal import Terminal

ADVICE = "Slow line? ssh -C, a smaller window, v for ASCII. Mark text with Shift and the mouse."


def help_text(pane: str, terminal: Terminal, table: Table = COMMANDS) -> str:
    """The page: the pane's keys, the keys that work everywhere, the terminal."""
    sections = [
        (dict(PANES)[pane], help_for(pane, table)),
        ("Everywhere", help_for(None, table)),
    ]
    width = max(len(keys) for _, rows in sections for keys, _ in rows)
    lines: list[str] = []
    for title, rows in sections:
        lines.append(title)
        lines += [f"  {keys:<{width}}  {text}" for keys, text in rows]
        lines.append("")
    lines += ["Terminal", f"  {terminal.describe()}", f"  {ADVICE}"]
    return "\n".join(lines)


class HelpScreen(ModalScreen[None]):
    """Shows the page; the keys that opened it close it."""

    BINDINGS: ClassVar = [
        Binding("escape,question_mark,f1,q,enter", "dismiss", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, pane: str, terminal: Terminal, table: Table = COMMANDS) -> None:
        super().__init__()
        self._pane = pane
        self._terminal = terminal
        self._table = table

    def compose(self) -> ComposeResult:
        """The page in a frame that scrolls."""
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = f"Help: {dict(PANES)[self._pane]}"
            dialog.border_subtitle = "Esc closes, j k scroll"
            yield Static(help_text(self._pane, self._terminal, self._table), markup=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
