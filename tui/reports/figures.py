"""Figures of a run, drawn from what its directory holds and written where the user asked.

The command line and the app both export through here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnlib import figures
from cnnlib.errors import SpecificationError
from cnnlib.report import Report
from cnnlib.runs.history import RunHistory
from tui.experiment.evaluation import report_of
from tui.experiment.loading import RunData, label_smoothing, load_data, load_model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cnnlib.model import Sequential
    from cnnlib.runs.directory import Run

Named = Iterator[tuple[str, "Figure"]]


class Drawing:
    """The figures of one run; data, model and report are loaded when a figure needs them.

    Args:
        run: the run.
        sample: which test image the feature maps are of.
    """

    def __init__(self, run: Run, sample: int = 0) -> None:
        self.run = run
        self.sample = sample

    @cached_property
    def data(self) -> RunData:
        """The splits of the run."""
        return load_data(self.run)

    @cached_property
    def model(self) -> Sequential:
        """The best model of the run so far."""
        return load_model(self.run)

    @cached_property
    def report(self) -> Report:
        """The evaluation on the test split."""
        return report_of(self.run, self.data, self.model)

    def curves(self) -> Named:
        """Loss and accuracy over the steps."""
        history = RunHistory.read(self.run)
        smoothing, name = label_smoothing(self.run), self.run.id
        yield (
            "curves",
            figures.curves(history.steps(), history.epochs(), title=name, smoothing=smoothing),
        )

    def confusion(self) -> Named:
        """Which classes are taken for which."""
        title = f"Confusion matrix of {self.run.id}"
        yield (
            "confusion",
            figures.confusion(self.report.confusion, self.report.classes, title=title),
        )

    def feature_maps(self) -> Named:
        """What each convolution makes of one test image."""
        test = self.data.test
        if not 0 <= self.sample < len(test):
            raise SpecificationError(
                "sample", expected=f"a number from 0 to {len(test) - 1}", received=f"{self.sample}"
            )
        image = test.images[self.sample]
        truth = self.data.classes[int(test.labels[self.sample])]
        for name, maps in self.model.activations(image):
            if name in self._convolutions:
                caption = f"test image {self.sample}, a {truth}"
                figure = figures.feature_maps(name, maps, image, caption=caption)
                yield f"feature-maps-{name}", figure

    def filters(self) -> Named:
        """The weights of each convolution."""
        for name in self._convolutions:
            weights = self.model.parameters[f"{name}.weight"]
            yield f"filters-{name}", figures.filters(name, weights)

    def mistakes(self) -> Named:
        """The costliest test images."""
        found = self.report.mistakes
        indices = np.array([mistake.index for mistake in found], dtype=np.int64)
        yield (
            "mistakes",
            figures.mistakes(
                self.data.test.images[indices],
                np.array([mistake.label for mistake in found], dtype=np.int64),
                np.array([mistake.predicted for mistake in found], dtype=np.int64),
                np.array([mistake.confidence for mistake in found]),
                self.data.classes,
                indices=indices,
                total=self.report.mistakes_total,
                title=f"Mistakes of {self.run.id}",
            ),
        )

    def scores(self) -> Named:
        """Precision, recall and F1 of each class, and how far the confidences can be trusted."""
        report = self.report
        yield "classes", figures.class_report(report.scores, report.classes)
        yield "reliability", figures.reliability(report.calibration)

    @cached_property
    def _convolutions(self) -> tuple[str, ...]:
        return tuple(
            name
            for name, layer in zip(self.model.names, self.model.layers, strict=True)
            if layer.kind == "conv"
        )


DRAWN: dict[str, Callable[[Drawing], Named]] = {
    "curves": Drawing.curves,
    "confusion": Drawing.confusion,
    "feature-maps": Drawing.feature_maps,
    "filters": Drawing.filters,
    "mistakes": Drawing.mistakes,
    "report": Drawing.scores,
}
"""The kinds of figures by the names that `cnn-tui figures --only` takes."""


def export_figures(
    run: Run,
    *,
    only: Collection[str] = (),
    format: str = "png",
    folder: Path | None = None,
    sample: int = 0,
) -> Iterator[Path]:
    """Draw figures of a run and write them, one after another; each path comes when it is there.

    Args:
        run: the run.
        only: names in DRAWN; all of them when empty.
        format: png, svg or pdf.
        folder: where they go; the figures directory of the run when None.
        sample: which test image the feature maps are of.

    Raises:
        SpecificationError: an unknown kind or format.
        RunError, DataError: the run has not what a figure needs.
        OSError: the folder cannot be written.
    """
    ending = figures.check_format(format)
    for name in only:
        if name not in DRAWN:
            raise SpecificationError(
                "figures", expected=f"names among {', '.join(DRAWN)}", received=repr(name)
            )
    folder = run.figures if folder is None else folder
    drawing = Drawing(run, sample)
    for kind in only or DRAWN:
        for name, figure in DRAWN[kind](drawing):
            yield figures.save(figure, folder / f"{name}.{ending}")
