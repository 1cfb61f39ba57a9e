"""A network measured on a split of its run, and the report that a run leaves at its end."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cnnlib.events import EpochEnded
from cnnlib.report import Report, evaluate
from cnnlib.runs.files import read_text, write_atomically
from cnnlib.runs.history import RunHistory
from tui.experiment.loading import RunData, load_data, load_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnlib.model import Sequential
    from cnnlib.runs.directory import Run

LONGEST_REPORT = 64 << 20  # bytes


def measure(model: Sequential, splits: RunData, split: str = "test") -> Report:
    """The model measured on one of the splits: train, valid or test.

    Raises:
        RunError: the run has no such split.
        ShapeError: the model is for other images or another number of classes.
    """
    examples = splits.split(split)
    return evaluate(model.predict(examples.images), examples.labels, splits.classes)


def read_report(run: Run) -> Report:
    """The report that the run left at its end.

    Raises:
        RunError: there is none yet, or it is damaged.
    """
    text = read_text(run.report_path, LONGEST_REPORT)
    return Report.from_json(text, where=str(run.report_path))


def report_of(run: Run, splits: RunData | None = None, model: Sequential | None = None) -> Report:
    """The report of the run, or while there is none, its best model measured on the test split."""
    if run.report_path.exists():
        return read_report(run)
    return measure(model or load_model(run), splits or load_data(run))


def settings_of(description: Mapping[str, Any]) -> dict[str, Any]:
    """What repeats a run, and what was found of its data and its network, by name."""
    return {
        name: value
        for table in ("data", "model", "training")
        for name, value in description.get(table, {}).items()
        if name not in ("source", "classes", "input_shape") and value != ""
    }


def epoch_rows(history: RunHistory) -> list[dict[str, Any]]:
    """The epochs as dictionaries with the names of EpochEnded; of one told twice the later.

    A trainer writes them at its end, and loads no pandas for that.
    """
    ended = (record.event for record in history.records)
    told = {event.epoch: asdict(event) for event in ended if isinstance(event, EpochEnded)}
    return [told[epoch] for epoch in sorted(told)]


def write_report(run: Run, report: Report) -> None:
    """Leave report.json and report.md in the directory of the run.

    Raises:
        RunError: they cannot be written.
    """
    page = report.to_markdown(
        title=f"Evaluation of {run.id}",
        command=f"cnn-tui train --config {run.description_path.name}",  # it stands beside
        settings=settings_of(run.description()),
        epochs=epoch_rows(RunHistory.read(run)),
        figures={
            name: os.path.relpath(run.figures / f"{name}.png", run.path)
            for name in ("curves", "confusion", "mistakes")
            if (run.figures / f"{name}.png").exists()
        },
    )
    write_atomically(run.report_path, report.to_json())
    write_atomically(run.report_markdown_path, page)
