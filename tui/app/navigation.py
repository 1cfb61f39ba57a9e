"""Which pane is shown, which of its parts has the focus, and which commands work there.

A mixin of the app. Panes are made when they are first shown; a hidden pane draws nothing.
"""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.containers import Container
from textual.screen import Screen

from tui.keys.commands import PANES, VIEWS, command
from tui.panes import Pane, pane_class
from tui.session import Session


class Navigation(App[None]):
    """See the module."""

    session: Session

    def __init__(self, **options: Any) -> None:
        self._panes: dict[str, Pane] = {}
        self._current = ""
        self._open_views: dict[str, str] = {}  # the view that stands in the place of a pane
        super().__init__(**options)

    def pane_shown(self, name: str) -> None:
        """Another pane is shown: draw what is around it, and the pane itself."""
        raise NotImplementedError

    @property
    def main(self) -> Screen[object]:
        """The screen below all dialogs."""
        return self.screen_stack[0]

    @property
    def current_pane(self) -> Pane | None:
        """The pane that is shown."""
        return self._panes.get(self._current)

    @property
    def unsaved(self) -> str:
        """What was typed into a pane and is used nowhere yet; empty: nothing."""
        return "; ".join(filter(None, (pane.unsaved for pane in self._panes.values())))

    @property
    def is_ready(self) -> bool:
        """Whether the pane can answer to keys."""
        pane = self.current_pane
        return pane is None or pane.is_ready

    async def action_show_pane(self, name: str) -> None:
        """Show a pane as it was left: with the view that was opened there, but not from there."""
        view = self._open_views.get(name, name)
        await self.show_place(name if self._current == view else view)

    async def show_place(self, name: str) -> None:
        """Show a pane or a view, making it if it was never seen."""
        pane_of = {view: pane for view, _, pane in VIEWS}
        if name in pane_of:
            self._open_views[pane_of[name]] = name
        else:
            self._open_views.pop(name, None)
        if name == self._current:
            return
        before = self.current_pane
        pane = self._panes.get(name)
        if pane is None:
            pane = self._panes[name] = pane_class(name)(self.session)
            pane.display = False
            await self.main.query_one("#panes", Container).mount(pane)
        self._current = name
        with self.batch_update():  # laid out and painted once
            if before is not None:
                before.display = False
            pane.display = True
            self.main.set_focus(pane.query_one(pane.first_focus) if pane.first_focus else None)
            self.pane_shown(name)

    def action_in_pane(self, command_id: str) -> None:
        """Carry out a command of the visible pane."""
        pane = self.current_pane
        if pane is not None:
            self.call_later(pane.run_action, command(command_id).action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command of a pane works while that pane is shown and no dialog is open."""
        if action == "in_pane":
            here = command(str(parameters[0])).pane == self._current
            return here and len(self.screen_stack) == 1
        return True

    async def run_command(self, command_id: str) -> None:
        """Carry a command out from anywhere, going to its pane first."""
        entry = command(command_id)
        if entry.pane is None:
            await self.run_action(entry.action)
        else:
            await self.show_place(entry.pane)
            self.action_in_pane(command_id)

    # Textual's screens bind Tab and Shift+Tab to these two.

    def action_focus_next(self) -> None:
        """Focus the next widget of the pane; after the last one, show the next pane."""
        self.call_later(self._focus_part, 1)

    def action_focus_previous(self) -> None:
        """Focus the previous widget of the pane; before the first one, show the previous pane."""
        self.call_later(self._focus_part, -1)

    async def _focus_part(self, step: int) -> None:
        if len(self.screen_stack) > 1:  # within a dialog
            (self.screen.focus_next if step > 0 else self.screen.focus_previous)()
            return
        chain = self.main.focus_chain
        focused = self.main.focused
        at = (
            chain.index(focused) + step if focused in chain else (0 if step > 0 else len(chain) - 1)
        )
        if 0 <= at < len(chain):
            self.main.set_focus(chain[at])
            return
        names = [name for name, _ in PANES]
        here = next((pane for view, _, pane in VIEWS if view == self._current), self._current)
        await self.action_show_pane(names[(names.index(here) + step) % len(names)])
        self.main.set_focus(None)
        chain = self.main.focus_chain
        if chain:
            self.main.set_focus(chain[0 if step > 0 else -1])
