"""Features: what every layer makes of one image, and the weights of the convolutions.

Enter goes nearer: from all maps to one with a cursor on its pixels, from there to the arithmetic
of the pixel (`tui.panes.arithmetic`); Escape goes back. The image may be one that is drawn by hand
(`tui.panes.drawing`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from cnnlib.explain import Place
from tui.inspection import LayerLook, Source, weights_of
from tui.panes.drawing import DrawingPane
from tui.render.cells import Grid
from tui.render.format import fit
from tui.render.image import Pixels
from tui.render.layers import layer_caption, layer_list, map_page, outputs, pixel_caption
from tui.render.montage import Montage, mosaic
from tui.render.number_tables import Sheet, numbers
from tui.render.prediction import prediction
from tui.render.tables import ellipsis_of, note
from tui.session import Session
from tui.widgets.cellgrid import CellGrid


@dataclass(frozen=True)
class View:
    """How the maps are shown."""

    layer: int = -1
    """-1: the first convolution."""
    filters: bool = False
    selected: int = 0
    zoomed: bool = False
    size: int = 0
    shared_scale: bool = False
    pixel: tuple[int, int] | None = None
    """Row and column of the cursor on one map; None: on its greatest number."""


class FeaturesPane(DrawingPane):
    """Maps on the left, the image and the prediction on the right."""

    pane_name = "features"
    first_focus = "#maps"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.view = View()
        self.weights = ""
        """Which weights of the run are looked at; empty: the best, or while it trains the last."""
        self._page: Montage | None = None
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield CellGrid(id="maps", classes="part", can_focus=True)
            yield CellGrid(id="context", classes="part")

    # What is shown

    def wanted_weights(self, session: Session) -> str:
        """Those that were chosen; else the newest while a run trains, and then the best."""
        return self.weights or ("last" if session.series.is_live else "best")

    def show_session(self, session: Session) -> None:
        """Ask for the chosen image, and draw what is known so far."""
        self.leave_for_sample()
        self.ask_look(session)
        look = (self.answered, session.dataset_error, session.glyphs, session.palette, self.view)
        if look != self._drawn:  # steps of a run that trains change nothing here
            self._drawn = look
            self.draw()

    def draw(self) -> None:
        """Draw the maps and the image."""
        maps, context = self.query_one("#maps", CellGrid), self.query_one("#context", CellGrid)
        self.follow_look()
        self.set_class(self.walk is not None, "-arithmetic")
        maps.border_title, maps.border_subtitle = self._titles()
        context.border_title = self._image_title()
        if self.drawing:
            maps.draw(self._draw_drawing)
        else:
            maps.draw(self._draw_maps if self.walk is None else self.draw_walk)
        context.draw(self._draw_context)

    def _titles(self) -> tuple[str, str]:
        layer, look = self.shown_layer, self.look
        if self.drawing:
            name = f", {layer.name} live" if layer is not None else ""
            return f"draw{name}", "hjkl  Space pen  u undo  x clear  Enter done"
        if layer is None or look is None:
            return "feature maps", ""
        if self.walk is not None:
            return self.walk_titles()
        place = f"{self._layer_index() + 1}/{len(look.layers)}"
        kind = "filters of " if self._shows_filters else ""
        title = f"{kind}{layer.name}  {place}"
        if self.view.zoomed and not self._shows_filters:
            return title, "hjkl pixel  Enter its arithmetic  Esc all maps"
        keys = "f maps" if self._shows_filters else "[ ] layer  a arithmetic  D draw"
        return title, f"{keys}  Enter {'all' if self.view.zoomed else 'zoom'}"

    def _image_title(self) -> str:
        sample = self.answered.sample if self.answered is not None else self.session.sample
        if self.canvas is not None:
            return "drawn by hand"
        return f"{sample.split} #{sample.index}"

    @property
    def shown_layer(self) -> LayerLook | None:
        """The layer that is shown."""
        return self.look.layers[self._layer_index()] if self.look and self.look.layers else None

    def _layer_index(self) -> int:
        if self.look is None:
            return 0
        if self.view.layer < 0:
            return next(iter(self.look.convolutions()), 0)
        return min(self.view.layer, len(self.look.layers) - 1)

    @property
    def _shows_filters(self) -> bool:
        return (
            self.view.filters
            and self.shown_layer is not None
            and self.shown_layer.weights is not None
        )

    def pictures(self) -> Pixels | None:
        """What is shown as pictures ``(n, h, w)``; None for a layer whose outputs are a list."""
        layer = self.shown_layer
        if layer is None:
            return None
        if self._shows_filters and layer.weights is not None:
            return np.stack([mosaic(kernels) for kernels in layer.weights])
        values = layer.values
        return values if values.ndim == 3 and values.shape[1:] != (1, 1) else None

    def _draw_maps(self, width: int, height: int) -> Grid:
        muted = self.session.palette.muted
        layer = self.shown_layer
        if layer is None:
            return note(self._missing(), width, height, fg=muted)
        grid = Grid.blank(width, height)
        ellipsis = ellipsis_of(self.session.terminal)
        weights = layer.weights if self._shows_filters else None
        caption = layer_caption(layer.values, layer.text, weights, self.session.terminal)
        if self.view.zoomed and weights is None:
            caption = pixel_caption(layer.values, self._place())
        grid.put(0, 0, fit(caption, width, ellipsis=ellipsis), fg=muted)
        pictures = self.pictures()
        if pictures is None:
            names = self.session.dataset.classes if self.session.dataset is not None else ()
            values = outputs(
                layer.values,
                names,
                width,
                height - 1,
                self.session.terminal,
                self.session.palette,
                min(self.view.selected, layer.values.size - 1),
            )
            grid.paste(values, 0, 1)
        else:
            grid.paste(self._draw_pictures(pictures, width, height - 1), 0, 1)
        return grid

    def _draw_drawing(self, width: int, height: int) -> Grid:
        """The canvas, and beside it what the layer makes of it now."""
        grid = Grid.blank(width, height)
        wide = self.canvas_width(min(width, max(width * 3 // 5, 28)), height)
        grid.paste(self.draw_canvas(wide, height), 0, 0)
        pictures, room = self.pictures(), width - wide - 2
        if pictures is not None and room >= 6:
            page = map_page(
                pictures,
                0,
                room,
                height,
                self.session.terminal,
                signed=self._shows_filters,
                palette=self.session.palette,
            )
            grid.paste(page.grid, wide + 2, 0)
        return grid

    def _missing(self) -> str:
        if self.look_problem:
            return self.look_problem
        if self.session.dataset_error:
            return self.session.dataset_error
        return "reading the data..." if self.session.dataset is None else "looking..."

    def _draw_pictures(self, pictures: Pixels, width: int, height: int) -> Grid:
        session, view = self.session, self.view
        page = map_page(
            pictures,
            min(view.selected, len(pictures) - 1),
            width,
            height,
            session.terminal,
            signed=self._shows_filters,
            shared_scale=view.shared_scale or self._shows_filters,
            alone=view.zoomed,
            zoom=view.size,
            palette=session.palette,
            pixel=self._pixel() if view.zoomed and not self._shows_filters else None,
        )
        if not view.zoomed:
            self._page = page
        elif not self._shows_filters:
            self._paste_numbers(page, width, height)
        return page.grid

    def _paste_numbers(self, page: Montage, width: int, height: int) -> None:
        """The numbers round the cursor, where there is room beside the map or below it."""
        values, session = self._map(), self.session
        if values is None:
            return
        right, below = width - page.tile_width - 2, height - page.tile_height - 2
        beside = right >= 19
        room = (right, min(height - 1, 15)) if beside else (width, min(below, 15))
        if min(room) >= 4:
            sheet = Sheet(*room, session.terminal, session.palette)
            at = (page.tile_width + 2, 1) if beside else (0, page.tile_height + 2)
            page.grid.paste(numbers(values.astype(np.float64), self._pixel(), sheet), *at)

    def _draw_context(self, width: int, height: int) -> Grid:
        session, question, look, view = self.session, self.answered, self.look, self.view
        grid = Grid.blank(width, height)
        dataset = session.dataset
        if question is None or look is None or dataset is None or question.data != dataset.sha256:
            return grid
        split = dataset.test if question.sample.split == "test" else dataset.train
        drawn = self.drawn_image(dataset.image_shape) if question.drawing else None
        index = question.sample.index
        picture, used = prediction(
            drawn[1] if drawn is not None else split.images[index],
            None if question.drawing else int(split.labels[index]),
            look.probabilities.tolist(),
            dataset.classes,
            width,
            height - 1,
            session.terminal,
            classes=3 if height < 16 else 5 if height < 30 else 10,
            palette=session.palette,
            marks=self.field_marks(self._place() if view.zoomed else None),
        )
        grid.paste(picture, 0, 0)
        shapes = [(layer.name, layer.values.shape) for layer in look.layers]
        if used + 1 + len(shapes) + 1 < height - 1:
            layers = layer_list(
                shapes, self._layer_index(), width, session.terminal, session.palette
            )
            grid.paste(layers, 0, used + 1)
        grid.put(0, height - 1, self._provenance(question.source), fg=session.palette.muted)
        return grid

    def _provenance(self, source: Source) -> str:
        if source.run is None or not source.trained:
            return "an untrained network"
        live = source.which == "last" and self.session.series.is_live
        return f"{source.which} weights{', live' if live else ' of the run'}"

    # The place under the cursor

    def _map(self) -> NDArray[np.floating] | None:
        """The selected map (h, w) of the layer that is shown; None for a list of outputs."""
        layer = self.shown_layer
        if layer is None or layer.values.ndim != 3:
            return None
        maps: NDArray[np.floating] = layer.values
        return np.asarray(maps[min(self.view.selected, len(maps) - 1)])

    def _pixel(self) -> tuple[int, int]:
        chosen = self._map()
        if chosen is None:
            return 0, 0
        row, column = self.view.pixel or np.unravel_index(int(chosen.argmax()), chosen.shape)
        return min(int(row), chosen.shape[0] - 1), min(int(column), chosen.shape[1] - 1)

    def _place(self) -> Place | None:
        layer = self.shown_layer
        if layer is None:
            return None
        return Place(layer.name, min(self.view.selected, len(layer.values) - 1), *self._pixel())

    # What the keys do

    def _change(self, view: View) -> None:
        self.view = view
        self.draw()

    def action_layer(self, step: int) -> None:
        """The next layer, or the one before; in the arithmetic, another channel."""
        if self.walk is not None:
            self.walk.channel(step)
            self.draw()
        elif self.look is not None:
            self._show_layer((self._layer_index() + step) % len(self.look.layers))

    def _show_layer(self, index: int) -> None:
        zoomed = self.view.zoomed and self.look is not None
        view = replace(self.view, layer=index, selected=0, pixel=None, zoomed=False)
        self.view = view
        self._change(replace(view, zoomed=zoomed and self.pictures() is not None))

    def action_convolution(self, step: int) -> None:
        """The next convolution, or the one before."""
        found = self.look.convolutions() if self.look is not None else []
        here = self._layer_index()
        after = [i for i in found if i > here] or found
        before = [i for i in reversed(found) if i < here] or found[::-1]
        if found:
            self.walk = None
            self._show_layer(after[0] if step > 0 else before[0])

    def action_step(self, step: int) -> None:
        """The next image, or the one before; a drawing is left for the sample first."""
        if self.canvas is not None:
            self.close_canvas(forget=True)
            return
        self.session.step_sample(step)
        self.show_session(self.session)

    def action_weights(self, step: int) -> None:
        """Other weights of the run: the best, those of its epochs, the last."""
        known = weights_of(self.session.run)
        if not known:
            self.say("There are no weights to choose from before the first checkpoint of a run.")
            return
        now = self.wanted_weights(self.session)
        at = known.index(now) + step if now in known else 0
        self.weights = known[at % len(known)]
        words = "" if len(known) > 2 else "; this run keeps none of its epochs"
        self.say(f"{self.weights} weights, of {', '.join(known)}{words}")
        self.show_session(self.session)

    def action_newest(self) -> None:
        """Ask the trainer for its weights of this moment."""
        if self.session.series.is_live:
            self.weights = ""
            self.application.ask_trainer("snapshot")
            self.say("asked the trainer for its weights of this moment")
        else:
            self.say("no run trains: w chooses among the weights that it left")

    def action_filters(self) -> None:
        """Weights instead of maps; from a layer without weights, those of the first convolution."""
        self.walk = None
        if (
            self.shown_layer is not None
            and self.shown_layer.weights is None
            and not self.view.filters
        ):
            self.action_convolution(1)
            if self.shown_layer.weights is None:
                self.say("This network has no convolution, so there are no filters to show.")
                return
        self._change(replace(self.view, filters=not self._shows_filters, selected=0))

    def action_zoom(self) -> None:
        """Nearer: one map, the arithmetic of its pixel, a number that made it."""
        if self.drawing:
            self.close_canvas()
        elif self.walk is not None:
            self.walk_on()
        elif self._shows_filters:
            self._change(replace(self.view, zoomed=not self.view.zoomed))
        elif self.pictures() is None or self.view.zoomed:
            self.action_arithmetic()
        else:
            self._change(replace(self.view, zoomed=True))

    def action_arithmetic(self) -> None:
        """The arithmetic of the number under the cursor; again: the map on which it stands."""
        if self.drawing:
            self.close_canvas()
        if self.walk is not None:
            self._show_map_of(self.walk.place)
        elif self._shows_filters:
            self.say("The arithmetic is that of maps: f shows them.")
        else:
            place = self._place()
            if place is not None:
                self.begin_walk(place)
        self.draw()

    def _show_map_of(self, place: Place) -> None:
        self.walk = None
        names = [layer.name for layer in self.look.layers] if self.look is not None else []
        if place.layer in names:
            self.view = replace(
                self.view,
                layer=names.index(place.layer),
                selected=place.channel,
                pixel=(place.row, place.column),
            )
            self.view = replace(self.view, zoomed=self.pictures() is not None)

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
        self._change(replace(self.view, zoomed=False))
        return True

    def action_move(self, right: int, down: int) -> None:
        """Another map; on one map another pixel, in the arithmetic another number."""
        layer = self.shown_layer
        if self.drawing and self.canvas is not None:
            self.canvas.move(right, down)
            self.redraw()
        elif self.walk is not None:
            self.walk.move(right, down)
            self.draw()
        elif self.view.zoomed and not self._shows_filters:
            self._move_pixel(right, down)
        elif layer is not None and self.pictures() is None:
            self._select(self.view.selected + right + down)
        else:
            columns = self._page.columns if self._page is not None and not self.view.zoomed else 1
            self._select(self.view.selected + right + down * columns)

    def _move_pixel(self, right: int, down: int) -> None:
        chosen = self._map()
        if chosen is not None:
            row, column = self._pixel()
            row, column = row + down, column + right
            high, wide = chosen.shape
            pixel = max(0, min(row, high - 1)), max(0, min(column, wide - 1))
            self._change(replace(self.view, pixel=pixel))

    def action_page(self, step: int) -> None:
        """A page of maps, or the next map where one is alone."""
        shown = self._page.shown if self._page is not None and not self.view.zoomed else 1
        self._select(self.view.selected + step * max(shown, 1))

    def action_first(self) -> None:
        """The first map."""
        self._select(0)

    def action_last(self) -> None:
        """The last map."""
        self._select(1 << 30)

    def _select(self, index: int) -> None:
        layer = self.shown_layer
        if self.walk is None and layer is not None:
            self._change(replace(self.view, selected=max(0, min(index, len(layer.values) - 1))))

    def action_size(self, step: int) -> None:
        """Larger maps, or more of them."""
        self._change(replace(self.view, size=max(-4, min(self.view.size + step, 12))))

    def action_scale(self) -> None:
        """One scale for all maps, or one for each."""
        shared = not self.view.shared_scale
        self._change(replace(self.view, shared_scale=shared))
        self.say("All maps by one scale." if shared else "Each map by a scale of its own.")

    @on(CellGrid.Clicked, "#maps")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        page = self._page
        if self.drawing:
            pixel = self.canvas_pixel(click.x, click.y)
            if pixel is not None and self.canvas is not None:
                self.canvas.place(*pixel)
                self.redraw()
            return
        if page is None or self.view.zoomed or self.walk is not None:
            return
        for index in range(page.first, page.first + page.shown):
            place = page.place(index)
            if place is not None:
                x, y, wide, high = place
                if x <= click.x < x + wide and y <= click.y < y + 1 + high:
                    self._select(index)

    @on(CellGrid.Dragged, "#maps")
    def _dragged(self, drag: CellGrid.Dragged) -> None:
        pixel = self.canvas_pixel(drag.x, drag.y)
        if self.drawing and self.canvas is not None and pixel is not None and self.canvas.down:
            self.canvas.lead(*pixel)
            self.redraw()
