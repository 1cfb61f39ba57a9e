"""Where a network is right and where it is wrong: matrix, classes, confidence."""

from __future__ import annotations

from html import escape

import numpy as np

from cnnlib.markdown import percent
from cnnlib.report import Report
from cnnlib.webpage.charts import Axis, Line, chart
from cnnlib.webpage.tables import rows_of

WIDEST = 50  # classes that a matrix shows
PAIRS = 8  # confusions that are listed


def confusion(report: Report) -> str:
    """The counts, coloured by their share of the row, and the most frequent confusions."""
    names, counts = report.classes, report.confusion
    parts = []
    if len(names) <= WIDEST:
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        body = "".join(
            f"<tr><th>{escape(name)}</th>{_row(i, counts[i].tolist(), shares[i].tolist())}</tr>"
            for i, name in enumerate(names)
        )
        parts.append(
            '<div class="scroll"><table class="confusion"><caption>Rows: the truth. Columns: the '
            f"prediction.</caption><thead><tr><th></th>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table></div>"
        )
    errors = counts - np.diag(counts.diagonal())
    order = np.argsort(-errors, axis=None, kind="stable")[:PAIRS]
    rows = [
        [names[i], names[j], f"{errors[i, j]}", percent(errors[i, j] / counts[i].sum())]
        for i, j in (divmod(int(place), len(names)) for place in order)
        if errors[i, j]
    ]
    if rows:
        header = ["truth", "taken for", "examples", "of the class"]
        parts.append(f"<h3>Most frequent confusions</h3>{rows_of(header, rows, words=2)}")
    inside = "".join(f"<section>{part}</section>" for part in parts)
    return f'<div class="beside">{inside}</div>'


def _row(truth: int, counts: list[int], shares: list[float]) -> str:
    cells = []
    for place, (count, share) in enumerate(zip(counts, shares, strict=True)):
        look, depth = ("right", 0.5 * share) if place == truth else ("wrong", _shade(share))
        colour = f"background:rgba(var(--{look}),{depth:.3f})"
        cell = f'<td class="{look}" style="{colour}">{count}</td>'
        cells.append(cell if count else '<td class="quiet">·</td>')
    return "".join(cells)


def _shade(share: float) -> float:
    """How dark a share of a class is drawn: a few mistakes are to be seen."""
    return float(0.15 + 0.75 * share**0.5)


def classes(report: Report) -> str:
    """Precision, recall and F1 of every class, and their means."""
    scores = report.scores
    rows = [
        _scores(name, (precision, recall, f1), int(support))
        for name, precision, recall, f1, support in zip(
            report.classes, scores.precision, scores.recall, scores.f1, scores.support, strict=True
        )
    ]
    for name, mean in (("macro average", scores.macro), ("weighted average", scores.weighted)):
        rows.append(_scores(name, (mean.precision, mean.recall, mean.f1), scores.examples))
    return rows_of(["class", "precision", "recall", "F1", "examples"], rows)


def _scores(name: str, values: tuple[float, ...], support: int) -> list[str]:
    return [name, *(percent(float(value)) for value in values), f"{support:,}"]


def confidence(report: Report) -> str:
    """How often the network is right, by how sure it is."""
    cal = report.calibration
    there = cal.counts > 0
    words = (
        f"Confidence and accuracy differ by {percent(cal.error)} on average (expected calibration "
        "error). On the dashed line a network is as often right as it is sure."
    )
    if not there.any():
        return f'<p class="quiet">{words}</p>'
    ends = np.array([0.0, 1.0])
    lines = [
        Line("as sure as right", "even", ends, ends),
        Line("the network", "train", cal.confidence[there], cal.accuracy[there], dots=True),
    ]
    axes = [Axis(0.0, 1.0, "confidence", lambda v: percent(v, 0))] * 2
    return f'<p class="quiet">{words}</p><figure>{chart(lines, axes[0], axes[1], words)}</figure>'
