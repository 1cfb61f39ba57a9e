"""Nothing piles up on a slow line: while the terminal is behind, the app paints nothing.

A mixin of the app. What changes meanwhile stays marked as changed, and is painted once, as it is
by then, when the terminal has caught up; a line that stalled for a minute shows the newest state
at once. Textual's own means hold the painting back (a batch of updates), and one private method of
its app is extended here.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

from textual import constants
from textual.app import App
from textual.driver import Driver
from textual.widgets import Input, TextArea

from tui.link import Link


def driver_class() -> type[Driver] | None:
    """Our driver where there is one; None leaves the choice to Textual."""
    if sys.platform == "win32" or constants.DRIVER is not None:
        return None
    from tui.driver import TerminalDriver

    return TerminalDriver


class FlowControl(App[None]):
    """See the module."""

    def __init__(self, **options: Any) -> None:
        self.link = Link()
        """How the line to the terminal is doing."""
        self._held: AbstractContextManager[None] | None = None
        self._missed = False
        super().__init__(driver_class=driver_class(), **options)

    @property
    def is_in_field(self) -> bool:
        """Whether letters are typed into a field."""
        return isinstance(self.focused, Input | TextArea) if self._screen_stack else False

    @property
    def line_is_idle(self) -> bool:
        """Whether something may be drawn that no key has asked for."""
        return self._held is None and self.link.is_idle

    def _display(self, screen: Any, renderable: Any) -> None:
        """Paint, ask to be told when that has arrived, and hold what follows if need be."""
        if self._held is not None:
            self._missed |= renderable is not None
            return
        driver = self._driver
        before = getattr(driver, "written", 0)
        super()._display(screen, renderable)
        size = getattr(driver, "written", 0) - before
        if size:
            if self.link.sent(size):
                driver.ask()  # type: ignore[union-attr]
            if self._held is None and self.link.is_full:
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
                self.screen.refresh(layout=True)
            self.screen.check_idle()

    def ask_again(self) -> None:
        """Ask once more where an answer is long overdue: it may have been lost."""
        if self._driver is not None and self.link.is_overdue():
            self._driver.ask()  # type: ignore[attr-defined]
