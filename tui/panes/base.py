"""What a pane is: a part of the screen that draws itself from the session.

The app calls `show_session` when a pane is shown and on its tick while the pane is visible and
something changed; a hidden pane is never called and draws nothing. Panes own no run and no data.
Long work runs in thread workers (`@work(thread=True, exit_on_error=False, exclusive=True)`) that
touch no widget and answer by a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Container
from textual.worker import Worker, WorkerState

from tui.session import Session

if TYPE_CHECKING:
    from tui.app.app import CnnTuiApp


class Pane(Container):
    """Base of the seven panes. A subclass names itself as in `tui.keys.commands.PANES`."""

    pane_name: ClassVar[str] = ""
    first_focus: ClassVar[str] = ""
    """Selector of the widget that gets the focus when the pane is shown; empty: none."""

    def __init__(self, session: Session) -> None:
        super().__init__(id=self.pane_name, classes="pane")
        self.session = session

    @property
    def application(self) -> CnnTuiApp:
        """The app, with its type."""
        return cast("CnnTuiApp", self.app)

    @property
    def is_shown(self) -> bool:
        """Whether this is the pane that the user sees."""
        return bool(self.display) and self.application.current_pane is self

    @property
    def is_ready(self) -> bool:
        """Whether it can answer to keys; those that come before wait a while."""
        return True

    @property
    def unsaved(self) -> str:
        """What was typed here and is used nowhere yet; empty: nothing."""
        return ""

    def show_session(self, session: Session) -> None:
        """Draw what the session holds now."""

    def go_back(self) -> bool:
        """Escape, when nothing else takes it: leave a filter or a zoom. Whether there was one."""
        return False

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker must catch what can go wrong; what it did not catch is a defect, and said."""
        if event.state is WorkerState.ERROR:
            self.application.tell_defect(event.worker.error)

    def say(self, text: str) -> None:
        """Put a line into the status line."""
        self.application.say(text)
