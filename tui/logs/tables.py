"""The history of a run as CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.logs.contents import Contents

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run


def write(run: Run, folder: Path) -> list[Path]:
    """Write steps.csv, epochs.csv and evaluations.csv; each appears whole.

    Columns are those of ``History.steps()`` and so on; times are seconds since 1970.

    Args:
        run: the run.
        folder: made if need be.

    Raises:
        RunError: the run cannot be read, or a file cannot be written.
        OSError: the folder cannot be made.
    """
    history = Contents(run).history
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table in ("steps", "epochs", "evaluations"):
        path = folder / f"{table}.csv"
        history.to_csv(path, table)
        paths.append(path)
    return paths
