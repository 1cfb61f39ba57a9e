"""Where a network that is looked at comes from: the weights of a run, or a text that is untrained.

A source is plain data that two questions share when they are about the same weights: it holds the
time and size of the file that they stand in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnnlib.architectures import fitted
from cnnlib.runs import Run
from data.dataset import Dataset

Which = str
"""Of a run: "best", "last", or "epoch-003" where the weights of an epoch were kept."""

Stamp = tuple[str, int, int]
"""Path, time and size of the file that a network or a report was read from."""


@dataclass(frozen=True)
class Source:
    """Where a network comes from: a run's checkpoint, or else a text."""

    run: Run | None
    which: Which
    stamp: Stamp | None
    architecture: str
    input_shape: tuple[int, ...]

    @property
    def trained(self) -> bool:
        """Whether there is a checkpoint to read."""
        return self.stamp is not None


def stamp_of(path: Path) -> Stamp | None:
    """When a file was written; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_mtime_ns, found.st_size


def weights_of(run: Run | None) -> list[Which]:
    """The weights of a run that can be looked at: the best, those of epochs in order, the last."""
    if run is None:
        return []
    epochs = sorted(path.stem for path in run.checkpoints.glob("epoch-*.safetensors"))
    found = ["best", *epochs, "last"]
    return [which for which in found if stamp_of(_path(run, which)) is not None]


def _path(run: Run, which: Which) -> Path:
    return run.checkpoints / f"{which}.safetensors"


def source_of(
    run: Run | None, architecture: str, dataset: Dataset, wanted: Which = "best"
) -> Source:
    """The wanted weights of a run, its best or its last, or an untrained ``architecture``."""
    architecture = fitted(architecture, len(dataset.classes))
    if run is not None:
        for which in dict.fromkeys((wanted, "best", "last")):
            stamp = stamp_of(_path(run, which))
            if stamp is not None:
                return Source(run, which, stamp, architecture, dataset.image_shape)
    return Source(run, "last", None, architecture, dataset.image_shape)
