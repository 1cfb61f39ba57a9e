"""A data set in words and figures: what it is, and how its classes are filled."""

from __future__ import annotations

from data.dataset import Dataset
from data.describe import Description
from tui.render.bars import bar
from tui.render.cells import DEFAULT, Grid, text_width
from tui.render.format import count, percent, probability
from tui.render.naming import distinct
from tui.render.palette import DARK, Palette
from tui.render.tables import Cell, Column, ellipsis_of, facts, note, table
from tui.terminal.abilities import Terminal

Fact = tuple[str, str | Cell]
LONGEST_NAME = 14
LOW = 16
"""Rows below which the facts make room for the classes."""


def summary(
    dataset: Dataset,
    known: Description | None,
    width: int,
    height: int,
    terminal: Terminal,
    *,
    chosen: int | None = None,
    first: int = 0,
    palette: Palette = DARK,
) -> Grid:
    """Facts, and below them the classes from ``first`` on; the ``chosen`` one is marked.

    ``known`` is None while the data are still being described.
    """
    rows = _above(dataset, known, height, palette)
    if height > len(rows) + len(dataset.classes) + 3:
        rows += [("cite", dataset.citation or "-"), ("", "")]
    grid = facts(rows, width, height, terminal, palette=palette)
    room = height - len(rows)
    if known is None or room < 2:
        grid.paste(note("reading...", width, room, fg=palette.muted), 0, len(rows))
    else:
        classes = class_table(known, width, room, terminal, chosen, first, palette)
        grid.paste(classes, 0, len(rows))
    return grid


def class_rows(dataset: Dataset, height: int) -> int:
    """How many classes `summary` has room for."""
    return max(height - len(_above(dataset, None, height, DARK)) - 1, 1)


def _above(
    dataset: Dataset, known: Description | None, height: int, palette: Palette
) -> list[Fact]:
    """What stands above the classes; in a low place only what changes what one does."""
    identity, origin = _identity(dataset), []
    if height < LOW:
        identity = [fact for fact in identity if fact[0] in ("images", "shape")]
    else:
        origin = [("sha256", dataset.sha256), ("licence", dataset.licence or "not known")]
    return [*identity, *_findings(known, palette), *origin]


def _identity(dataset: Dataset) -> list[Fact]:
    channels, height, width = dataset.image_shape
    kind = "grey" if channels == 1 else "colour"
    return [
        ("name", dataset.name),
        ("source", dataset.source),
        ("images", f"{count(len(dataset.train))} train, {count(len(dataset.test))} test"),
        ("shape", f"{channels}x{height}x{width} {kind}, {dataset.train.images.dtype}"),
    ]


def _findings(known: Description | None, palette: Palette) -> list[Fact]:
    if known is None:
        return [("pixels", "reading..."), ("copies", "")]
    train = dict(known.pixels.loc["train"])
    mean, std = (probability(float(train[name]) / 255) for name in ("mean", "std"))
    share = percent(float(train["background_share"]))
    copies = {str(row): int(n) for row, n in known.duplicates["images"].items()}
    across = copies.pop("test also in train", 0)
    words = f"{sum(copies.values())} within splits, {across} test in train"
    return [
        ("pixels", f"mean {mean} std {std}, {share} are {int(train['background'])}"),
        ("copies", Cell(words, palette.warn if across else palette.text)),
    ]


def class_table(
    known: Description,
    width: int,
    height: int,
    terminal: Terminal,
    chosen: int | None = None,
    first: int = 0,
    palette: Palette = DARK,
) -> Grid:
    """Counts and shares of every class in both splits, and a bar for those to train on."""
    columns = [
        Column("class"),
        Column("train", "right"),
        Column("share", "right"),
        Column("test", "right", keep=60),
        Column("share", "right", keep=50),
        Column("", keep=70),
    ]
    names = distinct(known.classes, LONGEST_NAME, ellipsis=ellipsis_of(terminal))
    figures = {
        split: (
            [count(int(n)) for n in known.counts[split]],
            [percent(float(share)) for share in known.counts[f"{split}_share"]],
        )
        for split in ("train", "test")
    }
    used = max(5, *map(text_width, names))
    for texts in (*figures["train"], *figures["test"]):
        used += max(5, *map(text_width, texts)) + 2
    room = max(width - used - 2, 4)
    counts = [int(n) for n in known.counts["train"]]
    most = max(*counts, 1)
    rows: list[list[str | Cell]] = [
        [
            Cell(name, palette.accent if i == chosen else DEFAULT, i == chosen),
            figures["train"][0][i],
            figures["train"][1][i],
            figures["test"][0][i],
            figures["test"][1][i],
            Cell(bar(counts[i] / most, room, terminal), palette.train),
        ]
        for i, name in enumerate(names)
    ]
    return table(columns, rows, width, height, terminal, first=first, palette=palette)


def place_of(position: int, total: int, browsed: str) -> str:
    """``3 of 1 000, test, class 7``."""
    return f"{count(position)} of {count(total)}, {browsed}"
