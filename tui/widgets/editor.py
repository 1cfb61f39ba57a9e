"""The editor of a network: coloured, underlined where something is wrong, completed by Tab."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import TextArea

from tui.drafting.completing import Completion, Kind, complete, tokens
from tui.render.palette import DARK, Palette, hex_colour
from tui.widgets.titles import QuietTitles

Location = tuple[int, int]


def ink(kind: Kind, palette: Palette) -> int:
    """The colour of a word."""
    colours: dict[Kind, int] = {
        "layer": palette.accent,
        "unknown": palette.bad,
        "option": palette.good,
        "number": palette.valid,
        "string": palette.series[3],
        "constant": palette.valid,
        "comment": palette.muted,
    }
    return colours[kind]


@dataclass
class _Cycle:
    """A completion under way: Tab again puts the next choice in its place."""

    completion: Completion
    at: int
    start: Location
    end: Location


class Editor(QuietTitles, TextArea):
    """The text of the network; Tab completes where there is something to complete."""

    class NothingToComplete(Message):
        """Tab was pressed where there is nothing to complete."""

    def __init__(self, text: str, *, id: str, classes: str) -> None:
        super().__init__(
            text, id=id, classes=classes, show_line_numbers=True, soft_wrap=False, theme="css"
        )
        self.highlight_cursor_line = False  # it would paint over the colours of the words
        self.palette: Callable[[], Palette] = lambda: DARK
        self._wrong: frozenset[int] = frozenset()
        self._cycle: _Cycle | None = None
        self._is_in_use = False  # not while Tab walks through the parts of the pane

    def mark_wrong(self, lines: Collection[int]) -> None:
        """Underline these lines, counted from 0."""
        if frozenset(lines) != self._wrong:
            self._wrong = frozenset(lines)
            self.repaint()

    def repaint(self) -> None:
        """Colour all lines anew."""
        self.notify_style_update()
        self.refresh()

    def get_line(self, line_index: int) -> Text:
        """A line with its colours."""
        text = super().get_line(line_index)
        palette = self.palette()
        for token in tokens(text.plain):
            colour = hex_colour(ink(token.kind, palette))
            text.stylize(Style(color=colour), token.start, token.stop)
        if line_index in self._wrong:
            text.stylize(Style(underline=True))
        return text

    # Completion

    @property
    def completion(self) -> tuple[Completion, int]:
        """What Tab would put at the cursor, and which of the choices stands there already."""
        cycle = self._cycle
        if cycle is not None and self.cursor_location == cycle.end:
            return cycle.completion, cycle.at
        if self.selection.start != self.selection.end:
            return Completion(0), -1
        row, column = self.cursor_location
        return complete(self.document.get_line(row), column), -1

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Tab is the editor's while it completes, and where somebody types who expects it to."""
        if key in ("tab", "shift+tab") and self.completion[0].choices:
            return True
        if key == "tab" and self._is_in_use:
            return True
        return super().check_consume_key(key, character)

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("tab", "shift+tab") and self.completion[0].choices:
            event.stop()
            event.prevent_default()
            self.take_completion(1 if event.key == "tab" else -1)
        elif event.key == "tab" and self._is_in_use:
            event.stop()
            event.prevent_default()
            self.post_message(self.NothingToComplete())
        elif event.key not in ("tab", "shift+tab"):
            self._is_in_use = True

    def begin(self) -> None:
        """Take the focus to be typed in."""
        self.focus()
        self._is_in_use = True

    def _on_blur(self, event: events.Blur) -> None:
        self._is_in_use = False

    def take_completion(self, step: int) -> None:
        """Put the next choice at the cursor, or the one before."""
        completion, at = self.completion
        if not completion.choices:
            return
        at = (
            (at + step) % len(completion.choices)
            if at >= 0 or step > 0
            else -1 % len(completion.choices)
        )
        row, _ = end = self.cursor_location
        start = (row, completion.start)
        self.replace(completion.choices[at].text, start, end, maintain_selection_offset=False)
        only = len(completion.choices) == 1
        self._cycle = None if only else _Cycle(completion, at, start, self.cursor_location)
