"""Features: what every layer makes of one image, and the weights of the convolutions.

Enter goes nearer: from all maps to one with a cursor on its pixels, from there to the arithmetic
of the pixel (`tui.panes.arithmetic`); Escape goes back. The image may be one that is drawn by hand
(`tui.panes.drawing`).
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.panes.map_keys import MapKeys
from tui.render.cells import Grid
from tui.render.maps import image_and_layers, layer_maps, live_maps
from tui.render.number_tables import Sheet
from tui.render.tables import note
from tui.session import Session
from tui.widgets.cellgrid import CellGrid


class FeaturesPane(MapKeys):
    """Maps on the left, the image and the prediction on the right."""

    pane_name = "features"
    first_focus = "#maps"

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield CellGrid(id="maps", classes="part", can_focus=True)
            yield CellGrid(id="context", classes="part")

    def show_session(self, session: Session) -> None:
        """Ask for the chosen image, and draw what is known so far."""
        self.leave_for_sample()
        self.follow_training()
        self.ask_look(session)
        error, live = session.dataset_error, session.series.is_live
        self.draw_if_new(self.answered, error, live, session.glyphs, session.palette, self.view)

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
        maps = self.maps
        if self.drawing:
            name = f", {maps.layer.name} live" if maps is not None else ""
            return f"draw{name}", "hjkl  Space pen  u undo  x clear  Enter done"
        if maps is None:
            return "feature maps", ""
        if self.walk is not None:
            return self.walk_titles()
        kind = "filters of " if maps.shows_filters else ""
        title = f"{kind}{maps.layer.name}  {maps.index + 1}/{len(maps.look.layers)}"
        if self.view.zoomed and not maps.shows_filters:
            return title, "hjkl pixel  Enter its arithmetic  Esc all maps"
        keys = "f maps" if maps.shows_filters else "[ ] layer  a arithmetic  D draw"
        return title, f"{keys}  Enter {'all' if self.view.zoomed else 'zoom'}"

    def _image_title(self) -> str:
        sample = self.answered.sample if self.answered is not None else self.session.sample
        if self.canvas is not None:
            return "drawn by hand"
        return f"{sample.split} #{sample.index}"

    def _sheet(self, width: int, height: int) -> Sheet:
        return Sheet(width, height, self.session.terminal, self.session.palette)

    def _draw_maps(self, width: int, height: int) -> Grid:
        maps, dataset = self.maps, self.session.dataset
        if maps is None:
            return note(self._missing(), width, height, fg=self.session.palette.muted)
        names = dataset.classes if dataset is not None else ()
        grid, page = layer_maps(maps, names, self._sheet(width, height))
        if not self.view.zoomed:
            self.page = page
        return grid

    def _draw_drawing(self, width: int, height: int) -> Grid:
        """The canvas, and beside it what the layer makes of it now."""
        grid = Grid.blank(width, height)
        wide = self.canvas_width(min(width, max(width * 3 // 5, 28)), height)
        grid.paste(self.draw_canvas(wide, height), 0, 0)
        if self.maps is not None:
            room = self._sheet(width - wide - 2, height)
            grid.paste(live_maps(self.maps, room), wide + 2, 0)
        return grid

    def _missing(self) -> str:
        if self.look_problem:
            return self.look_problem
        if self.session.dataset_error:
            return self.session.dataset_error
        return "reading the data..." if self.session.dataset is None else "looking..."

    def _draw_context(self, width: int, height: int) -> Grid:
        session, question, maps = self.session, self.answered, self.maps
        dataset = session.dataset
        if question is None or maps is None or dataset is None or question.data != dataset.sha256:
            return Grid.blank(width, height)
        split = dataset.test if question.sample.split == "test" else dataset.train
        index = question.sample.index
        drawn = self.drawn_image(dataset.image_shape) if question.drawing else None
        return image_and_layers(
            maps,
            drawn[1] if drawn is not None else split.images[index],
            None if question.drawing else int(split.labels[index]),
            dataset.classes,
            self.field_marks(maps.place if self.view.zoomed else None),
            self.provenance(question.source),
            self._sheet(width, height),
        )
