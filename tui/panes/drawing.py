"""What a pane shares on which a digit can be drawn: the canvas, its pen, and what is made of it.

While the canvas is open, arrows move the pen and Space puts it down or lifts it; the mouse draws
too. What was drawn stays the image that is looked at when the canvas is closed, until another
sample is chosen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tui.images.drawing import SIDE, Canvas, normalized
from tui.panes.arithmetic import ArithmeticPane
from tui.render.cells import Grid
from tui.render.format import fit
from tui.render.image import CURSOR, Mark, fitted_size, image
from tui.render.shades import Scale
from tui.render.tables import ellipsis_of
from tui.session import Session

PEN_UP = 0x5F87FF
"""The colour of a pen that does not draw."""


class DrawingPane(ArithmeticPane):
    """A pane with a canvas: None until something is drawn."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.canvas: Canvas | None = None
        self.drawing = False
        """Whether the canvas is open."""
        self._canvas_size = (0, 0)
        self._sample = session.sample

    def drawn_image(self, shape: tuple[int, int, int]) -> tuple[int, NDArray[np.uint8]] | None:
        """What was drawn, as the network is given it."""
        if self.canvas is None:
            return None
        return self.canvas.revision, normalized(self.canvas.ink, shape)

    def open_canvas(self) -> None:
        """Draw, on what was drawn before."""
        self.canvas = self.canvas or Canvas()
        self._sample = self.session.sample
        self.drawing, self.walk = True, None
        self.redraw()

    def leave_for_sample(self) -> None:
        """Another sample was chosen, here or in another pane: the drawing makes room for it."""
        if self.canvas is not None and self.session.sample != self._sample:
            self.drawing, self.canvas = False, None

    def close_canvas(self, *, forget: bool = False) -> None:
        """Stop drawing; the drawing stays what is looked at unless it is forgotten or empty."""
        self.drawing = False
        if self.canvas is not None:
            self.canvas.lift()
            if forget or self.canvas.is_empty:
                self.canvas = None
        self.redraw()

    def redraw(self) -> None:
        """Ask what the network makes of it now, and draw."""
        self.ask_look(self.session)
        self.draw()

    def draw_canvas(self, width: int, height: int) -> Grid:
        """The canvas and its pen, as large as it fits; the state of the pen below."""
        terminal, canvas = self.session.terminal, self.canvas
        if canvas is None:
            return Grid.blank(width, height)
        row, column = canvas.pen
        ink = CURSOR if canvas.down else PEN_UP
        mark = Mark(row, column, row + 1, column + 1, ink)
        picture = image(
            canvas.ink, width, max(height - 1, 1), terminal, scale=Scale(0, 255), marks=[mark]
        )
        self._canvas_size = picture.size
        grid = Grid.blank(max(picture.width, min(width, 24)), picture.height + 1)
        grid.paste(picture, 0, 0)
        words = f"pen {'down' if canvas.down else 'up'}  row {row} column {column}"
        muted = self.session.palette.muted
        text = fit(words, grid.width, ellipsis=ellipsis_of(terminal))
        grid.put(0, picture.height, text, fg=muted)
        return grid

    def canvas_width(self, width: int, height: int) -> int:
        """The cells that the canvas takes in a place."""
        glyphs = self.session.terminal.glyphs
        return max(fitted_size((SIDE, SIDE), width, max(height - 1, 1), glyphs)[0], 24)

    def canvas_pixel(self, x: int, y: int) -> tuple[int, int] | None:
        """The row and column of the canvas under a cell, where it is one of its own."""
        wide, high = self._canvas_size
        if not (0 <= x < wide and 0 <= y < high):
            return None
        return y * SIDE // high, x * SIDE // wide

    # What the keys do

    def action_draw(self) -> None:
        """Open the canvas, or close it and look at what was drawn."""
        if self.drawing:
            self.close_canvas()
        else:
            self.open_canvas()

    def action_pen(self) -> None:
        """Put the pen down, or lift it."""
        if self.drawing and self.canvas is not None:
            if self.canvas.down:
                self.canvas.lift()
            else:
                self.canvas.put_down()
            self.redraw()

    def action_clear(self) -> None:
        """An empty canvas."""
        if self.drawing and self.canvas is not None:
            self.canvas.clear()
            self.redraw()

    def action_undo(self) -> None:
        """Take the last stroke away."""
        if self.drawing and self.canvas is not None:
            if not self.canvas.undo():
                self.say("nothing to undo")
            self.redraw()
