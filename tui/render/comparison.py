"""Two networks on the same images as cells: four counts, and the images that one of them counts."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlib.metrics import Agreement
from data.dataset import Dataset
from tui.render.cells import DEFAULT, Grid
from tui.render.format import count, fit, number, percent
from tui.render.montage import Montage, montage
from tui.render.number_tables import Sheet
from tui.render.palette import DARK, Palette
from tui.render.tables import select, wrap
from tui.terminal.abilities import Terminal

PARTS = ("both", "first", "second", "neither")
"""As the attributes of an Agreement; in two rows of two."""
MOST_IMAGES = 60
"""Images of a count that are drawn at a time."""


def compared_images(
    found: Agreement,
    names: Sequence[str],
    part: int,
    image: int | None,
    dataset: Dataset,
    sheet: Sheet,
) -> tuple[Grid, Montage | None]:
    """The counts, and below them test images that the chosen ``part`` counts, ``image`` marked.

    Also says where the images stand, where there are some.
    """
    grid = Grid.blank(sheet.width, sheet.height)
    head = comparison(found, names, part, sheet.width, sheet.terminal, sheet.palette)
    grid.paste(head, 0, 0)
    indices = getattr(found, PARTS[part])
    room = sheet.height - head.height - 1
    if not len(indices) or room < 3:
        return grid, None
    at = min(image or 0, len(indices) - 1)
    page = at // MOST_IMAGES * MOST_IMAGES
    some = indices[page : page + MOST_IMAGES]
    drawn = montage(
        dataset.test.images[some],
        sheet.width,
        room,
        sheet.terminal,
        labels=[f"{i} {dataset.classes[int(dataset.test.labels[i])]}" for i in some],
        selected=at - page if image is not None else None,
        palette=sheet.palette,
    )
    grid.paste(drawn.grid, 0, head.height + 1)
    return grid, drawn


def comparison(
    found: Agreement,
    names: Sequence[str],
    chosen: int,
    width: int,
    terminal: Terminal,
    palette: Palette = DARK,
) -> Grid:
    """The four counts, of which one is chosen, and what they say about which network is better.

    ``names`` are those of the first and of the second network.
    """
    first, second = names
    examples = sum(len(getattr(found, part)) for part in PARTS)
    half = max(min((width - 2) // 2, 34), 8)
    lines = _verdict(found, names, examples)
    words = [line for text in lines for line in wrap(text, width)]
    grid = Grid.blank(width, 3 + 2 + len(words))
    grid.put(0, 0, fit(f"A  {first}", width), fg=palette.text)
    grid.put(0, 1, fit(f"B  {second}", width), fg=palette.text)
    titles = ("both right", "only A right", "only B right", "neither right")
    for at, (part, title) in enumerate(zip(PARTS, titles, strict=True)):
        x, y = at % 2 * (half + 2), 2 + at // 2
        here = at == chosen
        text = f"{'>' if here else ' '} {title:<13} {count(len(getattr(found, part))):>7}"
        ink = palette.accent if here else DEFAULT
        grid.put(x, y, fit(text, half), fg=ink, bold=here)
        if here:
            select(grid, (x, y, half, 1), palette)
    for y, line in enumerate(words, start=5):
        grid.put(0, y, line, fg=palette.muted)
    return grid


def _verdict(found: Agreement, names: Sequence[str], examples: int) -> list[str]:
    right = len(found.both) + len(found.first), len(found.both) + len(found.second)
    shares = [percent(each / max(examples, 1), 2) for each in right]
    differing = len(found.first) + len(found.second)
    p = found.p_value
    odds = f"p {number(p, 3)}" if p >= 5e-4 else "p below 0.001"
    chance = "could well be chance" if p > 0.05 else "is hardly chance"
    return [
        f"A {shares[0]}, B {shares[1]} of {count(examples)}",
        f"they differ about {count(differing)}; such a division {chance} ({odds})",
    ]
