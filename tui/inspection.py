"""What a network makes of images: its feature maps, its weights, its prediction, its mistakes.

This is the work behind the Features, Evaluate and Mistakes panes. It runs in their thread workers,
touches no widget, and answers with plain arrays. A network is read from a run's checkpoint or,
where there is none yet, made fresh from the architecture: untrained, and said to be so. What was
read is kept until the checkpoint changes.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.architectures import fitted
from cnnlib.explain import Trace
from cnnlib.model import Sequential
from cnnlib.report import Report, evaluate
from cnnlib.runs import Run
from data.dataset import Dataset, Split
from tui import experiment
from tui.experiment.checkpoints import load_network

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


@dataclass(frozen=True, eq=False)
class LayerLook:
    """What one layer makes of the image: ``values`` is ``(C, H, W)`` or ``(features,)``.

    ``weights`` are the kernels ``(F, C, K, K)`` of a convolution.
    """

    name: str
    text: str
    values: NDArray[np.floating[Any]]
    weights: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True, eq=False)
class Look:
    """One image through a network; ``trace`` explains every number of ``layers``."""

    layers: tuple[LayerLook, ...]
    probabilities: NDArray[np.floating[Any]]
    trained: bool
    trace: Trace

    def convolutions(self) -> list[int]:
        """The indices of the layers with kernels."""
        return [i for i, layer in enumerate(self.layers) if layer.weights is not None]


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


class Inspector:
    """Reads networks and asks them. Safe to share between threads: one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source: Source | None = None
        self._model: Sequential | None = None
        self._reports: dict[tuple[Source, str], Report] = {}

    def look(self, source: Source, image: NDArray[np.uint8]) -> Look:
        """One image ``(C, H, W)`` through the network.

        Raises:
            CnnError: the checkpoint or the architecture cannot be used for this image.
        """
        with self._lock:
            model = self._network(source)
            trace = Trace(model, image)
            layers = tuple(
                LayerLook(name, repr(each.layer), trace.outputs[name], _kernels(model, name))
                for name, each in trace.stations.items()
            )
            probabilities = model.predict(image[np.newaxis])[0]
        return Look(layers, probabilities, source.trained, trace)

    def report(self, source: Source, name: str, split: Split, classes: Sequence[str]) -> Report:
        """What the network gets right and wrong on a split; kept until the checkpoint changes.

        Raises:
            CnnError: the checkpoint or the architecture cannot be used for these images.
        """
        key = (source, name)
        with self._lock:
            if key not in self._reports:
                probabilities = self._network(source).predict(split.images)
                report = evaluate(probabilities, split.labels, tuple(classes))
                self._reports = {key: report}
            return self._reports[key]

    def _network(self, source: Source) -> Sequential:
        if self._model is None or source != self._source:
            if source.trained and source.run is not None:
                self._model = _load(source.run, source.which)
            else:
                self._model = Sequential.parse(source.architecture, source.input_shape)
            self._source = source
        return self._model


def _load(run: Run, which: Which) -> Sequential:
    if which in ("best", "last"):
        return experiment.load_model(run, which=which)
    model = run.description()["model"]
    return load_network(run, which, model["architecture"], tuple(model["input_shape"]))


def _kernels(model: Sequential, name: str) -> NDArray[np.floating[Any]] | None:
    """The kernels of a convolution; None for any other layer."""
    weights = model.parameters.get(f"{name}.weight")
    return weights if weights is not None and weights.ndim == 4 else None
