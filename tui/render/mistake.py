"""One mistake as cells: the image, what was made of it, what speaks for that, images like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnlib.explain import Neighbours
from cnnlib.report import Mistake
from data.dataset import Split
from tui.render.cells import Grid
from tui.render.format import fit, number
from tui.render.montage import montage
from tui.render.palette import DARK, Palette
from tui.render.prediction import prediction
from tui.render.shades import Pixels
from tui.render.tables import wrap
from tui.terminal.abilities import Terminal

MOST_LINES = 3
"""Rows that a note may take."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What is known of a mistake.

    ``image`` is (C, H, W) where it is there; ``heat`` (h, w) from 0 to 1 says which pixels speak
    for a class; ``lines`` are words below, each with its colour.
    """

    mistake: Mistake
    names: Sequence[str]
    image: Pixels | None
    heat: Pixels | None = None
    neighbours: Neighbours | None = None
    train: Split | None = None
    lines: Sequence[tuple[str, int]] = ()


def finding(
    known: Finding,
    width: int,
    height: int,
    terminal: Terminal,
    palette: Palette = DARK,
) -> Grid:
    """Picture, verdict and bars; with neighbours, those below or instead of the bars."""
    grid = Grid.blank(width, height)
    lines = [(part, ink) for text, ink in known.lines for part in wrap(text, width)[:MOST_LINES]]
    lines = lines[: max(height - 6, 0)]
    for y, (text, ink) in enumerate(lines, start=height - len(lines)):
        grid.put(0, y, fit(text, width), fg=ink)
    height -= len(lines)
    below = 0
    if known.neighbours is not None and known.train is not None:
        below = height // 2 if height >= 30 else height
        page = _neighbours(known, width, below, terminal, palette, alone=below == height)
        grid.paste(page, 0, height - below)
    if below < height:
        picture, _ = prediction(
            known.image,
            known.mistake.label,
            known.mistake.probabilities,
            known.names,
            width,
            height - below,
            terminal,
            classes=5 if height - below < 24 else 10,
            palette=palette,
            heat=known.heat,
        )
        grid.paste(picture, 0, 0)
    return grid


def _neighbours(
    known: Finding, width: int, height: int, terminal: Terminal, palette: Palette, *, alone: bool
) -> Grid:
    """The nearest training images under their classes and distances; alone, after the image."""
    grid = Grid.blank(width, height)
    found, train = known.neighbours, known.train
    if found is None or train is None:
        return grid
    shown = len(found.indices)
    most = 8 if alone else 12
    images = train.images[found.indices[: min(shown, most)]]
    labels = [
        f"{known.names[int(train.labels[i])]} {number(float(distance), 1)}"
        for i, distance in zip(found.indices[:most], found.distances[:most], strict=True)
    ]
    if alone and known.image is not None:
        images = np.concatenate([known.image[np.newaxis], images])
        labels = [f"this {known.names[known.mistake.label]}", *labels]
    words = f"nearest training images{': class, distance' * (width >= 40)}"
    grid.put(0, 0, fit(words, width), fg=palette.muted)
    page = montage(images, width, height - 1, terminal, labels=labels, palette=palette)
    grid.paste(page.grid, 0, 1)
    return grid
