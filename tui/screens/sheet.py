"""A page of cells that scrolls: something long to look at, and nothing to answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from tui.render.cells import Grid
from tui.screens.dialog import Dialog
from tui.widgets.cellgrid import CellGrid


class SheetScreen(Dialog[None]):
    """Shows what `draw` makes for a width, as high as it is."""

    BINDINGS: ClassVar = [
        Binding("escape,q,enter", "dismiss", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, title: str, draw: Callable[[int], Grid]) -> None:
        super().__init__()
        self._title = title
        self._draw = draw

    def compose(self) -> ComposeResult:
        """The page in a frame."""
        with VerticalScroll(classes="dialog -sheet", can_focus=False) as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "Esc closes, j k scroll"
            yield CellGrid(id="sheet-page")

    def on_mount(self) -> None:
        """Draw for the width there is."""
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Draw for another width."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        width = self.query_one(VerticalScroll).content_size.width
        if width > 0:
            self.query_one(CellGrid).show(self._draw(width - 1))

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
