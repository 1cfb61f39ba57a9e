"""What came of a training: evaluate, figures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui.cli.asking import evaluate_now
from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Data, Json, Runs, RunWords, Which, find_run, print_json
from tui.experiment.launching import one_thread_each

if TYPE_CHECKING:
    from cnnlib.report import Report

SPLITS = ("train", "valid", "test")


def evaluate(
    run: RunWords,
    data: Data = None,
    split: Annotated[
        str, typer.Option(metavar="train|valid|test", help="Which images to measure on.")
    ] = "test",
    which: Which = "best",
    now: Annotated[
        bool,
        typer.Option("--now", help="Let the trainer at work try it on its validation images."),
    ] = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Measure the network of a run: accuracy, confusion, precision, recall and F1 of each class."""
    one_thread_each(os.environ)
    from cnnlib.errors import SpecificationError
    from tui.experiment.evaluation import measure
    from tui.experiment.loading import load_data, load_model, other_data

    if split not in SPLITS:
        raise SpecificationError("split", expected="train, valid or test", received=repr(split))
    found = find_run(run, runs)
    if now:
        if data is not None or (split, which) != ("test", "best"):
            raise SpecificationError(
                "evaluate --now",
                expected="no --data, --split or --which: the trainer takes what it holds",
                received="one of them",
            )
        return evaluate_now(found, as_json)
    splits = load_data(found) if data is None else other_data(found, data)
    report = measure(load_model(found, which), splits, split)
    if as_json:
        print_json(report.to_dict() | {"run": found.id, "split": split, "which": which})
    else:
        _print_report(
            report, f"{found.id}, {which} weights, {split} images of {splits.dataset.title}"
        )
    return DONE


def figures(
    run: RunWords,
    only: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Some of: curves,confusion,feature-maps,filters,mistakes,report.",
        ),
    ] = "",
    format: Annotated[str, typer.Option(metavar="png|svg|pdf", help="Kind of file.")] = "png",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to; RUN/figures by default.")
    ] = None,
    sample: Annotated[
        int, typer.Option(metavar="N", help="The test image of the feature maps.")
    ] = 0,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Draw figures of a run into files and print their paths."""
    one_thread_each(os.environ)
    from tui.reports.figures import export_figures

    names = [name.strip() for name in only.split(",") if name.strip()]
    paths = []
    for path in export_figures(
        find_run(run, runs), only=names, format=format, folder=out, sample=sample
    ):
        paths.append(str(path))
        if not as_json:
            print(path, flush=True)
    if as_json:
        print_json(paths)
    return DONE


def _print_report(report: Report, title: str) -> None:
    from tui.cli.tables import percent, print_table

    scores = report.scores
    low, high = scores.accuracy_interval
    print(title)
    print(
        f"accuracy {scores.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}), "
        f"loss {report.loss:.4f}, {scores.examples:,} images"
    )
    print()
    columns = (scores.precision, scores.recall, scores.f1)
    rows = [
        (name, *(percent(float(column[place])) for column in columns), int(scores.support[place]))
        for place, name in enumerate(report.classes)
    ]
    for name, mean in (("macro", scores.macro), ("weighted", scores.weighted)):
        rows.append(
            (
                name,
                percent(mean.precision),
                percent(mean.recall),
                percent(mean.f1),
                scores.examples,
            )
        )
    print_table(("class", "precision", "recall", "f1", "images"), rows)
    print()
    print_table(
        ("truth", *report.classes),
        [(name, *counts) for name, counts in zip(report.classes, report.confusion, strict=True)],
    )
