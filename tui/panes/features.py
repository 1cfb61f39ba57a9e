"""Features: what every layer makes of one image, and the weights of the convolutions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from cnnlib.errors import CnnError
from data.errors import DataError
from tui.inspection import Inspector, LayerLook, Look, Source, source_of
from tui.panes.base import Pane
from tui.render import format as say
from tui.render.bars import Bar, bars, verdict
from tui.render.cells import Grid
from tui.render.image import Pixels, Scale, image
from tui.render.montage import Montage, montage, mosaic
from tui.render.tables import Column, ellipsis_of, note, table
from tui.session import Sample, Session
from tui.widgets.cellgrid import CellGrid


@dataclass(frozen=True)
class Question:
    """The image and the network that the pane shows, or waits for."""

    source: Source
    sample: Sample
    data: str


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


class FeaturesPane(Pane):
    """Maps on the left, the image and the prediction on the right."""

    pane_name = "features"
    first_focus = "#maps"

    @dataclass
    class Looked(Message):
        """The worker has an answer: a look, or why there is none."""

        question: Question
        look: Look | None
        problem: str

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.inspector = Inspector()
        self.view = View()
        self.look: Look | None = None
        self._asked: Question | None = None
        self._shown: Question | None = None
        self._problem = ""
        self._page: Montage | None = None
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield CellGrid(id="maps", classes="part", can_focus=True)
            yield CellGrid(id="context", classes="part")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Ask for the chosen image, and draw what is known so far."""
        split = session.split(session.sample.split)
        if session.dataset is not None and split is not None and len(split):
            source = source_of(session.run, session.settings.architecture, session.dataset)
            question = Question(source, session.sample, session.dataset.sha256)
            if question != self._asked:
                self._asked = question
                self._ask(question, split.images[session.sample.index])
        look = (self._shown, session.dataset_error, session.glyphs, session.palette, self.view)
        if look != self._drawn:  # steps of a run that trains change nothing here
            self._drawn = look
            self._draw()

    @work(thread=True, exclusive=True, exit_on_error=False, group="look")
    def _ask(self, question: Question, pixels: NDArray[np.uint8]) -> None:
        try:
            look, problem = self.inspector.look(question.source, pixels), ""
        except (CnnError, DataError, OSError) as error:
            look, problem = None, str(error)
        self.post_message(self.Looked(question, look, problem))

    @on(Looked)
    def _answered(self, message: Looked) -> None:
        if message.question != self._asked:
            return
        self.look, self._problem, self._shown = message.look, message.problem, message.question
        if self.is_shown:
            self._draw()

    def _draw(self) -> None:
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
        sample = self._shown.sample if self._shown is not None else self.session.sample
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
        grid.put(0, 0, say.fit(self._caption(layer), width, ellipsis=ellipsis), fg=muted)
        pictures = self.pictures()
        if pictures is None:
            grid.paste(self._draw_list(layer.values.ravel(), width, height - 1), 0, 1)
        else:
            grid.paste(self._draw_pictures(pictures, width, height - 1), 0, 1)
        return grid

    def _missing(self) -> str:
        if self._problem:
            return self._problem
        if self.session.dataset_error:
            return self.session.dataset_error
        return "reading the data..." if self.session.dataset is None else "looking…"

    def _caption(self, layer: LayerLook) -> str:
        if self._shows_filters and layer.weights is not None:
            filters, channels, high, wide = layer.weights.shape
            signs = "orange +, blue -" if self.session.glyphs == "half" else "+ .:=*#@  - '~<%&$"
            return f"{filters} filters of {channels}x{high}x{wide}  {signs}"
        shape = say.shape(layer.values.shape)
        least, most = float(np.min(layer.values)), float(np.max(layer.values))
        return f"{shape}  from {say.number(least, 2)} to {say.number(most, 2)}  {layer.text}"

    def _draw_pictures(self, pictures: Pixels, width: int, height: int) -> Grid:
        session, view = self.session, self.view
        selected = min(view.selected, len(pictures) - 1)
        scale = None
        if view.shared_scale or self._shows_filters:
            scale = Scale.of(pictures, symmetric=self._shows_filters)
        labels = [self._label(i, each) for i, each in enumerate(pictures)]
        if view.zoomed:
            pictures, labels = pictures[selected : selected + 1], labels[selected : selected + 1]
        page = montage(
            pictures,
            width,
            height,
            session.terminal,
            labels=labels,
            selected=None if view.zoomed else selected,
            shades="diverging" if self._shows_filters else "grey",
            scale=scale,
            zoom=0 if view.zoomed else view.size,
            palette=session.palette,
        )
        if not view.zoomed:
            self._page = page
        return page.grid

    def _label(self, index: int, values: Pixels) -> str:
        """The number of a map, and what a dark square would not tell: that nothing is in it."""
        return f"{index} zero" if not values.any() else str(index)

    def _draw_list(self, values: Pixels, width: int, height: int) -> Grid:
        terminal, palette = self.session.terminal, self.session.palette
        names = self._names()
        least = 18
        columns = max(min(width // least, -(-len(values) // max(height, 1))), 1)
        if columns * height < len(values):
            side = int(np.ceil(np.sqrt(len(values))))
            square = np.full(side * side, np.min(values))
            square[: len(values)] = values
            return image(square.reshape(side, side), width, height, terminal)
        reach = max(float(np.nanmax(np.abs(values), initial=0.0)), 1e-30)
        grid = Grid.blank(width, height)
        wide = (width - columns + 1) // columns
        for column in range(columns):
            part = range(column * height, min((column + 1) * height, len(values)))
            lines = [
                Bar(
                    names[i] if len(names) == len(values) else str(i),
                    abs(float(values[i])) / reach,
                    say.number(float(values[i]), 2),
                    palette.train if values[i] >= 0 else palette.valid,
                )
                for i in part
            ]
            grid.paste(bars(lines, wide, height, terminal), column * (wide + 1), 0)
        return grid

    def _names(self) -> tuple[str, ...]:
        return self.session.dataset.classes if self.session.dataset is not None else ()

    def _draw_context(self, width: int, height: int) -> Grid:
        session = self.session
        grid = Grid.blank(width, height)
        question, split = self._shown, session.split(session.sample.split)
        if question is None or self.look is None or split is None or session.dataset is None:
            return grid
        if question.sample.index >= len(split):
            return grid
        probabilities = self.look.probabilities
        names = session.dataset.classes
        if len(names) != len(probabilities):  # a network for other classes
            names = tuple(str(i) for i in range(len(probabilities)))
        lines = min(len(names), 3 if height < 16 else 5 if height < 30 else 10)
        picture = image(
            split.images[question.sample.index],
            width,
            max(height - lines - 4, 1),
            session.terminal,
        )
        grid.paste(picture, (width - picture.width) // 2, 0)
        y = picture.height + 1
        truth, predicted = int(split.labels[question.sample.index]), int(probabilities.argmax())
        y += verdict(grid, y, session.dataset.classes[truth], names[predicted], session.palette)
        order = np.argsort(-probabilities, kind="stable")[:lines]
        shown = [
            Bar(
                names[i],
                float(probabilities[i]),
                say.probability(float(probabilities[i])),
                session.palette.good if i == truth else session.palette.bad,
            )
            for i in order
        ]
        grid.paste(bars(shown, width, height - y - 1, session.terminal), 0, y)
        top, layers = y + lines + 1, self._draw_layers(width)
        if top + layers.height < height - 1:
            grid.paste(layers, 0, top)
        grid.put(0, height - 1, self._provenance(question.source), fg=session.palette.muted)
        return grid

    def _draw_layers(self, width: int) -> Grid:
        """All layers, and which one is shown."""
        session, look = self.session, self.look
        columns = [Column("layer", stretch=True), Column("output", "right")]
        rows = [(each.name, say.shape(each.values.shape)) for each in look.layers] if look else []
        return table(
            columns,
            rows,
            width,
            len(rows) + 1,
            session.terminal,
            selected=self._layer_index(),
            palette=session.palette,
        )

    def _provenance(self, source: Source) -> str:
        if source.run is None or not source.trained:
            return "an untrained network"
        return f"{source.which} weights of the run"

    # What the keys do

    def _change(self, view: View) -> None:
        self.view = view
        self._draw()

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
