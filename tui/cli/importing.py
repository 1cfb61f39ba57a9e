"""Weights from elsewhere become a run: to be looked at, measured, exported and trained on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tui.cli.exits import DONE
from tui.cli.options import (
    DEFAULT_RUNS,
    Architecture,
    Config,
    Data,
    Json,
    Preset,
    Runs,
    print_json,
)
from tui.experiment.launching import one_thread_each


def import_weights(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Safetensors, such as PyTorch's save_file.")
    ],
    data: Data = None,
    arch: Architecture = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Passes, when `cnn-tui resume` trains it.")
    ] = None,
    lr: Annotated[
        float | None, typer.Option("--lr", metavar="X", help="Main rate of the schedule then.")
    ] = None,
    preset: Preset = None,
    config: Config = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ends the name of the run's directory.")
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Make a run whose network has the weights of a file, such as those of a PyTorch network.

    The app, evaluate, predict, figures and export take it as it is; resume trains it on.
    """
    one_thread_each(os.environ)
    from data import load, progress_bar
    from tui.experiment.beginning import begin_with
    from tui.settings.layering import architecture_text, layered

    settings = layered(
        preset=preset,
        config=config,
        lr=lr,
        data=data,
        architecture=architecture_text(arch) if arch is not None else None,
        epochs=epochs,
    )
    with progress_bar() as progress:
        dataset = load(settings.data, seed=settings.split_seed, progress=progress)
    network = Path(arch).stem if arch is not None else ""
    run, matching = begin_with(file, settings, dataset, runs, name or file.stem, network)
    if as_json:
        print_json(
            {"run": run.id, "path": str(run.path), "by": matching.by, "arrays": matching.names}
        )
        return DONE
    from tui.cli.tables import print_table

    print(f"{run.id}: {len(matching.names)} arrays, matched by {matching.by}")
    if matching.by != "name":
        print_table(("array", "in the file"), list(matching.names.items()))
    print(f"Measure it: cnn-tui evaluate {run.id}. Train it on: cnn-tui resume {run.id}")
    return DONE
