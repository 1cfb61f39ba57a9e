"""The network of a run with the words that it is exported with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnlib.interop import TrainedModel
from tui.experiment.loading import class_names, load_model

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run


def trained_model(run: Run, which: str = "best") -> TrainedModel:
    """The network of a run, its classes and what it learned from.

    Args:
        run: the run.
        which: best or last.

    Raises:
        RunError: the run has no checkpoint yet, or does not say its classes.
        CheckpointError: the checkpoints are damaged, or of another network.
        SpecificationError: there are no such weights.
    """
    data = run.description().get("data", {})
    return TrainedModel(
        load_model(run, which),
        class_names(run),
        run=run.id,
        data=str(data.get("title", "") or data.get("name", "")),
    )
