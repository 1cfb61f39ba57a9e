"""The directory of runs: one is created in it, all are listed, one is found by its name."""

from __future__ import annotations

import datetime
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlib.errors import RunError
from cnnlib.runs import files
from cnnlib.runs.labels import Labels
from cnnlib.runs.layout import Run
from cnnlib.runs.lock import owner
from cnnlib.runs.state import read_state

__all__ = [
    "SORT_KEYS",
    "Run",
    "RunSummary",
    "create",
    "find",
    "list_runs",
    "slug",
    "sort",
    "summary",
]

SWEEP = "sweep.toml"  # what a folder of runs holds that belong to one sweep
_MAX_NAME = 60


def slug(name: str) -> str:
    """A name as a part of a file name: letters, digits, "." "_" "-"; "run" where none is left."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", name)[:_MAX_NAME].strip("-._") or "run"


def create(
    root: Path,
    name: str,
    description: Mapping[str, Any],
    fill: Callable[[Run], None] = lambda draft: None,
) -> Run:
    """Make a new run: ``<root>/YYYY-MM-DDTHH-MM-SS-name`` (local time) with its run.toml.

    It appears whole: nobody ever sees the directory without its description. A second one of
    the same second and name gets "-2" behind.

    Args:
        root: the directory of runs; made if need be.
        name: what the user calls it; characters that are awkward in a file name become "-".
        description: the tables of run.toml; id, name and created are put into [run].
        fill: writes into the directory what it must hold before anybody sees it.

    Raises:
        RunError: it could not be made (no permission, a full disk), or TOML cannot say it.
    """
    now = datetime.datetime.now().astimezone().replace(microsecond=0)
    stem = f"{now:%Y-%m-%dT%H-%M-%S}-{slug(name)}"
    try:
        root.mkdir(mode=files.PRIVATE_FOLDER, parents=True, exist_ok=True)
        draft = Run(Path(tempfile.mkdtemp(prefix=".new-", dir=root)))
        try:
            for number in range(1, 1000):
                identifier = stem if number == 1 else f"{stem}-{number}"
                table = {"id": identifier, "name": name, "created": now.isoformat()}
                run = Run(root / identifier)
                if run.path.exists():
                    continue
                draft.describe({**description, "run": {**description.get("run", {}), **table}})
                draft.folder("checkpoints")
                fill(draft)
                try:
                    os.rename(draft.path, run.path)
                except OSError as problem:
                    if problem.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                        raise
                    continue
                files.sync_folder(root)
                return run
            raise RunError(str(root), expected="a free name", received=f"none after {stem}")
        finally:
            shutil.rmtree(draft.path, ignore_errors=True)
    except OSError as problem:
        raise files.not_written(root / stem, problem) from problem


@dataclass(frozen=True)
class RunSummary:
    """A run in a list.

    Args:
        id: the name of its directory.
        path: the directory.
        state: as :meth:`RunState.life`, or "damaged" (``note`` says why).
        data: the name of its data set.
        architecture: its name, or its layers in one line.
        epoch, epochs: where it is, how many are planned.
        valid_accuracy: of its best epoch, else of its last.
        test_accuracy: of the last evaluation on the test split.
        seconds: time under training.
        started: when, seconds since 1970; 0.0 where it never did.
        note: the user's own note, or what is wrong.
        name: what the user calls it.
        tags: the user's own words for it, sorted.
    """

    id: str
    path: Path
    state: str
    data: str = ""
    architecture: str = ""
    epoch: int = 0
    epochs: int = 0
    valid_accuracy: float | None = None
    test_accuracy: float | None = None
    seconds: float = 0.0
    started: float = 0.0
    note: str = ""
    name: str = ""
    tags: tuple[str, ...] = ()

    def has(self, words: str) -> bool:
        """Whether each of the words stands somewhere in this line, in whatever case."""
        told = " ".join(
            (self.id, self.name, self.note, self.state, self.data, self.architecture, *self.tags)
        ).casefold()
        return all(word in told for word in words.casefold().split())


def sort(runs: Iterable[RunSummary], key: str, *, reverse: bool = False) -> list[RunSummary]:
    """Runs in another order; those that lack the value stand last either way.

    Args:
        runs: the runs, the newest first; that order holds among equals.
        key: one of SORT_KEYS. Accuracies, times and dates go from the greatest down, words up.
        reverse: the other way round.
    """
    wanted, descending = SORT_KEYS[key]
    found = list(runs)
    known = [run for run in found if wanted(run) not in (None, "", 0.0)]
    known.sort(key=lambda run: wanted(run), reverse=descending != reverse)
    chosen = {id(run) for run in known}
    return known + [run for run in found if id(run) not in chosen]


SORT_KEYS: dict[str, tuple[Callable[[RunSummary], Any], bool]] = {
    "started": (lambda run: run.started, True),
    "name": (lambda run: (run.name or run.id).casefold(), False),
    "state": (lambda run: run.state, False),
    "data": (lambda run: run.data.casefold(), False),
    "valid": (lambda run: run.valid_accuracy, True),
    "test": (lambda run: run.test_accuracy, True),
    "seconds": (lambda run: run.seconds, True),
}
"""How runs can be sorted: by what, and whether the greatest stands first."""


def _name(run: Run) -> str:
    try:
        return Labels.of(run.description()).name
    except RunError:
        return ""


def summary(run: Run) -> RunSummary:
    """One line about a run. Never raises: a damaged one is said to be so."""
    try:
        tables = run.description()
        state = read_state(run)
    except RunError as error:
        return RunSummary(run.id, run.path, "damaged", note=str(error))
    labels = Labels.of(tables)
    model, training = _table(tables, "model"), _table(tables, "training")
    text = str(model.get("architecture", state.architecture))
    planned = training.get("epochs")
    best = state.best_accuracy if state.best_accuracy is not None else state.valid_accuracy
    return RunSummary(
        id=run.id,
        path=run.path,
        state=state.life(owner(run)),
        data=str(_table(tables, "data").get("name", "")),
        architecture=str(model.get("name") or _in_one_line(text)),
        epoch=state.epoch,
        epochs=state.epochs or (planned if type(planned) is int else 0),
        valid_accuracy=best,
        test_accuracy=state.test_accuracy,
        seconds=state.seconds,
        started=state.started,
        note=labels.note or state.message,
        name=labels.name,
        tags=labels.tags,
    )


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = tables.get(name)
    return table if isinstance(table, dict) else {}


def _in_one_line(architecture: str) -> str:
    return " ".join(" · ".join(line for line in architecture.splitlines() if line.strip()).split())


def _newest_first(root: Path) -> list[Run]:
    try:
        names = [entry.name for entry in os.scandir(root) if _may_be_run(entry)]
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise RunError(
            str(root), expected="a directory of runs", received=problem.strerror or str(problem)
        ) from problem
    # within one second, "-2" and so on were made later
    visible = sorted((name for name in names if not name.startswith(".")), key=_age, reverse=True)
    return [Run(root / name) for name in visible]


def _may_be_run(entry: os.DirEntry[str]) -> bool:
    """A folder, unless it is that of a sweep, which is a directory of runs of its own."""
    return entry.is_dir() and not os.path.exists(os.path.join(entry.path, SWEEP))


def _age(name: str) -> tuple[str, int, str]:
    number = re.search(r"-(\d{1,3})$", name[20:])
    return name[:19], int(number[1]) if number else 1, name


def list_runs(root: Path) -> list[RunSummary]:
    """The runs in a directory, newest first; empty where there is no such directory.

    Directories that hold no run, or a damaged one, are listed as "damaged".

    Raises:
        RunError: the directory cannot be read.
    """
    return [summary(run) for run in _newest_first(root)]


def find(root: Path, which: str | None = None) -> Run:
    """The run that a user means.

    Args:
        root: the directory of runs.
        which: its identifier, the path of its directory, its name (the one it has now, or the end
            of its directory's), a part of its identifier, or None for the newest. A whole name
            goes before a part, and no other run may have it.

    Raises:
        RunError: there is none, or several; it says what there is.
    """
    runs = [run for run in _newest_first(root) if run.exists()]
    if which is None:
        if runs:
            return runs[0]
        raise RunError(f"no run in {root}", advice="Train one first: cnn-tui train.")
    exact = [run for run in runs if run.id == which]
    if exact:
        return exact[0]
    there = Run(Path(os.path.abspath(os.path.expanduser(which)))) if which else Run(root)
    if which and there.exists():
        return there
    called = [run for run in runs if which and which in (run.id[20:], _name(run))]
    matching = called or [run for run in runs if which in run.id]
    if len(matching) == 1:
        return matching[0]
    several = ", ".join(run.id for run in (matching or runs)[:8]) or "none"
    if matching:
        raise RunError(
            f"run {which!r}",
            expected="the name of one run",
            received=f"several: {several}",
            advice="Say more of its name, or all of it; cnn-tui runs rename gives it another.",
        )
    raise RunError(
        f"run {which!r}",
        expected="a run",
        received=f"no such one in {root}",
        advice=(f"There are: {several}."),
    )
