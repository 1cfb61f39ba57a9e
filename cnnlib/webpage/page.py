"""The page of a run: the score first, then where it fails, how it works, and how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlib.figures.curves import Table
from cnnlib.layers.base import show
from cnnlib.markdown import percent
from cnnlib.model import LayerRow
from cnnlib.report import Report
from cnnlib.webpage.pictures import coloured, picture
from cnnlib.webpage.scores import classes, confidence, confusion
from cnnlib.webpage.tables import pairs, rows_of
from cnnlib.webpage.training import curves, epoch_table

MOST_MAPS = 32  # of a layer
WORST = 30  # mistakes


class LayerMaps(NamedTuple):
    """What a layer makes of an image: its name, its text and its maps, (F, H, W)."""

    name: str
    text: str
    maps: NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Story:
    """What the page tells beside the report; a part that is empty is left out.

    Attributes:
        title: the name of the run.
        summary: a line under it: what was trained, on what, when.
        facts: short words for the tiles at the top.
        steps, epochs: tables with the columns of StepEnded and EpochEnded.
        smoothing: of the labels, in the training loss.
        layers: the network.
        mistakes: images of the report's mistakes in their order, (n, C, H, W), at least the first.
        image, caption: one image (C, H, W), and what it is.
        maps: what the layers make of it.
        commands: the commands that repeat the run, with their purpose.
        settings, data, versions: by name.
    """

    title: str
    summary: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    steps: Table = field(default_factory=dict[str, Any])
    epochs: Table = field(default_factory=dict[str, Any])
    smoothing: float = 0.0
    layers: Sequence[LayerRow] = ()
    mistakes: Sequence[NDArray[Any]] = ()
    image: NDArray[Any] | None = None
    caption: str = ""
    maps: Sequence[LayerMaps] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, object] = field(default_factory=dict)


def web_page(report: Report, story: Story) -> str:
    """The page, complete: HTML in UTF-8 that asks for nothing else.

    Args:
        report: the evaluation.
        story: everything else.
    """
    style = files("cnnlib.webpage").joinpath("style.css").read_text(encoding="utf-8")
    parts = [
        _head(report, story),
        curves(story.steps, story.epochs, story.smoothing),
        epoch_table(story.epochs),
        "<h2>Confusion matrix</h2>",
        confusion(report),
        '<div class="two"><section><h2>Classes</h2>',
        classes(report),
        "</section><section><h2>Confidence</h2>",
        confidence(report),
        "</section></div>",
        _mistakes(report, story.mistakes),
        _maps(story),
        _network(story.layers),
        _repeat(story),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(story.title)}</title><style>\n{style}</style></head>\n"
        f"<body><main>\n{chr(10).join(part for part in parts if part)}\n</main></body></html>\n"
    )


def _head(report: Report, story: Story) -> str:
    scores = report.scores
    low, high = scores.accuracy_interval
    top = ", ".join(f"{percent(share)} in the top {k}" for k, share in report.top_k.items())
    facts = {
        "mistakes": f"{report.mistakes_total:,}",
        "loss": f"{report.loss:.4f}",
        **story.facts,
    }
    tiles = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
    )
    return (
        f"<header><h1>{escape(story.title)}</h1>"
        + (f'<p class="quiet">{escape(story.summary)}</p>' if story.summary else "")
        + f'<div class="score"><b>{percent(scores.accuracy)}</b>'
        f"<span>of {scores.examples:,} examples are right"
        f"<br><small>with 95 % confidence between {percent(low)} and {percent(high)}"
        + (f"; the right class is {top}" if top else "")
        + f'</small></span></div><dl class="facts">{tiles}</dl></header>'
    )


def _mistakes(report: Report, images: Sequence[NDArray[Any]]) -> str:
    shown = list(zip(report.mistakes[:WORST], images, strict=False))
    if not shown:
        return ""
    cards = []
    for mistake, image in shown:
        names = report.classes
        truth, taken = names[mistake.label], names[mistake.predicted]
        ranked = np.argsort(-np.asarray(mistake.probabilities), kind="stable")[:3].tolist()
        if mistake.label not in ranked:
            ranked[-1:] = [mistake.label]
        bars = "".join(
            f"<span>{escape(names[k])}</span>"
            f'<i class="{"truth" if k == mistake.label else "taken"}" '
            f'style="width:{100 * mistake.probabilities[k]:.1f}%"></i>'
            for k in ranked
        )
        words = f"example {mistake.index}: {truth}, taken for {taken}"
        cards.append(
            f'<figure class="card">{picture(image, words, 76)}<figcaption>'
            f"<strong>{escape(truth)} → {escape(taken)}</strong><br>#{mistake.index}, "
            f"{percent(mistake.confidence, 0)}"
            f'<span class="probabilities">{bars}</span></figcaption></figure>'
        )
    return (
        "<h2>Worst mistakes</h2>"
        f'<p class="quiet">The {len(cards)} costliest of {report.mistakes_total:,}, by loss: truth '
        "→ prediction. Bars are probabilities; that of the truth is green.</p>"
        f'<div class="gallery">{"".join(cards)}</div>'
    )


def _maps(story: Story) -> str:
    if story.image is None or not story.maps:
        return ""
    parts = [
        "<h2>Feature maps</h2>",
        f'<p class="quiet">What the convolutions make of one image, {escape(story.caption)}. The '
        "maps of a layer share one scale of colours.</p>",
        picture(story.image, story.caption, 112),
    ]
    for name, text, maps in story.maps:
        shown = maps[:MOST_MAPS]
        words = [f"{name}, map {number}" for number in range(len(shown))]
        some = f", the first {len(shown)}" if len(shown) < len(maps) else ""
        parts.append(
            f"<h3>{escape(name)} <small>{escape(text)}: {show(maps.shape)}{some}</small></h3>"
            f'<div class="maps">{"".join(coloured(shown, words))}</div>'
        )
    return "".join(parts)


def _network(layers: Sequence[LayerRow]) -> str:
    if not layers:
        return ""
    rows = [
        [
            row.name,
            row.text,
            show(row.output_shape),
            f"{row.parameters:,}",
            f"{row.multiply_adds:,}",
        ]
        for row in layers
    ]
    sums = (sum(row.parameters for row in layers), sum(row.multiply_adds for row in layers))
    rows.append(["", "all layers", "", *(f"{number:,}" for number in sums)])
    header = ["name", "layer", "output", "parameters", "multiply-adds"]
    return f"<h2>Network</h2>{rows_of(header, rows, words=3)}"


def _repeat(story: Story) -> str:
    parts = []
    if story.commands:
        parts.append("<h2>Repeat it</h2>")
        parts += [
            f"<p>{escape(purpose)}</p><pre>{escape(command)}</pre>"
            for purpose, command in story.commands.items()
        ]
    tables = [("Settings", story.settings), ("Data", story.data), ("Made with", story.versions)]
    sections = [
        f"<section><h2>{name}</h2>{pairs(table)}</section>" for name, table in tables if table
    ]
    if sections:
        parts.append(f'<div class="two">{"".join(sections)}</div>')
    return "".join(parts)
