"""Images of a data set as cells: one of them, a sheet of them, the means of the classes, what
augmentations make of one, and what is suspicious."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data import Split
from data.suspicions import Suspicion
from tui.render.cells import Grid
from tui.render.image import image
from tui.render.montage import Montage, montage
from tui.render.number_tables import Sheet
from tui.render.shades import Pixels, Scale
from tui.render.tables import note, wrap

ROOM = (16, 9)
"""Columns and rows for one image that was augmented."""
LEAST = 7
"""Columns without which the mean of a class is no picture."""


def sample(pixels: Pixels, lines: Sequence[str], sheet: Sheet) -> Grid:
    """An image ``(C, H, W)`` with words below it, the first of them brighter."""
    grid = Grid.blank(sheet.width, sheet.height)
    picture = image(pixels, sheet.width, max(sheet.height - len(lines), 1), sheet.terminal)
    grid.paste(picture, (sheet.width - picture.width) // 2, 0)
    top = sheet.height - len(lines)
    for y, line in enumerate(lines, start=top):
        grid.put(1, y, line, fg=-1 if y == top else sheet.palette.muted)
    return grid


def contact_sheet(
    split: Split,
    shown: NDArray[np.int64],
    classes: Sequence[str],
    index: int,
    sheet: Sheet,
) -> Montage:
    """Images of a split under their classes; the one of this ``index`` is marked."""
    here = np.flatnonzero(shown == index)
    return montage(
        split.images[shown],
        sheet.width,
        sheet.height,
        sheet.terminal,
        labels=[classes[int(split.labels[i])] for i in shown],
        selected=int(here[0]) if here.size else None,
        palette=sheet.palette,
    )


def by_class(
    images: NDArray[np.float32] | None, classes: Sequence[str], only: int | None, sheet: Sheet
) -> Grid:
    """An image ``(C, H, W)``, 0 to 255, for each class, the chosen one marked; None: not yet."""
    if images is None:
        return note("reading...", sheet.width, sheet.height, fg=sheet.palette.muted)
    return montage(
        np.rint(images).astype(np.uint8),
        sheet.width,
        sheet.height,
        sheet.terminal,
        labels=classes,
        selected=only,
        least=LEAST,
        palette=sheet.palette,
    ).grid


def copies_that_fit(width: int, height: int) -> int:
    """How many augmented images a place has room for, beside the image as it is."""
    return max(max(width // ROOM[0], 1) * max(height // ROOM[1], 1) - 1, 1)


def augmented(original: NDArray[np.uint8], changed: NDArray[np.float32], sheet: Sheet) -> Grid:
    """The image ``(C, H, W)`` as it is, and what an augmentation made of it a few times."""
    return montage(
        np.concatenate([original[np.newaxis] / np.float32(255), changed]),
        sheet.width,
        sheet.height,
        sheet.terminal,
        labels=["as it is", *(str(i + 1) for i in range(len(changed)))],
        scale=Scale(0.0, 1.0),
        palette=sheet.palette,
    ).grid


def suspicion_list(found: Sequence[Suspicion], sheet: Sheet) -> Grid:
    """What is suspicious, the serious things first, each with some of its images."""
    palette = sheet.palette
    if not found:
        words = "Nothing: no copies, no blank images, no class that is rare or missing."
        return note(words, sheet.width, sheet.height, fg=palette.good)
    grid, y = Grid.blank(sheet.width, sheet.height), 0
    for each in found:
        ink = palette.bad if each.serious else palette.warn
        for at, line in enumerate(wrap(each.text, sheet.width - 2)):
            sign = ("! " if each.serious else "- ") if at == 0 else "  "
            grid.put(0, y, sign + line, fg=ink, bold=each.serious)
            y += 1
        some = ", ".join(f"{split} #{index}" for split, index in each.images[:40])
        for line in wrap(some, sheet.width - 2)[:3] if some else ():
            grid.put(2, y, line, fg=palette.muted)
            y += 1
    return grid
