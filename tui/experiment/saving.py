"""A checkpoint is taken in the trainer's own thread and written wherever there is time.

To take one is to copy arrays between two steps: a millisecond. To write it is to wait for a disk:
tens of milliseconds, in which a small network would have learned a few batches. What is written is
what was taken, whatever training does meanwhile.

`last` says in its words which events announce it (its *claims*). They stand in the journal only
when it is on the disk; a trainer that is killed between the two is succeeded by one that tells
them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from cnnlib.events import CheckpointSaved
from cnnlib.runs import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnlib.arrays import Array
    from cnnlib.runs.directory import Run
    from cnnlib.trainer import Trainer

Reason = Literal["best", "epoch", "periodic", "asked", "stopped", "signal", "failed"]
LAST, BEST = "last.safetensors", "best.safetensors"


@dataclass(frozen=True, eq=False)
class Taken:
    """A checkpoint in memory.

    Attributes:
        last: all that resuming needs, and the words of it.
        best: the best network under its public names, where it is to be written too.
        claims: the events that say so, in their order; to be told when it is written.
        epoch: the epoch whose end this is, or 0 where it is saved for another reason.
    """

    last: tuple[Mapping[str, Array], Mapping[str, str]]
    best: tuple[Mapping[str, Array], Mapping[str, str]] | None
    claims: tuple[CheckpointSaved, ...]
    epoch: int


def take(trainer: Trainer, events: int, reason: Reason, *, best: bool = False) -> Taken:
    """Copy what a checkpoint of now holds.

    Args:
        trainer: between two steps.
        events: how many events of the journal stand for this position.
        reason: why now.
        best: whether the best network is to be written too.
    """
    tensors, progress = trainer.state()
    saved = [_saved(trainer, BEST, "best")] if best else []
    claims = (*saved, _saved(trainer, LAST, reason))
    words = _words(trainer)
    more = {
        "progress": json.dumps(progress),
        "events": str(events),
        "reason": reason,
        "claims": json.dumps([asdict(claim) for claim in claims]),
    }
    return Taken(
        (tensors, words | more),
        (trainer.tensors("best"), words) if best else None,
        claims,
        epoch=trainer.progress.last_epoch if reason == "epoch" else 0,
    )


def write(run: Run, taken: Taken, permit: Callable[[], object] | None = None) -> None:
    """Write a checkpoint; it has reached the disk when this returns.

    Args:
        run: the run.
        taken: the checkpoint.
        permit: called before each file takes its place; what it raises is raised.

    Raises:
        RunError, CheckpointError: it could not be written; the files before are whole.
    """
    folder = run.folder("checkpoints")
    if taken.best is not None:
        checkpoint.save(folder / BEST, *taken.best, settle=False, permit=permit)
    checkpoint.save(folder / LAST, *taken.last, permit=permit)


def claimed(words: Mapping[str, str], step: int) -> tuple[CheckpointSaved, ...]:
    """The events that announce a checkpoint, as its words say."""
    found: list[CheckpointSaved] = []
    try:
        for claim in json.loads(words.get("claims", "[]")):
            found.append(CheckpointSaved(**claim))
    except (ValueError, TypeError):
        return ()
    return tuple(each for each in found if each.step == step)


def _words(trainer: Trainer) -> dict[str, str]:
    """What a checkpoint says about itself."""
    work, progress = trainer.work, trainer.progress
    accuracy = progress.best_accuracy
    return {
        "architecture": work.architecture,
        "input_shape": json.dumps(list(work.input_shape)),
        "classes": json.dumps(list(trainer.classes)),
        "step": str(progress.step),
        "best_epoch": "" if progress.best_epoch is None else str(progress.best_epoch),
        "best_accuracy": "" if accuracy is None else repr(accuracy),
    }


def _saved(trainer: Trainer, name: str, reason: Reason) -> CheckpointSaved:
    """The event of a checkpoint; ``epoch`` is the last one with a step done."""
    progress = trainer.progress
    epoch = progress.epoch if progress.batch else max(1, progress.epoch - 1)
    return CheckpointSaved(
        epoch=epoch, step=progress.step, path=f"checkpoints/{name}", reason=reason
    )
