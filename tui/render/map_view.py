"""Which part of a look is shown: the layer, the map, the pixel under the cursor. Plain data.

`View` is what the user chose; `Maps` is a look seen through it, and answers every key with another
view. Nothing here draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnlib.explain import Place
from tui.inspection.inspector import LayerLook, Look
from tui.render.montage import mosaic
from tui.render.shades import Pixels

SMALLEST, LARGEST = -4, 12
"""Steps of a quarter by which maps can be made smaller or larger."""


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

    def overview(self) -> View:
        """All maps of the same layer."""
        return replace(self, filters=False, selected=0, zoomed=False, pixel=None)

    def sized(self, step: int) -> View:
        """Larger maps, or more of them."""
        return replace(self, size=max(SMALLEST, min(self.size + step, LARGEST)))


@dataclass(frozen=True, eq=False)
class Maps:
    """A look at an image, through a view."""

    look: Look
    view: View

    @property
    def index(self) -> int:
        """Which of the layers is shown."""
        if self.view.layer < 0:
            return next(iter(self.look.convolutions()), 0)
        return min(self.view.layer, len(self.look.layers) - 1)

    @property
    def layer(self) -> LayerLook:
        """The layer that is shown."""
        return self.look.layers[self.index]

    @property
    def shows_filters(self) -> bool:
        """Whether its weights stand in the place of its maps."""
        return self.view.filters and self.layer.weights is not None

    @property
    def pictures(self) -> Pixels | None:
        """What is shown as pictures ``(n, h, w)``; None for a layer whose outputs are a list."""
        if self.shows_filters and self.layer.weights is not None:
            return np.stack([mosaic(kernels) for kernels in self.layer.weights])
        values = self.layer.values
        return values if values.ndim == 3 and values.shape[1:] != (1, 1) else None

    @property
    def selected(self) -> int:
        """The chosen map, or the chosen number of a list."""
        return min(self.view.selected, len(self.layer.values) - 1)

    @property
    def map(self) -> NDArray[np.floating] | None:
        """The selected map (h, w); None for a list of outputs."""
        values = self.layer.values
        return np.asarray(values[self.selected]) if values.ndim == 3 else None

    @property
    def pixel(self) -> tuple[int, int]:
        """Row and column of the cursor on the selected map."""
        chosen = self.map
        if chosen is None:
            return 0, 0
        row, column = self.view.pixel or np.unravel_index(int(chosen.argmax()), chosen.shape)
        return min(int(row), chosen.shape[0] - 1), min(int(column), chosen.shape[1] - 1)

    @property
    def place(self) -> Place:
        """The number under the cursor."""
        return Place(self.layer.name, self.selected, *self.pixel)

    # Other views

    def at_layer(self, index: int) -> View:
        """Another layer; near to a map where it has maps."""
        view = replace(self.view, layer=index, selected=0, pixel=None)
        return replace(view, zoomed=view.zoomed and Maps(self.look, view).pictures is not None)

    def next_layer(self, step: int) -> View:
        """The layer after this one, or before it, round the ends."""
        return self.at_layer((self.index + step) % len(self.look.layers))

    def next_convolution(self, step: int) -> View:
        """The convolution after this layer, or before it, round the ends; without one, the same."""
        found = self.look.convolutions()
        if not found:
            return self.view
        if step > 0:
            return self.at_layer(next((i for i in found if i > self.index), found[0]))
        return self.at_layer(next((i for i in found[::-1] if i < self.index), found[-1]))

    def at_map(self, index: int) -> View:
        """Another map, or another number of a list."""
        return replace(self.view, selected=max(0, min(index, len(self.layer.values) - 1)))

    def at_pixel(self, right: int, down: int) -> View:
        """The cursor moved over the selected map."""
        chosen = self.map
        if chosen is None:
            return self.view
        row, column = self.pixel
        high, wide = chosen.shape
        row, column = max(0, min(row + down, high - 1)), max(0, min(column + right, wide - 1))
        return replace(self.view, pixel=(row, column))

    def at_place(self, place: Place) -> View:
        """The map of a number, with the cursor on it; the same view for one of no layer here."""
        names = [layer.name for layer in self.look.layers]
        if place.layer not in names:
            return self.view
        view = replace(
            self.view,
            layer=names.index(place.layer),
            selected=place.channel,
            pixel=(place.row, place.column),
        )
        return replace(view, zoomed=Maps(self.look, view).pictures is not None)
