"""What the keys do in Features: another layer, another map, another pixel; nearer, and back.

A mixin of the Features pane, which draws. Every key goes to the innermost thing that is open: the
canvas, then the arithmetic, then one map, then all of them.
"""

from __future__ import annotations

from dataclasses import replace

from textual import on

from cnnlib.explain import Place
from tui.panes.weights import WeightsPane
from tui.render.map_view import Maps, View
from tui.render.montage import Montage
from tui.session import Session
from tui.widgets.cellgrid import CellGrid


class MapKeys(WeightsPane):
    """See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.view = View()
        self.page: Montage | None = None
        """Where the maps stand, when all of them are shown."""

    @property
    def maps(self) -> Maps | None:
        """What is looked at, through the view."""
        return Maps(self.look, self.view) if self.look and self.look.layers else None

    def change(self, view: View) -> None:
        """Show another view."""
        self.view = view
        self.draw()

    def start_over(self) -> None:
        """All maps of the layer: what is asked for when an image comes from another pane."""
        self.drawing, self.canvas, self.walk = False, None, None
        self.change(self.view.overview())
        self.ask_look(self.session)

    def action_step(self, step: int) -> None:
        """The next image, or the one before; a drawing is left for the sample first."""
        if self.canvas is not None:
            self.close_canvas(forget=True)
            return
        self.session.step_sample(step)
        self.show_session(self.session)

    # Layers

    def action_layer(self, step: int) -> None:
        """The next layer, or the one before; in the arithmetic, another channel."""
        if self.walk is not None:
            self.walk.channel(step)
            self.draw()
        elif self.maps is not None:
            self.change(self.maps.next_layer(step))

    def action_convolution(self, step: int) -> None:
        """The next convolution, or the one before."""
        if self.maps is not None:
            self.walk = None
            self.change(self.maps.next_convolution(step))

    def action_filters(self) -> None:
        """Weights instead of maps; from a layer without weights, those of the first convolution."""
        self.walk = None
        maps = self.maps
        if maps is None:
            return
        if maps.layer.weights is None and not self.view.filters:
            maps = Maps(maps.look, maps.next_convolution(1))
            if maps.layer.weights is None:
                self.say("This network has no convolution, so there are no filters to show.")
                return
        self.change(replace(maps.view, filters=not maps.shows_filters, selected=0))

    # Nearer, and back

    def action_zoom(self) -> None:
        """Nearer: one map, the arithmetic of its pixel, a number that made it."""
        maps = self.maps
        if self.drawing:
            self.close_canvas()
        elif self.walk is not None:
            self.walk_on()
        elif maps is None:
            return
        elif maps.shows_filters:
            self.change(replace(self.view, zoomed=not self.view.zoomed))
        elif maps.pictures is None or self.view.zoomed:
            self.action_arithmetic()
        else:
            self.change(replace(self.view, zoomed=True))

    def action_arithmetic(self) -> None:
        """The arithmetic of the number under the cursor; again: the map on which it stands."""
        if self.drawing:
            self.close_canvas()
        maps = self.maps
        if self.walk is not None:
            self._show_map_of(self.walk.place)
        elif maps is not None and maps.shows_filters:
            self.say("The arithmetic is that of maps: f shows them.")
        elif maps is not None:
            self.begin_walk(maps.place)
        self.draw()

    def _show_map_of(self, place: Place) -> None:
        self.walk = None
        if self.maps is not None:
            self.view = self.maps.at_place(place)

    def action_return(self) -> None:
        """Back to the number that the last step came from."""
        if self.walk is not None and self.walk.back():
            self.draw()

    def go_back(self) -> bool:
        """Escape: a step of the walk back, then the map, then all maps; off the canvas."""
        if self.drawing:
            self.close_canvas()
            return True
        if self.walk is not None:
            if not self.walk.back():
                self.walk = None
            self.draw()
            return True
        if not self.view.zoomed:
            return False
        self.change(replace(self.view, zoomed=False))
        return True

    # Maps and pixels

    def action_move(self, right: int, down: int) -> None:
        """Another map; on one map another pixel, in the arithmetic another number."""
        maps = self.maps
        if self.drawing and self.canvas is not None:
            self.canvas.move(right, down)
            self.redraw()
        elif self.walk is not None:
            self.walk.move(right, down)
            self.draw()
        elif maps is None:
            return
        elif self.view.zoomed and not maps.shows_filters:
            self.change(maps.at_pixel(right, down))
        elif maps.pictures is None:
            self._select(self.view.selected + right + down)
        else:
            columns = self.page.columns if self.page is not None and not self.view.zoomed else 1
            self._select(self.view.selected + right + down * columns)

    def action_page(self, step: int) -> None:
        """A page of maps, or the next map where one is alone."""
        shown = self.page.shown if self.page is not None and not self.view.zoomed else 1
        self._select(self.view.selected + step * max(shown, 1))

    def action_first(self) -> None:
        """The first map."""
        self._select(0)

    def action_last(self) -> None:
        """The last map."""
        self._select(1 << 30)

    def _select(self, index: int) -> None:
        if self.walk is None and self.maps is not None:
            self.change(self.maps.at_map(index))

    def action_size(self, step: int) -> None:
        """Larger maps, or more of them."""
        self.change(self.view.sized(step))

    def action_scale(self) -> None:
        """One scale for all maps, or one for each."""
        shared = not self.view.shared_scale
        self.change(replace(self.view, shared_scale=shared))
        self.say("All maps by one scale." if shared else "Each map by a scale of its own.")

    # The mouse

    @on(CellGrid.Clicked, "#maps")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        if self.drawing:
            pixel = self.canvas_pixel(click.x, click.y)
            if pixel is not None and self.canvas is not None:
                self.canvas.place(*pixel)
                self.redraw()
        elif self.page is not None and not self.view.zoomed and self.walk is None:
            index = self.page.index_at(click.x, click.y - 1)  # below the caption
            if index is not None:
                self._select(index)

    @on(CellGrid.Dragged, "#maps")
    def _dragged(self, drag: CellGrid.Dragged) -> None:
        pixel = self.canvas_pixel(drag.x, drag.y)
        if self.drawing and self.canvas is not None and pixel is not None and self.canvas.down:
            self.canvas.lead(*pixel)
            self.redraw()
