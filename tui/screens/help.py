"""The help page of a pane, written from the table of commands."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tui.keys.commands import COMMANDS, PLACES, Table
from tui.keys.pages import help_for
from tui.screens.dialog import Dialog
from tui.terminal.abilities import Terminal

ADVICE = "Slow line? ssh -C, a smaller window, v for ASCII. Mark text with Shift and the mouse."


def help_text(
    pane: str, terminal: Terminal, table: Table = COMMANDS, width: int = 72, link: str = ""
) -> str:
    """The page, its lines no wider than that: the pane's keys, those that work everywhere, and
    what is known of the terminal and of the line to it."""
    sections = [
        (dict(PLACES)[pane], help_for(pane, table)),
        ("Everywhere", help_for(None, table)),
    ]
    column = max(len(keys) for _, rows in sections for keys, _ in rows) + 4
    lines: list[str] = []
    for title, rows in sections:
        lines.append(title)
        for keys, text in rows:
            first = f"  {keys}".ljust(column)
            lines += wrap(text, width, initial_indent=first, subsequent_indent=" " * column)
        lines.append("")
    lines.append("Terminal")
    for text in (", ".join(filter(None, [terminal.describe(), link])), ADVICE):
        lines += wrap(text, width, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


class Page(Widget):
    """Text that is broken into lines for the width there is; only lines that are seen are drawn."""

    def __init__(self, text: Callable[[int], str]) -> None:
        super().__init__()
        self._text = text
        self._broken: tuple[int, list[str]] = (0, [])

    def lines(self, width: int) -> list[str]:
        """The lines for a width."""
        if self._broken[0] != width:
            self._broken = width, self._text(width).split("\n")
        return self._broken[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as its lines."""
        return len(self.lines(width))

    def render_line(self, y: int) -> Strip:
        """One of the lines."""
        width, style = self.content_size.width, self.rich_style
        lines = self.lines(width)
        strip = Strip([Segment(lines[y], style)]) if y < len(lines) else Strip([])
        return strip.adjust_cell_length(width, style)


class HelpScreen(Dialog[None]):
    """Shows the page; the keys that opened it close it."""

    BINDINGS: ClassVar = [
        Binding("escape,question_mark,f1,q,enter", "dismiss", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(
        self, pane: str, terminal: Terminal, table: Table = COMMANDS, link: str = ""
    ) -> None:
        super().__init__()
        self._link = link
        self._pane = pane
        self._terminal = terminal
        self._table = table

    def compose(self) -> ComposeResult:
        """The page in a frame that scrolls."""
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = f"Help: {dict(PLACES)[self._pane]}"
            dialog.border_subtitle = "Esc closes, j k scroll"
            yield Page(self._text)

    def _text(self, width: int) -> str:
        return help_text(self._pane, self._terminal, self._table, width, self._link)

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
