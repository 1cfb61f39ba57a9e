"""The list of mistakes: its orders, and the CSV file that it is exported to."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnlib.explain import MNIST_TEST_ERRORS, LabelError
from cnnlib.report import Mistake
from cnnlib.runs import Run
from cnnlib.runs.files import write_atomically
from tui.mistakes.notes import Note

ORDERS = ("loss", "confidence", "class pair", "true class", "predicted class", "number")
LABEL_ERRORS: Mapping[int, LabelError] = {error.index: error for error in MNIST_TEST_ERRORS}


def ordered(mistakes: Sequence[Mistake], order: int, *, backwards: bool = False) -> list[Mistake]:
    """Mistakes in one of the orders; ``class pair``: the pair that is confused most first."""
    pairs = Counter((m.label, m.predicted) for m in mistakes)
    keys: tuple[Callable[[Mistake], Any], ...] = (
        lambda m: -m.loss,
        lambda m: -m.confidence,
        lambda m: (-pairs[m.label, m.predicted], m.label, m.predicted, -m.loss),
        lambda m: (m.label, m.predicted, -m.loss),
        lambda m: (m.predicted, m.label, -m.loss),
        lambda m: m.index,
    )
    return sorted(mistakes, key=keys[order], reverse=backwards)


def label_error_words(error: LabelError, names: Sequence[str]) -> str:
    """What people who were asked say about a wrong label."""
    given, guess, neither = error.votes
    seen = f"{given} say {names[error.given]}, {guess} say {names[error.guess]}"
    return f"label error: {seen}, {neither} neither"


def as_csv(
    mistakes: Sequence[Mistake],
    classes: Sequence[str],
    note_of: Callable[[int], Note],
    errors: Mapping[int, LabelError],
) -> str:
    """A row a mistake: number, classes, confidence, loss, what is noted, all probabilities."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["index", "true", "predicted", "confidence", "loss", "label_error", "marked", "tags"]
    writer.writerow([*head, "note", *(f"p({name})" for name in classes)])
    for m in mistakes:
        note, error = note_of(m.index), errors.get(m.index)
        writer.writerow(
            [
                m.index,
                classes[m.label],
                classes[m.predicted],
                m.confidence,
                m.loss,
                error.verdict if error is not None else "",
                int(note.marked),
                " ".join(note.tags),
                note.text,
                *m.probabilities,
            ]
        )
    return text.getvalue()


def export_mistakes(run: Run, text: str) -> Path:
    """Write the list into the exports of the run, under a name that says what it is.

    Raises:
        RunError: it cannot be written.
    """
    path = run.folder("exports") / "mistakes.csv"
    write_atomically(path, text)
    return path
