"""A run told on one page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, find_run, print_json
from tui.experiment.launching import one_thread_each


def report(
    run: RunWords,
    format: Annotated[
        str | None, typer.Option(metavar="html|md", help="Kind of page; html by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; RUN/report.html by default.")
    ] = None,
    sample: Annotated[
        int, typer.Option(metavar="N", help="The test image of the feature maps.")
    ] = 0,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Write one page about a run and print its path.

    Settings, the command to repeat it, hash of the data and versions, curves, confusion matrix,
    scores of each class, worst mistakes and feature maps. HTML is a single file that needs nothing
    else; Markdown has its figures in a folder beside it.
    """
    one_thread_each(os.environ)
    from cnnlib.errors import SpecificationError
    from tui.reports.pages import FORMATS, write_page

    kind = format or (out.suffix.removeprefix(".") if out is not None else "html")
    if kind not in FORMATS:
        raise SpecificationError(
            "report: format", expected=" or ".join(FORMATS), received=repr(kind)
        )
    found = find_run(run, runs)
    path = found.path / f"report.{kind}" if out is None else out
    if path.suffix != f".{kind}":
        path = path.with_name(f"{path.name}.{kind}")
    paths = write_page(found, path, sample)
    if as_json:
        print_json([str(path) for path in paths])
    else:
        print(paths[0])
    return DONE
