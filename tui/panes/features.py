"""Features: what every layer makes of one image, and the weights of the convolutions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.inspection import LayerLook, Source
from tui.panes.looking import LookPane
from tui.render.cells import Grid
from tui.render.format import fit
from tui.render.image import Pixels
from tui.render.layers import layer_caption, layer_list, map_page, outputs
from tui.render.montage import Montage, mosaic
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


class FeaturesPane(LookPane):
    """Maps on the left, the image and the prediction on the right."""

    pane_name = "features"
    first_focus = "#maps"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.view = View()
        self._page: Montage | None = None
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield CellGrid(id="maps", classes="part", can_focus=True)
            yield CellGrid(id="context", classes="part")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Ask for the chosen image, and draw what is known so far."""
        self.ask_look(session)
        look = (self.answered, session.dataset_error, session.glyphs, session.palette, self.view)
        if look != self._drawn:  # steps of a run that trains change nothing here
            self._drawn = look
            self.draw()

    def draw(self) -> None:
        """Draw the maps and the image."""
        maps, context = self.query_one("#maps", CellGrid), self.query_one("#context", CellGrid)
        maps.border_title, maps.border_subtitle = self._titles()
        context.border_title = self._image_title()
        maps.draw(self._draw_maps)
        context.draw(self._draw_context)

    def _titles(self) -> tuple[str, str]:
        layer, look = self.shown_layer, self.look
        if layer is None or look is None:
            return "feature maps", ""
        place = f"{self._layer_index() + 1}/{len(look.layers)}"
        kind = "filters of " if self._shows_filters else ""
        title = f"{kind}{layer.name}  {place}"
        keys = "f maps" if self._shows_filters else "[ ] layer"
        return title, f"{keys}  Enter {'all' if self.view.zoomed else 'zoom'}"

    def _image_title(self) -> str:
        sample = self.answered.sample if self.answered is not None else self.session.sample
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
            )
            grid.paste(values, 0, 1)
        else:
            grid.paste(self._draw_pictures(pictures, width, height - 1), 0, 1)
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
        )
        if not view.zoomed:
            self._page = page
        return page.grid

    def _draw_context(self, width: int, height: int) -> Grid:
        session, question, look = self.session, self.answered, self.look
        grid = Grid.blank(width, height)
        dataset = session.dataset
        if question is None or look is None or dataset is None or question.data != dataset.sha256:
            return grid
        split = dataset.test if question.sample.split == "test" else dataset.train
        picture, used = prediction(
            split.images[question.sample.index],
            int(split.labels[question.sample.index]),
            look.probabilities.tolist(),
            dataset.classes,
            width,
            height - 1,
            session.terminal,
            classes=3 if height < 16 else 5 if height < 30 else 10,
            palette=session.palette,
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
        return f"{source.which} weights of the run"

    # What the keys do

    def _change(self, view: View) -> None:
        self.view = view
        self.draw()

    def action_layer(self, step: int) -> None:
        """The next layer, or the one before."""
        if self.look is not None:
            index = (self._layer_index() + step) % len(self.look.layers)
            self._change(replace(self.view, layer=index, selected=0, zoomed=False))

    def action_convolution(self, step: int) -> None:
        """The next convolution, or the one before."""
        found = self.look.convolutions() if self.look is not None else []
        here = self._layer_index()
        after = [i for i in found if i > here] or found
        before = [i for i in reversed(found) if i < here] or found[::-1]
        if found:
            index = after[0] if step > 0 else before[0]
            self._change(replace(self.view, layer=index, selected=0, zoomed=False))

    def action_step(self, step: int) -> None:
        """The next image, or the one before."""
        self.session.step_sample(step)
        self.show_session(self.session)

    def action_filters(self) -> None:
        """Weights instead of maps; from a layer without weights, those of the first convolution."""
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
        """One map alone, or all again."""
        if self.pictures() is not None:
            self._change(replace(self.view, zoomed=not self.view.zoomed))

    def go_back(self) -> bool:
        """Escape shows all maps again."""
        if not self.view.zoomed:
            return False
        self.action_zoom()
        return True

    def action_move(self, right: int, down: int) -> None:
        """Another map."""
        columns = self._page.columns if self._page is not None and not self.view.zoomed else 1
        self._select(self.view.selected + right + down * columns)

    def action_page(self, step: int) -> None:
        """A page of maps."""
        self._select(self.view.selected + step * max(self._page.shown if self._page else 1, 1))

    def action_first(self) -> None:
        """The first map."""
        self._select(0)

    def action_last(self) -> None:
        """The last map."""
        pictures = self.pictures()
        self._select(len(pictures) - 1 if pictures is not None else 0)

    def _select(self, index: int) -> None:
        pictures = self.pictures()
        if pictures is not None:
            self._change(replace(self.view, selected=max(0, min(index, len(pictures) - 1))))

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
        if page is None or self.view.zoomed:
            return
        for index in range(page.first, page.first + page.shown):
            place = page.place(index)
            if place is not None:
                x, y, wide, high = place
                if x <= click.x < x + wide and y <= click.y < y + 1 + high:
                    self._select(index)
