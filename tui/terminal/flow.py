"""Nothing piles up on a slow line: while the terminal is behind, the app paints nothing.

A mixin of the app. What changes meanwhile stays marked as changed, and is painted once, as it is
by then, when the terminal has caught up; a line that stalled for a minute shows the newest state
at once. And what the terminal shows already is not sent to it again (`tui.terminal.shadow`).
Textual's own means hold the painting back (a batch of updates); the method of its app by which all
that is painted goes to the driver is private, and replaced here.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeGuard

from rich.color import ColorSystem
from textual import constants
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tui.terminal.link import Link
from tui.terminal.shadow import Shadow

if TYPE_CHECKING:
    from tui.terminal.driver import TerminalDriver


def driver_class() -> type[Driver] | None:
    """Our driver where there is one; None leaves the choice to Textual."""
    if sys.platform == "win32" or constants.DRIVER is not None:
        return None
    from tui.terminal.driver import TerminalDriver

    return TerminalDriver


def is_ours(driver: Driver | None) -> TypeGuard[TerminalDriver]:
    """Whether a driver counts what it writes and can ask the terminal."""
    return hasattr(driver, "written")


class MainScreen(Screen[None]):
    """The screen of the panes; a change of the focus alone does not repaint all of it.

    Where nothing has the focus, nothing gets it when a dialog has closed.
    """

    AUTO_FOCUS = ""
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)


class FlowControl(App[None]):
    """See the module."""

    def __init__(self, **options: Any) -> None:
        self.link = Link()
        """How the line to the terminal is doing."""
        self.shadow = Shadow()
        """What the terminal shows."""
        self._held: AbstractContextManager[None] | None = None
        self._missed = False
        super().__init__(driver_class=driver_class(), **options)

    def get_default_screen(self) -> Screen[None]:
        """The screen of the panes."""
        return MainScreen(id="_default")

    @property
    def is_in_field(self) -> bool:
        """Whether letters are typed into a field."""
        return isinstance(self.focused, Input | TextArea) if self._screen_stack else False

    @property
    def line_is_idle(self) -> bool:
        """Whether something may be drawn that no key has asked for."""
        return self._held is None and self.link.is_idle

    def _display(self, screen: Any, renderable: Any) -> None:
        """Paint what differs, ask to be told when it has arrived, hold what follows if need be."""
        if self._held is not None:
            self._missed |= renderable is not None
            return
        driver = self._driver
        if not (
            isinstance(renderable, LayoutUpdate | ChopsUpdate)
            and self._running
            and not self._closed
            and not self._batch_count
            and is_ours(driver)
        ):
            super()._display(screen, renderable)
            return
        colours = self.console._color_system or ColorSystem.TRUECOLOR
        text = self.shadow.paint(renderable, colours, (self.size.width, self.size.height))
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        if not text and cursor == self._previous_cursor_position:
            return
        self._previous_cursor_position = cursor
        before = driver.written
        self._begin_update()
        driver.write(f"{text}\x1b[{cursor.y + 1};{cursor.x + 1}H")
        self._end_update()
        if self.link.sent(driver.written - before):
            driver.ask()
        if self.link.is_full:
            self._held = self.batch_update()
            self._held.__enter__()

    def line_is_free(self) -> None:
        """The terminal has answered: paint what was held back."""
        held = self._held
        if held is None or self.link.is_full:
            return
        self._held = None
        held.__exit__(None, None, None)
        if self._screen_stack:
            if self._missed:
                self._missed = False
                self.screen.refresh()
            self.screen.check_idle()

    def ask_again(self) -> None:
        """Ask once more where an answer is long overdue: it may have been lost."""
        driver = self._driver
        if is_ours(driver) and self.link.is_overdue():
            driver.ask()
