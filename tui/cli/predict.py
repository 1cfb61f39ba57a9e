"""Naming the class of pictures: one, a folder of them, or the rows of a file, as Kaggle asks."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, Which, find_run, print_json
from tui.experiment.launching import one_thread_each

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnlib.model import Sequential


def predict(
    run: RunWords,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Pictures, folders of pictures, or CSV, IDX or NPZ files."
        ),
    ],
    resize: Annotated[
        bool, typer.Option("--resize", help="Bring pictures to the size of the training images.")
    ] = False,
    which: Which = "best",
    submission: Annotated[
        Path | None,
        typer.Option(metavar="OUT.CSV", help="Write ImageId,Label as Kaggle asks for."),
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Name the class of each picture.

    Pictures should look like the training images: those of MNIST are bright on dark. Colours are
    made gray, or gray is made of three equal colours, as the network takes them.
    """
    one_thread_each(os.environ)
    from tui.experiment.loading import class_names, load_model

    found = find_run(run, runs)
    model, classes = load_model(found, which), class_names(found)
    named: list[str] = []
    rows: list[dict[str, Any]] = []
    for places, probabilities in _predictions(model, files, resize):
        best = [classes[place] for place in probabilities.argmax(axis=1)]
        named += best
        if submission is None or as_json:
            rows += [
                {
                    "file": file,
                    "index": index,
                    "predicted": name,
                    "confidence": float(row.max()),
                    "probabilities": dict(zip(classes, row.tolist(), strict=True)),
                }
                for (file, index), name, row in zip(places, best, probabilities, strict=True)
            ]
    if submission is not None:
        _submit(submission, named)
    if as_json:
        print_json(rows)
    elif submission is not None:
        print(f"{len(named)} prediction{'' if len(named) == 1 else 's'} in {submission}")
    else:
        _print(rows)
    return DONE


def _predictions(
    model: Sequential, files: list[Path], resize: bool
) -> Iterator[tuple[list[tuple[str, int]], NDArray[np.floating[Any]]]]:
    """Which images, by file and number in it, and the probabilities of the classes."""
    from data import progress_bar, read_inputs

    channels, height, width = model.input_shape
    shape = (channels, height, width)
    with progress_bar() as progress:
        for path in files:
            for inputs in read_inputs(path, shape, resize=resize, progress=progress):
                yield inputs.places, model.predict(inputs.images)


def _submit(path: Path, named: list[str]) -> None:
    """Kaggle's file: a header, then the number of each image from 1 and its label."""
    from cnnlib.runs.files import write_atomically

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("ImageId", "Label"))
    writer.writerows(enumerate(named, 1))
    write_atomically(path, text.getvalue())


def _print(rows: list[dict[str, Any]]) -> None:
    from tui.cli.tables import percent, print_table

    print_table(
        ("file", "image", "class", "confidence"),
        [(row["file"], row["index"], row["predicted"], percent(row["confidence"])) for row in rows],
    )
