"""What a network makes of images: its feature maps, its weights, its prediction, its mistakes.

This is the work behind the Features, Evaluate and Mistakes panes. It runs in their thread workers,
touches no widget, and answers with plain arrays. What was read and found out is kept until another
network is asked about. Long questions are told how far they are and can be given up
(`tui.inspection.going_through`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnlib import explain
from cnnlib.errors import SpecificationError
from cnnlib.explain import Neighbours, Trace
from cnnlib.model import Sequential
from cnnlib.report import Report, evaluate
from cnnlib.runs import Run
from data.dataset import Split
from tui import experiment
from tui.experiment.checkpoints import load_network
from tui.inspection.going_through import Passage, Told, patient
from tui.inspection.sources import Source, Which

Method = Literal["gradient", "occlusion", "grad-cam"]
METHODS: tuple[Method, ...] = ("gradient", "occlusion", "grad-cam")
MOST_KEPT = 256 << 20
"""Bytes of features of a data set that are kept for the next question."""
MOST_PASSAGES = 4
"""Networks whose predictions are kept."""
BLOCK = 256
"""Images between two words about how far it is."""


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


class Inspector:
    """Reads networks and asks them. Safe to share between threads: one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source: Source | None = None
        self._model: Sequential | None = None
        self._reports: dict[tuple[Source, str], Report] = {}
        self._predictions: dict[tuple[Source, str], Passage] = {}
        self._features = Passage()

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

    def report(
        self,
        source: Source,
        name: str,
        split: Split,
        classes: Sequence[str],
        told: Told = patient,
    ) -> Report | None:
        """What the network gets right and wrong on a split, with every mistake.

        None where it was given up.

        Raises:
            CnnError: the checkpoint or the architecture cannot be used for these images.
        """
        with self._lock:
            probabilities = self._predicted(source, name, split, told)
            if probabilities is None:
                return None
            key = (source, name)
            if key not in self._reports:
                report = evaluate(probabilities, split.labels, tuple(classes), keep=len(split))
                self._reports = {key: report}
            return self._reports[key]

    def predicted(
        self, source: Source, name: str, report: Report, split: Split, told: Told = patient
    ) -> NDArray[np.int64] | None:
        """The class that the network sees in each image of a split.

        They follow from the report where it lists all mistakes; else the network is asked. None
        where that was given up.

        Raises:
            CnnError: the checkpoint or the architecture cannot be used for these images.
        """
        listed = predicted_by(report, split)
        if listed is not None:
            return listed
        with self._lock:
            probabilities = self._predicted(source, name, split, told)
        return None if probabilities is None else probabilities.argmax(axis=1)

    def _predicted(
        self, source: Source, name: str, split: Split, told: Told
    ) -> NDArray[np.floating[Any]] | None:
        """The probabilities (N, K) of a split, or None where they were given up."""
        key = (source, name)
        passage = self._predictions.pop(key, None) or Passage(key)
        self._predictions[key] = passage  # the newest stands last
        while len(self._predictions) > MOST_PASSAGES:
            del self._predictions[next(iter(self._predictions))]
        if passage.count < len(split):
            model = self._network(source)

            def make(images: NDArray[np.uint8]) -> Iterator[NDArray[np.floating[Any]]]:
                for start in range(0, len(images), BLOCK):
                    yield model.predict(images[start : start + BLOCK])

            if not passage.go_on(split.images, make, told):
                return None
        return np.concatenate(passage.blocks) if passage.blocks else np.empty((0, 0), np.float32)

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
        told: Told,
        count: int = 12,
    ) -> Neighbours | None:
        """The images of a split that are most like one, as the network sees them.

        What the network makes of the split is kept, where that is not too much. None where it was
        given up.

        Raises:
            CnnError: the checkpoint cannot be used for these images.
        """
        with self._lock:
            model = self._network(source)
            query = next(explain.features(model, image[np.newaxis]))[0]
            if self._features.of != (source, name):
                self._features = Passage((source, name))
            known = self._features
            if not known.go_on(among.images, lambda some: explain.features(model, some), told):
                return None
            found = explain.nearest(query, known.blocks, count=count)
            if sum(block.nbytes for block in known.blocks) > MOST_KEPT:
                self._features = Passage()
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
