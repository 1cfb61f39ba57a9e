"""Two runs beside each other: where their settings differ, their results, and their epochs."""

from __future__ import annotations

import difflib
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlib.runs.directory import summary
from cnnlib.runs.history import RunHistory
from tui.cli.tables import in_one_line, print_table, readable
from tui.experiment.evaluation import epoch_rows

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

Differences = dict[str, list[Any]]
Course = list[dict[str, Any]]

ARCHITECTURE = "model.architecture"
RESULTS = ("state", "epoch", "valid_accuracy", "test_accuracy", "seconds")
HEADS = {"train_loss": "loss", "valid_loss": "valid loss", "valid_accuracy": "valid acc"}
MOST_EPOCHS = 20
"""Of which a person is told."""


def differences(first: Run, second: Run) -> Differences:
    """The settings and results of which the runs have different ones, by name."""
    one, other = _told(first), _told(second)
    return {
        name: [one.get(name), other.get(name)]
        for name in one | other
        if one.get(name) != other.get(name)
    }


def _told(run: Run) -> dict[str, Any]:
    """Settings and results of a run in one table."""
    description, found = run.description(), summary(run)
    settings = {
        f"{table}.{name}": value
        for table in ("data", "model", "training")
        for name, value in description.get(table, {}).items()
    }
    return settings | {name: getattr(found, name) for name in RESULTS}


def course(run: Run) -> Course:
    """What the journal says of each epoch."""
    return [
        {name: value if _is_finite(value) else None for name, value in row.items()}
        for row in epoch_rows(RunHistory.read(run))
    ]


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def draw(first: Run, second: Run, out: Path) -> None:
    """Both courses over each other, in a file.

    Raises:
        SpecificationError: the ending of the file is no format.
        RunError: it could not be written.
    """
    from cnnlib.figures.compare import overlay
    from cnnlib.figures.files import check_format, save

    check_format(out.suffix.lstrip(".") or "none")
    epochs = {run.id: RunHistory.read(run).epochs() for run in (first, second)}
    save(overlay(epochs), out)


def print_comparison(differences: Differences, courses: Sequence[Course]) -> None:
    """What differs, and some of the epochs side by side, as wide as the terminal."""
    width = shutil.get_terminal_size().columns
    room = width - max(map(len, differences), default=0) - 4
    print_table(
        ("", "A", "B"),
        [
            (name, *(_cut(readable(name, value), max(room // 2, 8)) for value in pair))
            for name, pair in differences.items()
            if name != ARCHITECTURE
        ],
    )
    for line in _changed_layers(*differences.get(ARCHITECTURE, ("", ""))):
        print(line)
    print()
    known = [{row["epoch"]: row for row in course} for course in courses]
    epochs = sorted(known[0].keys() | known[1].keys())
    apart = max(math.ceil(len(epochs) / MOST_EPOCHS), 1)
    for names in _side_by_side(width):
        print_table(
            ("epoch", *(f"{HEADS[name]} {letter}" for name in names for letter in "AB")),
            [
                (epoch, *(_number(r.get(epoch, {}).get(name)) for name in names for r in known))
                for epoch in reversed(epochs[::-apart])
            ],
        )
    if apart > 1:
        print(f"one epoch in {apart}; --json tells all {len(epochs)}")


def _side_by_side(columns: int) -> list[list[str]]:
    """What is told of the epochs, as much in one table as stands beside each other."""
    tables: list[list[str]] = [[]]
    room = columns - len("epoch")
    for name, head in HEADS.items():
        width = 2 * (len(head) + 4)  # two letters and what parts them
        if tables[-1] and width > room:
            tables.append([])
            room = columns - len("epoch")
        tables[-1].append(name)
        room -= width
    return tables


def _cut(text: str, widest: int) -> str:
    """A text as a cell of a table."""
    line = in_one_line(text)
    return line if len(line) <= widest else line[: widest - 3] + "..."


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _changed_layers(first: str | None, second: str | None) -> Iterator[str]:
    """Where two networks differ, layer by layer."""
    told = list(difflib.ndiff((first or "").splitlines(), (second or "").splitlines()))
    if told and first != second:
        yield "\nnetworks (- A, + B):"
        yield from (line.rstrip() for line in told if not line.startswith("?"))
