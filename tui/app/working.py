"""Thread workers of the app: they touch no widget, answer by a message, and a defect is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.worker import Worker, WorkerState

from tui.app.defects import note_defect

if TYPE_CHECKING:
    from tui.session import Session


class Working(App[None]):
    """The part of the app that its workers speak through."""

    session: Session

    def say(self, text: str, severity: str = "information") -> None:
        """Tell the user; the app does."""
        raise NotImplementedError

    def unsay(self, *beginnings: str) -> None:
        """Take back what was said last, if it begins so; the app does."""
        raise NotImplementedError

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker must catch what can go wrong; what it did not catch is a defect, and said."""
        if event.state is WorkerState.ERROR:
            self.tell_defect(event.worker.error)

    def tell_defect(self, error: BaseException | None) -> None:
        """Say that the program itself is wrong, and where its traceback is."""
        if error is not None:
            self.say(note_defect(error), "error")
