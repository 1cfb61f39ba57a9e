"""The options and arguments that several commands share, and how their words become objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

Runs = Annotated[
    Path,
    typer.Option(
        "--runs", metavar="DIR", envvar="CNN_TUI_RUNS", help="Where run directories are kept."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
RunWords = Annotated[
    str, typer.Argument(metavar="RUN", help="A run: its name, a part of it, or its path.")
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="NAME|PATH", help="Data set: see `cnn-tui data list`."),
]
Architecture = Annotated[
    str | None,
    typer.Option("--arch", metavar="NAME|FILE", help="Network: a known name, or a text file."),
]
Preset = Annotated[
    str | None,
    typer.Option("--preset", metavar="NAME", help="Settings to begin with: fast, sharp, smoke."),
]
Resize = Annotated[
    str | None,
    typer.Option("--resize", metavar="HxW", help="Bring every image to this height and width."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="A run.toml to take settings from."),
]
Which = Annotated[
    str, typer.Option("--which", metavar="best|last", help="Which weights of the run.")
]
DEFAULT_RUNS = Path("runs")


def find_run(which: str | None, runs: Path) -> Run:
    """The run that the words mean; None means the newest.

    Raises:
        RunError: there is no such run, or there are several.
    """
    from cnnlib.runs import directory

    return directory.find(runs, which)


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), flush=True)
