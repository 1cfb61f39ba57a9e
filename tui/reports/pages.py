"""The report of a run as a page for people: one HTML file, or Markdown with its figures."""

from __future__ import annotations

import datetime
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnlib import figures
from cnnlib.errors import RunError, SpecificationError
from cnnlib.runs.files import write_atomically
from cnnlib.runs.history import RunHistory
from cnnlib.webpage import LayerMaps, Story, web_page
from tui.experiment.evaluation import epoch_rows, settings_of
from tui.experiment.loading import label_smoothing
from tui.reports.figures import Drawing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnlib.runs.directory import Run

FORMATS = ("html", "md")
FIGURES = ("curves", "confusion", "mistakes", "feature_maps")  # of the Markdown page
_DATA = ("title", "source", "sha256", "train", "valid", "test", "validation", "split_seed")


def write_page(run: Run, path: Path, sample: int = 0) -> list[Path]:
    """Write the page of a run; the end of the name, .html or .md, says which.

    The figures of the Markdown page go into a folder beside it, called after it, or into that of
    the run; HTML needs none.

    Args:
        run: the run; while it has no report, its best network is measured.
        path: the file; folders on the way are made.
        sample: which test image the feature maps are of.

    Returns:
        What was written, the page first.

    Raises:
        SpecificationError: another kind of file, or no such image.
        RunError, CheckpointError, DataError: the run has not what the page needs.
        OSError: the folder cannot be written.
    """
    kind = path.suffix.removeprefix(".")
    if kind not in FORMATS:
        raise SpecificationError(
            "report", expected=f"a file called .{' or .'.join(FORMATS)}", received=path.name
        )
    drawing = Drawing(run, sample)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "html":
        write_atomically(path, web_page(drawing.report, story(drawing)))
        return [path]
    inside = path.parent.resolve() == run.path.resolve()
    folder = run.figures if inside else path.parent / f"{path.stem}-figures"
    pictures = _figures(drawing, folder)
    shown = {name: os.path.relpath(picture, path.parent) for name, picture in pictures.items()}
    page = drawing.report.to_markdown(
        title=f"Report of {run.id}",
        command="\n".join(f"# {purpose}\n{words}" for purpose, words in _commands(run).items()),
        settings=settings_of(run.description()),
        versions=_versions(run),
        epochs=epoch_rows(RunHistory.read(run)),
        figures=shown,
    )
    write_atomically(path, page)
    return [path, *pictures.values()]


def story(drawing: Drawing) -> Story:
    """All that the web page tells beside the report."""
    run, model, data = drawing.run, drawing.model, drawing.data
    description, history = run.description(), RunHistory.read(run)
    state, test = history.state, data.test
    if not 0 <= drawing.sample < len(test):
        raise SpecificationError(
            "sample", expected=f"a number from 0 to {len(test) - 1}", received=f"{drawing.sample}"
        )
    image = test.images[drawing.sample]
    activations = dict(model.activations(image))
    rows = {row.name: row for row in model.summary()}
    wrong = [mistake.index for mistake in drawing.report.mistakes[:50]]
    if wrong and max(wrong) >= len(test):
        raise RunError(
            str(run.report_path), expected=f"examples below {len(test)}", received=f"{max(wrong)}"
        )
    about = {name: description["data"].get(name, "") for name in ("name", *_DATA)}
    shown = {*about, "architecture", "parameters", "multiply_adds"}
    return Story(
        title=run.id,
        summary=_summary(run, data.dataset.title),
        facts={
            "parameters": f"{sum(row.parameters for row in rows.values()):,}",
            "multiply-adds": f"{sum(row.multiply_adds for row in rows.values()):,}",
            "epochs": f"{state.epoch} of {state.epochs}",
            "best epoch": "–" if state.best_epoch is None else f"{state.best_epoch}",
            "training": _duration(state.seconds),
        },
        steps=history.steps(),
        epochs=history.epochs(),
        smoothing=label_smoothing(run),
        layers=list(rows.values()),
        mistakes=list(test.images[wrong]) if wrong else (),
        image=image,
        caption=f"test image {drawing.sample}, "
        f"of class {data.classes[int(test.labels[drawing.sample])]}",
        maps=[
            LayerMaps(name, rows[name].text, np.asarray(activations[name]))
            for name, layer in zip(model.names, model.layers, strict=True)
            if layer.kind == "conv"
        ],
        commands=_commands(run),
        settings={k: v for k, v in settings_of(description).items() if k not in shown},
        data={name: value for name, value in about.items() if value != ""},
        versions=_versions(run),
    )


def _summary(run: Run, title: str) -> str:
    description = run.description()
    name = description.get("model", {}).get("name", "a network")
    created = str(description["run"].get("created", ""))
    try:
        day = f", {datetime.datetime.fromisoformat(created):%d %B %Y at %H:%M}"
    except ValueError:
        day = ""
    note = str(description["run"].get("note", ""))
    return f"{name} on {title}{day}" + (f". {note}" if note else "")


def _commands(run: Run) -> dict[str, str]:
    asked = str(run.description()["run"].get("command", ""))
    again = shlex.join(["cnn-tui", "train", "--config", str(run.description_path)])
    found = {"The same training again, with every setting as it was:": again}
    return ({"It was asked for by:": asked} if asked else {}) | found


def _versions(run: Run) -> Mapping[str, Any]:
    described = run.description()["run"]
    versions = dict(described.get("versions", {}))
    return versions | ({"git commit": described["git"]} if "git" in described else {})


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _figures(drawing: Drawing, folder: Path) -> dict[str, Path]:
    made = {}
    for kind in FIGURES:
        for name, figure in getattr(drawing, kind)():
            made[name.replace("-", " ")] = figures.save(figure, folder / f"{name}.png")
    return made
