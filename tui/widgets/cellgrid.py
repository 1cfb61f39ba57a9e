"""A widget that shows a `Grid` and repaints only the cells that changed.

Textual sends a widget's whole region whenever it is refreshed. Here the new grid is compared with
the one that was shown, and only the changed regions are refreshed: hundreds of bytes instead of
tens of thousands for a chart that gained a point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.render.cells import DEFAULT, Grid
from tui.render.palette import hex_colour
from tui.widgets.titles import QuietTitles

Renderer = Callable[[int, int], Grid]
"""Draws a grid for a width and a height in cells."""


@lru_cache(maxsize=4096)
def _style(fg: int, bg: int, bold: bool) -> Style:
    return Style(
        color=None if fg == DEFAULT else hex_colour(fg),
        bgcolor=None if bg == DEFAULT else hex_colour(bg),
        bold=bold or None,
    )


class CellGrid(QuietTitles, Widget):
    """Shows a grid: `show` takes a finished one, `draw` a function that a resize asks again."""

    DEFAULT_CSS = """
    CellGrid { width: 1fr; height: 1fr; }
    """

    @dataclass
    class Clicked(Message):
        """The mouse was pressed on a cell."""

        grid: CellGrid
        x: int
        y: int

        @property
        def control(self) -> CellGrid:
            """For `@on(CellGrid.Clicked, "#id")`."""
            return self.grid

    @dataclass
    class Dragged(Message):
        """The mouse was moved to a cell with its button down."""

        grid: CellGrid
        x: int
        y: int

        @property
        def control(self) -> CellGrid:
            """For `@on(CellGrid.Dragged, "#id")`."""
            return self.grid

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
        can_focus: bool = False,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.can_focus = can_focus
        self._grid = Grid.blank(0, 0)
        self._renderer: Renderer | None = None
        self._drawn_for = (0, 0)

    @property
    def grid(self) -> Grid:
        """What is shown."""
        return self._grid

    def show(self, grid: Grid) -> None:
        """Show this grid from now on."""
        self._drawn_for = (0, 0)
        self._renderer = None
        self._replace(grid)

    def draw(self, renderer: Renderer) -> None:
        """Show what this function draws for the widget's size, now and after every resize."""
        self._renderer = renderer
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.content_size
        self._drawn_for = width, height  # nothing while it is hidden: drawn when shown again
        if self._renderer is not None and width > 0 and height > 0:
            self._replace(self._renderer(width, height))

    def _replace(self, grid: Grid) -> None:
        old, self._grid = self._grid, grid
        if old.size != grid.size:
            self.refresh(layout=self._sized_by_content())
        elif regions := grid.changed_regions(old):
            self.refresh(*(Region(*region) for region in regions))

    def _sized_by_content(self) -> bool:
        styles = self.styles
        return any(size is not None and size.is_auto for size in (styles.width, styles.height))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Under `width: auto`: as wide as the grid."""
        return self._grid.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Under `height: auto`: as high as the grid."""
        return self._grid.height

    def on_resize(self) -> None:
        """Draw again for another size; one that is only shown again is drawn already."""
        if self.content_size != self._drawn_for:
            self._redraw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Report the cell, if it is one of the grid's."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.x < self._grid.width and offset.y < self._grid.height:
            self.post_message(self.Clicked(self, offset.x, offset.y))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Report the cell under a mouse whose button is down."""
        if event.button != 1:
            return
        offset = event.get_content_offset(self)
        if offset is not None and offset.x < self._grid.width and offset.y < self._grid.height:
            self.post_message(self.Dragged(self, offset.x, offset.y))

    def render_line(self, y: int) -> Strip:
        """One row of the grid as styled text, padded to the widget."""
        width, base = self.content_size.width, self.rich_style
        if y >= self._grid.height:
            return Strip.blank(width, base)
        segments = [
            Segment(run.text, base + _style(run.fg, run.bg, run.bold))
            for run in self._grid.row_segments(y)
        ]
        return Strip(segments, self._grid.width).adjust_cell_length(width, base)
