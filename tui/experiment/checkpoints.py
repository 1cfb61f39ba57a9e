"""The checkpoints of a run: `last` holds all that resuming needs, `best` the weights to use.

`last.safetensors` also holds the number of events that the journal had, so that the journal can be
taken back to exactly there. `best.safetensors` is the best network so far under its public names,
with its architecture, and is complete in itself. `epoch-003.safetensors` is what `last` was when
the third epoch had ended: a run can be forked from there. Of many epochs the last is kept, and of
the others every second, every fourth and so on, so that they stay few and evenly spread.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from cnnlib.errors import CheckpointError, RunError
from cnnlib.events import CheckpointSaved
from cnnlib.model import Sequential
from cnnlib.runs import checkpoint
from cnnlib.runs.checkpoint import candidates, load_newest
from cnnlib.trainer import TrainingState
from tui.experiment.saving import BEST, LAST, claimed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cnnlib.arrays import Array
    from cnnlib.events import Record
    from cnnlib.runs.directory import Run
    from cnnlib.runs.journal import JournalWriter
    from cnnlib.trainer import Trainer

Which = Literal["best", "last"]
_EPOCH = re.compile(r"epoch-(\d{1,9})\.safetensors")


class Restored(NamedTuple):
    """What :func:`restore` found.

    Attributes:
        note: "" or, in one line, what was damaged and passed over.
        untold: what announces the checkpoint, where the journal does not say so: the trainer
            was killed between the two.
        events: how many events of the journal the checkpoint had seen.
    """

    note: str
    untold: tuple[CheckpointSaved, ...]
    events: int


def restore(
    run: Run, trainer: Trainer, journal: JournalWriter, told: Iterable[Record] = ()
) -> Restored:
    """Bring trainer and journal back to the last checkpoint, or to the beginning.

    Args:
        run: the run.
        trainer: its trainer, at the beginning.
        journal: its journal.
        told: what stands in the journal.

    Raises:
        CheckpointError: there are checkpoints, but none that training can go on from.
        RunError: the journal cannot be rewritten.
    """
    if _never_saved(run, told):
        journal.rewind_to(0, 0)
        return Restored("", (), 0)
    found = load_newest(run)
    try:
        progress = json.loads(found.metadata["progress"])
        events, step = int(found.metadata["events"]), int(progress["step"])
    except (KeyError, ValueError, TypeError):
        raise CheckpointError(
            f"run {run.id}",
            expected="a whole checkpoint to go on from",
            received=found.note or f"{found.path.name} alone, which holds weights only",
            advice="Train it anew with its run.toml.",
        ) from None
    trainer.restore(TrainingState(found.tensors, progress))
    missing = journal.rewind_to(events, step).missing
    lost = f"the journal has lost {missing} events" if missing else ""
    note = "; ".join(note for note in (found.note, lost) if note)
    heard = {
        (record.event.step, record.event.path)
        for record in told
        if record.seq > events and isinstance(record.event, CheckpointSaved)
    }
    untold = tuple(c for c in claimed(found.metadata, step) if (c.step, c.path) not in heard)
    return Restored(note, untold, events)


def _never_saved(run: Run, told: Iterable[Record]) -> bool:
    """Whether training must begin at its beginning: no checkpoint, or only that of a best network
    which was saved a moment before the very first one, when the trainer was killed.
    """
    there = {path.name for path in candidates(run)}
    return not there or (
        there == {BEST}
        and not any(
            isinstance(record.event, CheckpointSaved) and record.event.path.endswith(LAST)
            for record in told
        )
    )


def epoch_path(run: Run, epoch: int) -> Path:
    """Where the checkpoint of an epoch is kept."""
    return run.checkpoints / f"epoch-{epoch:03d}.safetensors"


def kept_epochs(run: Run) -> list[int]:
    """The epochs whose checkpoints are kept, in their order."""
    try:
        matches = [_EPOCH.fullmatch(name) for name in os.listdir(run.checkpoints)]
    except OSError:
        return []
    return sorted(int(match[1]) for match in matches if match)


def keep_epoch(run: Run, epoch: int, done: int, most: int) -> None:
    """Keep `last` under the number of the epoch, if it was saved between two epochs.

    Checkpoints of epochs that this training has yet to reach are of another past, and go.

    Args:
        run: the run.
        epoch: the epoch at whose end its last checkpoint was taken; 0: within one.
        done: how many epochs were done then.
        most: how many such checkpoints to keep, beside that of the last epoch.

    Raises:
        OSError: it could not be kept.
    """
    path = epoch_path(run, epoch)
    if epoch and most and not _is_same(run.checkpoints / LAST, path):
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.unlink(missing_ok=True)
        try:
            os.link(run.checkpoints / LAST, temporary)  # `last` is replaced, never written into
        except OSError:
            shutil.copyfile(run.checkpoints / LAST, temporary)
        os.replace(temporary, path)
    stride = 1
    while most and done // stride > most:
        stride *= 2
    for kept in kept_epochs(run):
        if kept > done or not most or (kept != done and kept % stride):
            epoch_path(run, kept).unlink(missing_ok=True)


def _is_same(path: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samefile(path, other)
    return False


def load_network(
    run: Run, which: str, architecture: str, input_shape: tuple[int, ...]
) -> Sequential:
    """The network of a run with the weights of a checkpoint: "best", "last" or "epoch-003".

    Before the first epoch has ended, the last weights stand in for the best.

    Raises:
        RunError: the run has no checkpoint yet.
        CheckpointError: the checkpoints are damaged, or of another network.
    """
    model = Sequential.parse(architecture, input_shape)
    best, last = run.checkpoints / BEST, run.checkpoints / LAST
    if which == "best" and (best.exists() or checkpoint.previous(best).exists()):
        model.load(_load(best))
    elif (kept := run.checkpoints / f"{which}.safetensors") != best and kept.exists():
        _fill(model, _load(kept))
    elif last.exists() or checkpoint.previous(last).exists():
        _fill(model, _load(last))
    else:
        raise RunError(
            f"run {run.id}",
            expected="a checkpoint",
            received="none yet",
            advice="Train it until its first epoch has ended.",
        )
    return model


def _load(path: Path) -> Mapping[str, Array]:
    """The arrays of a checkpoint, or of the one before where it is damaged."""
    try:
        return checkpoint.load(path)[0]
    except CheckpointError:
        before = checkpoint.previous(path)
        if not before.exists():
            raise
        return checkpoint.load(before)[0]


def _fill(model: Sequential, tensors: Mapping[str, Array]) -> None:
    """Take the weights that an evaluation would use from a training's state."""
    sources = {"parameters": "average" if "average" in tensors else "parameters"}
    sources |= {name: f"buffers/{name}" for name in model.buffers}
    targets = {"parameters": model.flat_parameters, **model.buffers}
    for name, target in targets.items():
        array = tensors.get(sources[name])
        if array is None or array.shape != target.shape:
            raise CheckpointError(
                LAST,
                expected=f"{name} of shape {target.shape}",
                received="none" if array is None else f"{array.shape}",
            )
    for name, target in targets.items():
        np.copyto(target, tensors[sources[name]])
