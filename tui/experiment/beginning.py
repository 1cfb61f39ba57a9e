"""A run that begins with the weights of a file instead of random ones.

Its first checkpoint is in its directory before anybody sees that: the weights, an optimizer that
remembers nothing, step 0. So it can be looked at, measured and exported at once, and training goes
on from there like any other.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cnnlib.architectures import fitted
from cnnlib.interop import Matching, load_weights
from cnnlib.model import Sequential
from cnnlib.runs import checkpoint
from cnnlib.runs.directory import Run
from tui.experiment.assembly import assemble
from tui.experiment.loading import divide
from tui.experiment.preparing import prepare
from tui.settings.training import Settings

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from cnnlib.arrays import Array
    from cnnlib.events import Event
    from data import Dataset


class Begun(NamedTuple):
    """A run with the weights of a file, and which array of it became which of the network."""

    run: Run
    matching: Matching


def begin_with(
    file: Path, settings: Settings, dataset: Dataset, root: Path, name: str = "", network: str = ""
) -> Begun:
    """Make a run directory whose network has the weights of a safetensors file.

    Args:
        file: the weights, see :func:`cnnlib.interop.load_weights`.
        settings: what a training that goes on from there is asked to do.
        dataset: the data set of the settings.
        root, name, network: as for ``prepare``.

    Raises:
        CheckpointError: the weights do not fit the network, or cannot be read; nothing was
            written.
        SpecificationError: something does not fit; nothing was written.
        RunError: the directory cannot be made; nothing is left of it.
    """
    architecture = fitted(settings.architecture, len(dataset.classes))
    model = Sequential.parse(architecture, dataset.image_shape)
    matching = load_weights(model, file)
    with open(file, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    origin = {"weights": str(file.resolve()), "weights_sha256": digest}

    def fill(draft: Run) -> None:  # seen without its weights, it would begin at random
        _save_first(draft, model, dataset)
        description = draft.description()
        draft.describe({**description, "run": {**description["run"], **origin}})

    run = prepare(settings, root, name, network=network, dataset=dataset, fill=fill)
    return Begun(run, matching)


def _save_first(run: Run, model: Sequential, dataset: Dataset) -> None:
    """The checkpoint from which training begins."""
    settings = Settings.from_description(run.description())
    trainer = assemble(run.id, replace(settings, ranks=1), divide(dataset, settings))
    with closing(cast("Generator[Event]", trainer.run())) as happening:
        next(happening)  # it has begun, and has done nothing yet
        state = trainer.state()
    tensors: dict[str, Array] = dict(state.tensors)
    for key in tensors.keys() & {"parameters", "best", "average"}:
        tensors[key] = model.flat_parameters
    for key, array in model.buffers.items():
        tensors[f"buffers/{key}"] = tensors[f"best/{key}"] = array
    checkpoint.save(
        run.folder("checkpoints") / "last.safetensors",
        tensors,
        _words(settings, dataset, state.progress),
    )


def _words(settings: Settings, dataset: Dataset, progress: Mapping[str, Any]) -> dict[str, str]:
    return {
        "architecture": settings.architecture,
        "input_shape": json.dumps(list(dataset.image_shape)),
        "classes": json.dumps(list(dataset.classes)),
        "step": "0",
        "best_epoch": "",
        "best_accuracy": "",
        "progress": json.dumps(progress),
        "events": "0",
        "reason": "asked",
    }
