"""A report as a page of Markdown: the score first, then where it fails, then how to repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cnnlib.report import Report

WIDEST_MATRIX = 30  # more classes than this make a table that nobody can read

EPOCH_COLUMNS = {
    "epoch": "epoch",
    "train_loss": "training loss",
    "train_accuracy": "training accuracy",
    "valid_loss": "validation loss",
    "valid_accuracy": "validation accuracy",
    "learning_rate": "learning rate",
}


def table(header: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """A table with aligned columns.

    Args:
        header: the names of the columns.
        rows: the cells, shown by ``str``; a ``|`` in them is escaped.
        left: how many columns, from the left, hold words; the others hold numbers.

    >>> print(table(["class", "recall"], [["0", "98.1 %"]]))
    | class | recall |
    | :---- | -----: |
    | 0     | 98.1 % |
    """
    cells = [[_cell(c) for c in row] for row in [header, *rows]]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(header))]
    rule = [":" + "-" * (w - 1) if i < left else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    lines = [
        [
            c.ljust(w) if i < left else c.rjust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        for row in cells
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]])


def percent(share: float, digits: int = 2) -> str:
    """0.9912 as ``99.12 %``."""
    return f"{100 * share:.{digits}f} %"


def report_page(
    report: Report,
    *,
    title: str,
    command: str,
    settings: Mapping[str, object],
    versions: Mapping[str, object],
    epochs: Sequence[Mapping[str, object]],
    figures: Mapping[str, str],
    worst: int,
) -> str:
    """The page; the arguments are those of ``Report.to_markdown``."""
    parts = [f"# {_line(title)}", _summary(report)]
    if command:
        parts += ["## Repeat it", _block(command, "sh")]
    parts += _settings(settings)
    if versions:
        parts += ["## Made with", table(["what", "version"], versions.items(), left=2)]
    if epochs:
        parts += ["## Epochs", _epochs(epochs)]
    parts += ["## Classes", _classes(report), *_confusion(report)]
    parts += ["## Confidence", _confidence(report), "## Worst mistakes", _mistakes(report, worst)]
    if figures:
        parts += ["## Figures", *(f"![{_line(name)}](<{path}>)" for name, path in figures.items())]
    return "\n\n".join(parts) + "\n"


def _summary(report: Report) -> str:
    scores = report.scores
    low, high = scores.accuracy_interval
    lines = [
        f"**{percent(scores.accuracy)} accuracy** on {scores.examples:,} examples "
        f"({report.mistakes_total:,} mistakes), loss {report.loss:.4f}.",
        f"With 95 % confidence the true accuracy lies between {percent(low)} and {percent(high)}.",
    ]
    if report.top_k:
        shares = ", ".join(f"{percent(v)} in the top {k}" for k, v in report.top_k.items())
        lines.append(f"The right class is {shares}.")
    return "\n".join(lines)


def _settings(settings: Mapping[str, object]) -> list[str]:
    if not settings:
        return []
    short = {k: v for k, v in settings.items() if "\n" not in str(v).strip()}
    parts = ["## Settings"]
    if short:
        parts.append(table(["setting", "value"], short.items(), left=2))
    for name, value in settings.items():
        if name not in short:
            parts += [f"{_line(name)}:", _block(str(value))]
    return parts


def _epochs(epochs: Sequence[Mapping[str, object]]) -> str:
    keys = [k for k in EPOCH_COLUMNS if any(_known(row.get(k)) for row in epochs)]
    header = [EPOCH_COLUMNS[k] for k in keys]
    rows = [[_epoch_cell(k, row.get(k)) for k in keys] for row in epochs]
    if any(row.get("is_best") for row in epochs):
        header.append("")
        for cells, row in zip(rows, epochs, strict=True):
            cells.append("best" if row.get("is_best") else "")
    return table(header, rows, left=0)


def _epoch_cell(key: str, value: object) -> str:
    if not _known(value):
        return "–"
    if not isinstance(value, (int, float, np.number)):
        return str(value)
    if key.endswith("accuracy"):
        return percent(float(value))
    return f"{value:.4f}" if key.endswith("loss") else f"{value:.4g}"


def _known(value: object) -> bool:
    return value is not None and value == value  # NaN, which pandas writes for None, is not itself


def _classes(report: Report) -> str:
    scores = report.scores
    rows: list[list[object]] = [
        [name, percent(p), percent(r), percent(f), f"{n:,}"]
        for name, p, r, f, n in zip(
            report.classes, scores.precision, scores.recall, scores.f1, scores.support, strict=True
        )
    ]
    for name, mean in (("macro average", scores.macro), ("weighted average", scores.weighted)):
        values = (mean.precision, mean.recall, mean.f1)
        rows.append([f"*{name}*", *(percent(v) for v in values), f"{scores.examples:,}"])
    return table(["class", "precision", "recall", "F1", "support"], rows)


def _confusion(report: Report) -> list[str]:
    names, counts = report.classes, report.confusion
    parts = ["## Confusion matrix"]
    if len(names) <= WIDEST_MATRIX:
        parts.append("Rows: the truth. Columns: the prediction. Bold: right.")
        rows = [
            [name, *(f"**{c}**" if i == j else c or "·" for j, c in enumerate(counts[i].tolist()))]
            for i, name in enumerate(names)
        ]
        parts.append(table(["truth", *names], rows))
    errors = counts - np.diag(counts.diagonal())
    pairs = [divmod(int(p), len(names)) for p in np.argsort(-errors, axis=None, kind="stable")[:10]]
    rows = [
        [names[i], names[j], f"{errors[i, j]}", percent(errors[i, j] / counts[i].sum())]
        for i, j in pairs
        if errors[i, j]
    ]
    if rows:
        header = ["truth", "taken for", "examples", "of the class"]
        parts += ["The most frequent confusions:", table(header, rows, left=2)]
    return parts


def _confidence(report: Report) -> str:
    cal = report.calibration
    text = (
        f"Confidence and accuracy differ by {percent(cal.error)} on average "
        "(expected calibration error)."
    )
    rows = [
        [f"{percent(low, 0)} to {percent(high, 0)}", f"{n:,}", percent(sure), percent(right)]
        for low, high, n, sure, right in zip(
            cal.edges[:-1], cal.edges[1:], cal.counts, cal.confidence, cal.accuracy, strict=True
        )
        if n
    ]
    header = ["confidence", "examples", "mean confidence", "accuracy"]
    return text + "\n\n" + table(header, rows) if rows else text


def _mistakes(report: Report, worst: int) -> str:
    shown = report.mistakes[:worst]
    if not shown:
        return f"{report.mistakes_total:,} mistakes; none is listed."
    names = report.classes
    rows = [
        [
            names[m.label],
            names[m.predicted],
            f"{m.index}",
            percent(m.confidence),
            percent(m.probabilities[m.label]),
            f"{m.loss:.3f}",
        ]
        for m in shown
    ]
    header = ["truth", "predicted", "example", "confidence", "probability of the truth", "loss"]
    text = f"The {len(shown)} costliest of {report.mistakes_total:,}, by loss."
    return text + "\n\n" + table(header, rows, left=2)


def _line(text: str) -> str:
    return " ".join(str(text).split())


def _cell(value: object) -> str:
    return _line(str(value)).replace("|", "\\|")


def _block(text: str, language: str = "") -> str:
    return f"```{language}\n{text.strip()}\n```"
