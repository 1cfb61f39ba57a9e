"""Leaving the app: by key, by question, by signal; training goes on unless asked to stop."""

from __future__ import annotations

import contextlib

from tui.app.starting import Starting
from tui.screens.choose import ChooseScreen
from tui.screens.leave import Leave, LeaveScreen
from tui.terminal.suspending import is_waited_for

DRAFT = "The network in the editor is not applied"
ANSWERS = {"stay": "in Model F2 applies it, w writes it to a file", "leave": "it is lost"}


class LoseScreen(ChooseScreen):
    """Asks whether what was typed may be lost."""


class Leaving(Starting):
    """The part of the app that ends it."""

    def action_ask_quit(self) -> None:
        """Leave; with a run that trains, ask what becomes of it."""
        if not self.session.series.is_live or self.session.run is None:
            self.action_quit_now()
            return
        self.push_screen(LeaveScreen(self.session.run.id, self.session.series), self._leave)

    def _leave(self, choice: Leave | None) -> None:
        if choice is Leave.STOP:
            self.ask_trainer("stop")
        if choice in (Leave.STOP, Leave.DETACH):
            self.action_quit_now()

    def action_quit_now(self) -> None:
        """Leave, training goes on; asks only where a network that was typed would be lost."""
        if not self.unsaved or isinstance(self.screen, LoseScreen):
            self.exit()
            return

        def leave(answer: str | None) -> None:
            if answer == "leave":
                self.exit()

        self.push_screen(LoseScreen(DRAFT, ANSWERS), leave)

    def action_interrupt(self) -> None:
        """Ctrl+C: copy what is selected, else ask to quit."""
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.say("copied")
        else:
            self.action_ask_quit()

    def action_suspend_process(self) -> None:
        """Ctrl+Z: back to the shell, where there is one."""
        if is_waited_for():
            super().action_suspend_process()
        else:
            self.say("no shell waits here to come back from: q leaves, training goes on")

    def leave_by_signal(self, status: int) -> None:
        """Called by the signal guard, from its thread."""
        with contextlib.suppress(RuntimeError):  # the loop may be closed already
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self.exit, None, status)
