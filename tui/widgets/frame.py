"""The one-row widgets around a pane: tab bar, status line, keys."""

from __future__ import annotations

import time

from textual import on

from tui.keys.pages import footer_for
from tui.render.frame import key_bar, run_line, run_state, status_bar, tab_bar
from tui.render.naming import run_names
from tui.session import Session
from tui.terminal.link import Link
from tui.widgets.cellgrid import CellGrid

SAID_SECONDS = 5.0
"""How long a message stays in the status line."""


class TabBar(CellGrid):
    """Numbered tabs; a click shows the pane."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._places: list[tuple[int, int, str]] = []

    def draw_tabs(self, current: str) -> None:
        """Show which pane is shown and how the run is doing."""
        session = self._session
        state = run_state(session.series, session.run is not None, session.terminal)
        grid, self._places = tab_bar(
            current, state, self.size.width, session.terminal, session.palette
        )
        self.show(grid)

    @on(CellGrid.Clicked)
    async def _show_pane(self, event: CellGrid.Clicked) -> None:
        event.stop()
        for start, stop, name in self._places:
            if start <= event.x < stop:
                await self.app.run_action(f"show_pane('{name}')")


class StatusBar(CellGrid):
    """The run in one line, or for a while what was just said; at the right how the line does."""

    def __init__(self, session: Session, link: Link, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._link = link
        self._said = ("", "information")
        self._until = 0.0

    def say(self, text: str, severity: str = "information") -> None:
        """Show this for a while; the empty text takes back what was said."""
        self._said = (text, severity)
        self._until = time.monotonic() + SAID_SECONDS if text else 0.0
        self.draw_status()

    def draw_status(self) -> None:
        """Show what there is to show now."""
        session, terminal = self._session, self._session.terminal
        trip = self._link.label()
        right = f"link {trip}" if trip else "over SSH" if terminal.ssh else ""
        text, severity = "", ""
        if time.monotonic() < self._until:
            text, severity = self._said
            severity = "said" if severity == "information" else severity
        elif session.run is not None:
            width = self.size.width - 2 - (len(right) + 2 if right else 0)
            names = run_names(session.run.id, session.run_name)
            text = run_line(session.series, names, width, terminal)
        elif session.dataset_error:
            text, severity = session.dataset_error, "error"
        elif session.dataset is None:
            text = f"reading {session.dataset_name}"
        else:
            text = f"{session.dataset_name}: 3 then r starts a run, 7 opens one"
        self.show(status_bar(text, severity, right, self.size.width, terminal, session.palette))


class KeyBar(CellGrid):
    """What the keys do in the pane that is shown."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session

    def draw_keys(self, pane: str) -> None:
        """Show the keys of a pane."""
        entries = footer_for(pane, self._session.commands)
        self.draw(lambda width, _: key_bar(entries, width, self._session.palette))
