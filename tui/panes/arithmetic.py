"""What a pane shares that walks through the arithmetic of a number, back to the pixels."""

from __future__ import annotations

from cnnlib.explain import IMAGE, Place, receptive_field
from cnnlib.explain.places import as_images
from tui.inspection.walking import Walk, extent
from tui.panes.looking import LookPane
from tui.render.arithmetic import arithmetic
from tui.render.cells import Grid
from tui.render.image import Mark
from tui.render.number_tables import Sheet
from tui.session import Session

FIELD_SHARE = 0.4
"""How strongly the receptive field is tinted in the image."""


class ArithmeticPane(LookPane):
    """A pane with a walk: None while maps are shown."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.walk: Walk | None = None

    def begin_walk(self, place: Place) -> None:
        """Show the arithmetic of a number."""
        if self.look is not None:
            self.walk = Walk(self.look.trace, place)

    def follow_look(self) -> None:
        """When another image or other weights were looked at: the same places of those."""
        if self.walk is None or self.look is None or self.walk.trace is self.look.trace:
            return
        if not self.walk.retrace(self.look.trace):
            self.walk = None

    def walk_on(self) -> None:
        """Go to the number under the cursor."""
        if self.walk is not None:
            if not self.walk.enter():
                padded = "that zero is padding: nothing made it"
                self.say("the walk ends at the image" if self.walk.at_image else padded)
            self.draw()

    def walk_titles(self) -> tuple[str, str]:
        """The way so far, and the keys."""
        if self.walk is None:
            return "", ""
        arrow = " < " if not self.session.terminal.unicode else " ← "
        way = arrow.join(place.layer for place in self.walk.way)
        channels = "[ ] channel  " if extent(self.walk.parts)[0] > 1 else ""
        return f"arithmetic  {way}", f"{channels}hjkl  Enter what made it  Esc back  a map"

    def draw_walk(self, width: int, height: int) -> Grid:
        """The arithmetic."""
        session, walk = self.session, self.walk
        if walk is None:
            return Grid.blank(width, height)
        sheet = Sheet(width, height, session.terminal, session.palette)
        return arithmetic(walk.parts, walk.spot, walk.onward, sheet)

    def field_marks(self, place: Place | None) -> list[Mark]:
        """The pixels of the image that can change the number under the cursor, as marks."""
        if self.walk is not None:
            place = self.walk.place
        if place is None or self.look is None or place.layer not in self.look.trace.outputs:
            return []
        if place.layer == IMAGE:
            return [Mark(place.row, place.column, place.row + 1, place.column + 1)]
        trace = self.look.trace
        shape = trace.outputs[place.layer].shape
        if any(at >= side for at, side in zip(place[1:], as_images(shape), strict=True)):
            return []
        unit = place.channel if len(shape) == 1 else None
        box = receptive_field(trace.model, place.layer, place.row, place.column, unit=unit)
        return [Mark(*box, share=FIELD_SHARE)]
