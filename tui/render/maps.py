"""What a network makes of an image, as cells: the maps of a layer, one of them with its numbers,
and beside them the image, what it is taken for, and the layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui.render.cells import Grid
from tui.render.format import fit
from tui.render.image import Mark
from tui.render.layers import layer_caption, layer_list, map_page, outputs, pixel_caption
from tui.render.map_view import Maps
from tui.render.montage import Montage
from tui.render.number_tables import Sheet, numbers
from tui.render.prediction import prediction
from tui.render.shades import Pixels
from tui.render.tables import ellipsis_of

LEAST_NUMBERS = (19, 4)
"""Columns and rows without which numbers beside a map say nothing."""


def layer_maps(maps: Maps, names: Sequence[str], sheet: Sheet) -> tuple[Grid, Montage | None]:
    """A caption and the pictures of a layer, or its outputs as bars named by ``names``.

    Also returns where the pictures stand, where there are some.
    """
    grid = Grid.blank(sheet.width, sheet.height)
    layer, terminal, palette = maps.layer, sheet.terminal, sheet.palette
    weights = layer.weights if maps.shows_filters else None
    caption = layer_caption(layer.values, layer.text, weights, terminal)
    if maps.view.zoomed and weights is None:
        caption = pixel_caption(layer.values, maps.place)
    grid.put(0, 0, fit(caption, sheet.width, ellipsis=ellipsis_of(terminal)), fg=palette.muted)
    pictures, height = maps.pictures, sheet.height - 1
    if pictures is None:
        bars = outputs(
            layer.values, names, sheet.width, height, terminal, palette, selected=maps.selected
        )
        grid.paste(bars, 0, 1)
        return grid, None
    page = _pictures(maps, pictures, Sheet(sheet.width, height, terminal, palette))
    grid.paste(page.grid, 0, 1)
    return grid, page


def _pictures(maps: Maps, pictures: Pixels, sheet: Sheet) -> Montage:
    view, near = maps.view, maps.view.zoomed and not maps.shows_filters
    page = map_page(
        pictures,
        maps.selected,
        sheet.width,
        sheet.height,
        sheet.terminal,
        signed=maps.shows_filters,
        shared_scale=view.shared_scale or maps.shows_filters,
        alone=view.zoomed,
        zoom=view.size,
        palette=sheet.palette,
        pixel=maps.pixel if near else None,
    )
    if near:
        _paste_numbers(page, maps, sheet)
    return page


def _paste_numbers(page: Montage, maps: Maps, sheet: Sheet) -> None:
    """The numbers round the cursor, where there is room beside the map or below it."""
    values = maps.map
    if values is None:
        return
    right, below = sheet.width - page.tile_width - 2, sheet.height - page.tile_height - 2
    beside = right >= LEAST_NUMBERS[0]
    room = (right, min(sheet.height - 1, 15)) if beside else (sheet.width, min(below, 15))
    if min(room) >= LEAST_NUMBERS[1]:
        drawn = numbers(
            values.astype(np.float64), maps.pixel, Sheet(*room, sheet.terminal, sheet.palette)
        )
        page.grid.paste(drawn, *((page.tile_width + 2, 1) if beside else (0, page.tile_height + 2)))


def live_maps(maps: Maps, sheet: Sheet) -> Grid:
    """The pictures of a layer without a caption, as many as fit; nothing in too small a place."""
    pictures = maps.pictures
    if pictures is None or sheet.width < 6:
        return Grid.blank(max(sheet.width, 0), sheet.height)
    return map_page(
        pictures,
        0,
        sheet.width,
        sheet.height,
        sheet.terminal,
        signed=maps.shows_filters,
        palette=sheet.palette,
    ).grid


def image_and_layers(
    maps: Maps,
    image: Pixels,
    truth: int | None,
    names: Sequence[str],
    marks: Sequence[Mark],
    foot: str,
    sheet: Sheet,
) -> Grid:
    """The image ``(C, H, W)`` and what it is taken for; the layers, where there is room; a line."""
    width, height = sheet.width, sheet.height
    grid = Grid.blank(width, height)
    picture, used = prediction(
        image,
        truth,
        maps.look.probabilities.tolist(),
        names,
        width,
        height - 1,
        sheet.terminal,
        classes=3 if height < 16 else 5 if height < 30 else 10,
        palette=sheet.palette,
        marks=marks,
    )
    grid.paste(picture, 0, 0)
    shapes = [(layer.name, layer.values.shape) for layer in maps.look.layers]
    if used + 1 + len(shapes) + 1 < height - 1:
        layers = layer_list(shapes, maps.index, width, sheet.terminal, sheet.palette)
        grid.paste(layers, 0, used + 1)
    grid.put(0, height - 1, fit(foot, width), fg=sheet.palette.muted)
    return grid
