"""What a network makes of images: its feature maps, its weights, its prediction, its mistakes.

This is the work behind the Features, Evaluate and Mistakes panes. It runs in their thread workers,
touches no widget, and answers with plain arrays. A network is read from a run's checkpoint or,
where there is none yet, made fresh from the architecture: untrained, and said to be so. What was
read is kept until the checkpoint changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnlib import explain
from cnnlib.architectures import fitted
from cnnlib.errors import SpecificationError
from cnnlib.explain import Neighbours, Trace
from cnnlib.model import Sequential
from cnnlib.report import Report, evaluate
from cnnlib.runs import Run
from data.dataset import Dataset, Split
from tui import experiment
from tui.experiment.checkpoints import load_network

Which = str
"""Of a run: "best", "last", or "epoch-003" where the weights of an epoch were kept."""
Method = Literal["gradient", "occlusion", "grad-cam"]
METHODS: tuple[Method, ...] = ("gradient", "occlusion", "grad-cam")
MOST_KEPT = 256 << 20
"""Bytes of features of a data set that are kept for the next question."""

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


@dataclass
class _Known:
    """What a network makes of the first ``count`` images of a split."""

    of: tuple[Source, str] | None = None
    blocks: list[NDArray[np.floating[Any]]] = field(default_factory=list)
    count: int = 0


class Inspector:
    """Reads networks and asks them. Safe to share between threads: one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source: Source | None = None
        self._model: Sequential | None = None
        self._reports: dict[tuple[Source, str], Report] = {}
        self._known = _Known()

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

    def predicted(self, source: Source, report: Report, split: Split) -> NDArray[np.int64]:
        """The class that the network sees in each image of a split.

        They follow from the report where it lists all mistakes; else the network is asked.

        Raises:
            CnnError: the checkpoint or the architecture cannot be used for these images.
        """
        listed = predicted_by(report, split)
        if listed is not None:
            return listed
        with self._lock:
            return self._network(source).predict(split.images).argmax(axis=1)

    def saliency(
        self, source: Source, image: NDArray[np.uint8], method: Method, target: int
    ) -> NDArray[np.float64]:
        """How much each pixel of an image ``(C, H, W)`` speaks for a class, (H, W), 0 to 1.

        Raises:
            CnnError: the checkpoint cannot be used for this image, or has no maps for Grad-CAM.
        """
        with self._lock:
            model = self._network(source)
            if method == "gradient":
                found = np.abs(explain.gradient(model, image, target)).max(axis=0)
            elif method == "occlusion":
                found = explain.occlusion(model, image, target)
            else:
                maps = explain.grad_cam(model, image, _last_maps(model), target)
                found = explain.enlarge(maps, image.shape[1:])
        values = np.maximum(found.astype(np.float64), 0.0)
        return np.asarray(values / max(float(values.max()), 1e-30))

    def neighbours(
        self,
        source: Source,
        image: NDArray[np.uint8],
        among: Split,
        name: str,
        told: Callable[[int], bool],
        count: int = 12,
    ) -> Neighbours | None:
        """The images of a split that are most like one, as the network sees them.

        What the network makes of the split is kept, where that is not too much. ``told`` hears how
        many images are done, and answers whether to go on; None where it does not.

        Raises:
            CnnError: the checkpoint cannot be used for these images.
        """
        with self._lock:
            model = self._network(source)
            query = next(explain.features(model, image[np.newaxis]))[0]
            if self._known.of != (source, name):
                self._known = _Known((source, name))
            known = self._known
            for block in explain.features(model, among.images[known.count :]):
                known.blocks.append(block)
                known.count += len(block)
                if not told(known.count):
                    return None
            found = explain.nearest(query, known.blocks, count=count)
            if sum(block.nbytes for block in known.blocks) > MOST_KEPT:
                self._known = _Known()
            return found

    def _network(self, source: Source) -> Sequential:
        if self._model is None or source != self._source:
            if source.trained and source.run is not None:
                self._model = _load(source.run, source.which)
            else:
                self._model = Sequential.parse(source.architecture, source.input_shape)
            self._source = source
        return self._model


def predicted_by(report: Report, split: Split) -> NDArray[np.int64] | None:
    """The predictions behind a report that lists all mistakes on a split; None for another."""
    examples = int(report.confusion.sum())
    if len(report.mistakes) != report.mistakes_total or examples != len(split):
        return None
    predicted = split.labels.astype(np.int64)
    for mistake in report.mistakes:
        if predicted[mistake.index] != mistake.label:
            return None
        predicted[mistake.index] = mistake.predicted
    return predicted


def _last_maps(model: Sequential) -> str:
    """The last layer whose outputs are maps of more than one pixel."""
    shapes = ((row.name, row.output_shape) for row in model.summary())
    maps = [name for name, shape in shapes if len(shape) == 3 and shape[1:] != (1, 1)]
    if not maps:
        raise SpecificationError(
            "Grad-CAM", expected="a network with feature maps", received="one without"
        )
    return maps[-1]


def _load(run: Run, which: Which) -> Sequential:
    if which in ("best", "last"):
        return experiment.load_model(run, which=which)
    model = run.description()["model"]
    return load_network(run, which, model["architecture"], tuple(model["input_shape"]))


def _kernels(model: Sequential, name: str) -> NDArray[np.floating[Any]] | None:
    """The kernels of a convolution; None for any other layer."""
    weights = model.parameters.get(f"{name}.weight")
    return weights if weights is not None and weights.ndim == 4 else None
