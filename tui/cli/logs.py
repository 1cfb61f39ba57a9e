"""What a run has recorded, for other tools: CSV, TensorBoard, MLflow."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, find_run, print_json
from tui.experiment.launching import one_thread_each

TARGETS = ("csv", "tensorboard", "mlflow")


def logs(
    run: RunWords,
    to: Annotated[
        str, typer.Option("--to", metavar="csv|tensorboard|mlflow", help="For whom to write them.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to; RUN/logs by default.")
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Write the history of a run as CSV files, as events of TensorBoard, or into MLflow.

    CSV is a row for each step, epoch and evaluation. TensorBoard gets scalars, histograms of the
    weights, images and hyper-parameters; MLflow gets parameters, metrics and artifacts, in
    DIR/mlflow.db, or where MLFLOW_TRACKING_URI says when no DIR is given.
    """
    one_thread_each(os.environ)
    from cnnlib.errors import SpecificationError

    if to not in TARGETS:
        raise SpecificationError("logs --to", expected=" or ".join(TARGETS), received=repr(to))
    found = find_run(run, runs)
    if to == "mlflow":
        from tui.logs import mlflow

        logged = mlflow.write(found, out)
        if as_json:
            print_json({"uri": logged.uri, "run_id": logged.run_id})
        else:
            print(f"MLflow run {logged.run_id}")
            print(f"look at it: mlflow server --backend-store-uri {shlex.quote(logged.uri)}")
        return DONE
    from tui.logs import tables, tensorboard

    folder = found.folder("logs") if out is None else out
    paths = (tables if to == "csv" else tensorboard).write(found, folder)
    if as_json:
        print_json([str(path) for path in paths])
        return DONE
    for path in paths:
        print(path)
    if to == "tensorboard":
        print(f"look at it: tensorboard --logdir {shlex.quote(str(folder))}")
    return DONE
