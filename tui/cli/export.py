"""A trained network for other programs: ONNX, safetensors, NumPy, PyTorch and Keras source."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, cast

import typer

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, find_run, print_json
from tui.experiment.launching import one_thread_each


def export(
    run: RunWords,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Where to; torch and keras put the weights beside this source."
        ),
    ],
    to: Annotated[
        str,
        typer.Option("--to", metavar="onnx|safetensors|numpy|torch|keras", help="Which format."),
    ],
    which: Annotated[
        str, typer.Option("--which", metavar="best|last", help="Which weights of the run.")
    ] = "best",
    names: Annotated[
        str,
        typer.Option(
            metavar="layers|numbers",
            help="In safetensors: conv1.weight, or 0.weight as in a plain nn.Sequential.",
        ),
    ] = "layers",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Write the network of a run for another program.

    onnx: a graph from bytes to probabilities (extra: onnx). safetensors: weights that
    load_state_dict of PyTorch takes. numpy: a script that needs NumPy alone. torch, keras: source
    with its weights.
    """
    one_thread_each(os.environ)
    from cnnlib.interop import Names, files_of, require_free
    from cnnlib.interop import export as write
    from tui.experiment.exporting import trained_model

    require_free(files_of(to, file, names), replace=force)  # before anything is loaded
    found = find_run(run, runs)
    trained = trained_model(found, which)
    paths = write(trained, to, file, names=cast("Names", names), replace=force)
    if as_json:
        print_json(
            {
                "run": found.id,
                "which": which,
                "to": to,
                "files": [str(path) for path in paths],
                "classes": list(trained.classes),
                "input_shape": list(trained.model.input_shape),
            }
        )
    else:
        for path in paths:
            print(path)
    return DONE
