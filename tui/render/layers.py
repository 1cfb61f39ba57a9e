"""The layers of a network as cells: their list, the maps of one, or its outputs as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui.render.bars import Bar, bars
from tui.render.cells import Grid
from tui.render.format import number, shape
from tui.render.image import Mark, image
from tui.render.montage import Montage, montage
from tui.render.palette import DARK, Palette
from tui.render.shades import NEGATIVE_RAMP, RAMP, Pixels, Scale
from tui.render.tables import Column, table
from tui.terminal.abilities import Terminal

LEAST_COLUMN = 18
"""Cells that a column of bars needs."""


def layer_list(
    layers: Sequence[tuple[str, tuple[int, ...]]],
    selected: int,
    width: int,
    terminal: Terminal,
    palette: Palette = DARK,
) -> Grid:
    """Names and output shapes, the selected one marked."""
    columns = [Column("layer", stretch=True), Column("output", "right")]
    rows = [(name, shape(axes)) for name, axes in layers]
    height = len(rows) + 1
    return table(columns, rows, width, height, terminal, selected=selected, palette=palette)


def layer_caption(values: Pixels, text: str, weights: Pixels | None, terminal: Terminal) -> str:
    """One line about the ``values`` of a layer, or about its ``weights (F, C, K, K)``."""
    if weights is not None:
        filters, channels, high, wide = weights.shape
        signs = "orange +, blue -" if terminal.glyphs == "half" else f"+{RAMP}  -{NEGATIVE_RAMP}"
        return f"{filters} filters of {channels}x{high}x{wide}  {signs}"
    least, most = (number(float(value), 2) for value in (np.min(values), np.max(values)))
    return f"{shape(values.shape)}  from {least} to {most}  {text}"


def pixel_caption(values: Pixels, place: tuple[str, int, int, int] | None) -> str:
    """One line about the number under the cursor of a map."""
    if place is None or values.ndim != 3:
        return ""
    _, channel, row, column = place
    value = number(float(values[channel, row, column]))
    return f"row {row}, column {column}: {value}"


def map_page(
    pictures: Pixels,
    selected: int,
    width: int,
    height: int,
    terminal: Terminal,
    *,
    signed: bool = False,
    shared_scale: bool = False,
    alone: bool = False,
    zoom: int = 0,
    palette: Palette = DARK,
    pixel: tuple[int, int] | None = None,
) -> Montage:
    """The page of maps ``(n, h, w)`` with the selected one, or that one ``alone``.

    A map with nothing in it says so: a dark square would not tell it from a faint one. A cursor
    stands on ``pixel`` (row, column) of the selected one.
    """
    scale = Scale.of(pictures, symmetric=signed) if shared_scale else None
    labels = [str(i) if each.any() else f"{i} zero" for i, each in enumerate(pictures)]
    if alone:
        pictures, labels = pictures[selected : selected + 1], labels[selected : selected + 1]
    return montage(
        pictures,
        width,
        height,
        terminal,
        labels=labels,
        selected=None if alone else selected,
        shades="diverging" if signed else "grey",
        scale=scale,
        zoom=0 if alone else zoom,
        palette=palette,
        pixel=pixel,
    )


def outputs(
    values: Pixels,
    names: Sequence[str],
    width: int,
    height: int,
    terminal: Terminal,
    palette: Palette = DARK,
    selected: int | None = None,
) -> Grid:
    """A list of outputs as bars with their figures; where they are too many, as a square of pixels.

    ``names`` are used where there is one for each. A bar below zero has another colour. The
    selected one is marked.
    """
    values = np.asarray(values, dtype=np.float64).ravel()
    columns = max(min(width // LEAST_COLUMN, -(-len(values) // max(height, 1))), 1)
    if columns * height < len(values):
        side = int(np.ceil(np.sqrt(len(values))))
        square = np.full(side * side, values.min())
        square[: len(values)] = values
        marks = []
        if selected is not None:
            row, column = divmod(selected, side)
            marks = [Mark(row, column, row + 1, column + 1)]
        return image(square.reshape(side, side), width, height, terminal, marks=marks)
    labels = [*(names if len(names) == len(values) else map(str, range(len(values))))]
    if selected is not None:
        labels = [f"{'>' if i == selected else ' '}{label}" for i, label in enumerate(labels)]
    reach = max(float(np.nanmax(np.abs(values), initial=0.0)), 1e-30)
    grid = Grid.blank(width, height)
    wide = (width - columns + 1) // columns
    for column in range(columns):
        lines = [
            Bar(
                labels[i],
                abs(float(values[i])) / reach,
                number(float(values[i]), 2),
                palette.train if values[i] >= 0 else palette.valid,
            )
            for i in range(column * height, min((column + 1) * height, len(values)))
        ]
        grid.paste(bars(lines, wide, height, terminal), column * (wide + 1), 0)
    return grid
