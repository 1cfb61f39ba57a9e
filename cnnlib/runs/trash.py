"""Runs that were deleted stay in a folder beside the others, until it is emptied.

``runs/.trash/ID`` is the directory as it was; its time of change says when it was deleted.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cnnlib.errors import RunError
from cnnlib.runs import files
from cnnlib.runs.layout import Run
from cnnlib.runs.lock import RunLock

FOLDER = ".trash"


def delete(run: Run) -> Path:
    """Move a run into the trash beside it; returns where it is.

    Raises:
        RunError: a trainer is at work on it, or it cannot be moved.
    """
    trash = run.path.absolute().parent / FOLDER
    with RunLock(run):
        try:
            trash.mkdir(mode=files.PRIVATE_FOLDER, exist_ok=True)
            place = _free(trash / run.id)
            os.rename(run.path, place)
            os.utime(place)
        except OSError as problem:
            raise RunError(
                f"{run.path} could not be moved to {trash}",
                received=problem.strerror or str(problem),
            ) from problem
    return place


def trashed(root: Path) -> list[Run]:
    """The runs in the trash of a directory of runs, the last that was deleted first."""
    try:
        entries = [entry for entry in os.scandir(root / FOLDER) if entry.is_dir()]
    except OSError:
        return []
    entries.sort(key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
    return [Run(Path(entry.path)) for entry in entries]


def restore(root: Path, which: str | None = None) -> Run:
    """Take a run out of the trash.

    Args:
        root: the directory of runs.
        which: its name or a part of it that no other there has; None for the last deleted.

    Raises:
        RunError: there is no such run in the trash, or several, or its place is taken.
    """
    there = trashed(root)
    found = [run for run in there if which is None or run.id == which][:1] or [
        run for run in there if which is not None and which in run.id
    ]
    if len(found) != 1:
        names = ", ".join(run.id for run in (found or there)[:8]) or "none"
        raise RunError(
            f"run {which!r}" if which else "the trash",
            expected="the name of one deleted run",
            received=f"several: {names}" if found else f"no such one; there are {names}",
        )
    place = root / found[0].id
    if place.exists():
        raise RunError(str(place), expected="a free place", received="another run")
    try:
        os.rename(found[0].path, place)
    except OSError as problem:
        raise files.not_written(place, problem) from problem
    return Run(place)


def empty(root: Path) -> int:
    """Delete for good what is in the trash; returns the number of runs.

    Raises:
        RunError: something could not be deleted.
    """
    there = trashed(root)
    for run in there:
        try:
            shutil.rmtree(run.path)
        except OSError as problem:
            raise RunError(
                f"{run.path} could not be deleted", received=problem.strerror or str(problem)
            ) from problem
    return len(there)


def disk_use(run: Run) -> int:
    """The bytes that a run takes on its disk; a file under two names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for folder, _, names in os.walk(run.path):
        for name in names:
            try:
                found = os.lstat(os.path.join(folder, name))
            except OSError:  # gone in the meantime
                continue
            seen[found.st_dev, found.st_ino] = getattr(found, "st_blocks", 0) * 512 or found.st_size
    return sum(seen.values())


def _free(place: Path) -> Path:
    """The place, or one with a number where something is there."""
    number = 2
    free = place
    while free.exists():
        free = place.with_name(f"{place.name}-{number}")
        number += 1
    return free
