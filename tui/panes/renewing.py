"""What the panes share that draw only what is new: the steps of a run that trains change nothing.

A pane says what its picture is made of; where that is the same as before, it is not drawn. What
comes from a worker while the pane is hidden is drawn when it is next shown.
"""

from __future__ import annotations

from tui.panes.base import Pane
from tui.session import Session


class RenewedPane(Pane):
    """A pane that remembers what it was drawn for."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._drawn: tuple[object, ...] | None = None

    def draw_if_new(self, *look: object) -> None:
        """Draw, unless the picture was made of the very same."""
        if look != self._drawn:
            self._drawn = look
            self.draw()

    def renew(self) -> None:
        """Something else is known now: draw it, or when the pane is next shown."""
        self._drawn = None
        if self.is_shown:
            self.draw()

    def draw(self) -> None:
        """Draw what is known."""
        raise NotImplementedError
