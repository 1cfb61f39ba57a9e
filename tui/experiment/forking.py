"""A new run that begins where another one stood after an epoch.

It has the settings of its parent, or others where they leave the network and what the optimizer
remembers as they are, the journal up to that epoch, and the checkpoint. Without other settings it
trains to the very bits of its parent.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnlib.errors import CheckpointError, RunError, SpecificationError
from cnnlib.events import EpochEnded, EpochStarted, StepEnded, encode
from cnnlib.model import Sequential
from cnnlib.runs import checkpoint, directory
from cnnlib.runs.files import write_atomically
from cnnlib.runs.history import RunHistory
from tui.experiment.checkpoints import epoch_path, kept_epochs
from tui.experiment.saving import BEST, LAST
from tui.settings.training import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cnnlib.runs.directory import Run

FIXED = ("data", "validation", "split_seed", "architecture", "optimizer", "batch_size")
"""What a fork shares with its parent: the numbers that go on must mean the same."""


def fork(run: Run, root: Path, epoch: int | None = None, name: str = "", **changes: Any) -> Run:
    """A new run that goes on after an epoch of another one.

    Args:
        run: the parent.
        root: the directory of runs.
        epoch: after which epoch; the last one that is kept when absent.
        name: ends the name of the directory; that of the parent and "-fork" when empty.
        changes: settings by name; ``lr`` for the main rate of the schedule.

    Raises:
        RunError: no checkpoint of that epoch is kept, or the journal does not reach it.
        CheckpointError: it is damaged.
        SpecificationError: a setting cannot be changed in a fork, or does not fit.
    """
    description = run.description()
    settings = _changed(Settings.from_description(description), changes)
    epoch = _chosen(run, epoch)
    tensors, words = checkpoint.load(epoch_path(run, epoch))
    progress = json.loads(words["progress"])
    if progress["epoch"] != epoch + 1 or progress["batch"]:
        raise CheckpointError(
            str(epoch_path(run, epoch)), expected=f"the end of epoch {epoch}", received="another"
        )
    if settings.epochs < epoch:
        raise SpecificationError(
            "epochs", expected=f"at least {epoch}", received=str(settings.epochs)
        )
    journal = _journal_until(run, epoch, int(words["events"]))
    tables = settings.to_description()
    merged = {
        table: {**content, **tables[table]}
        for table, content in description.items()
        if table in tables
    }
    parent = str(description["run"].get("name", ""))
    origin = {
        key: value for key, value in description["run"].items() if key not in ("note", "tags")
    } | {"forked_from": run.id, "forked_epoch": epoch}
    made = directory.create(
        root, name or (f"{parent}-fork" if parent else "fork"), {**merged, "run": origin}
    )
    write_atomically(made.journal_path, journal)
    checkpoint.save(made.folder("checkpoints") / BEST, _best(words, tensors), _plain(words))
    checkpoint.save(made.checkpoints / LAST, tensors, words)
    return made


def _changed(settings: Settings, changes: dict[str, Any]) -> Settings:
    wanted = {name: value for name, value in changes.items() if value is not None}
    for name in FIXED:
        if name in wanted and wanted[name] != getattr(settings, name):
            raise SpecificationError(
                name,
                expected="the setting of the run that is forked",
                received=repr(wanted[name]),
                advice="Begin a new run: cnn-tui train --config run.toml.",
            )
    rate = wanted.pop("lr", None)
    settings = replace(settings, **wanted)
    return settings if rate is None else settings.with_rate(rate)


def _chosen(run: Run, epoch: int | None) -> int:
    kept = kept_epochs(run)
    if epoch is None and kept:
        return kept[-1]
    if epoch is None or epoch not in kept:
        raise RunError(
            f"run {run.id}",
            expected="an epoch whose checkpoint is kept (the setting keep_epochs says how many)",
            received=f"{epoch}; kept are {', '.join(map(str, kept)) or 'none'}",
        )
    return epoch


def _journal_until(run: Run, epoch: int, count: int) -> str:
    """The lines of the journal that the checkpoint had seen."""
    records = list(islice(RunHistory.read(run).records, count))
    ended = any(isinstance(r.event, EpochEnded) and r.event.epoch == epoch for r in records)
    beyond = any(
        isinstance(r.event, EpochStarted | StepEnded) and r.event.epoch > epoch for r in records
    )
    if len(records) != count or not ended or beyond:
        raise RunError(
            str(run.journal_path),
            expected=f"the events up to the end of epoch {epoch}",
            received="others: the journal is damaged, or is of another past",
        )
    return "".join(encode(record) + "\n" for record in records)


def _best(words: dict[str, str], tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The best network of a training's state, under its public names."""
    model = Sequential.parse(words["architecture"], tuple(json.loads(words["input_shape"])))
    np.copyto(model.flat_parameters, tensors["best"])
    for name, array in model.buffers.items():
        np.copyto(array, tensors[f"best/{name}"])
    return model.tensors()


def _plain(words: dict[str, str]) -> dict[str, str]:
    return {key: text for key, text in words.items() if key not in ("progress", "events", "reason")}
