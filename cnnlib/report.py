"""The evaluation of a model on a set of examples, as one object, one JSON file and one page.

A report keeps only what cannot be computed again: the confusion matrix, the loss, the calibration
and the worst mistakes. Every other score follows from them (:class:`cnnlib.metrics.Scores`), so
its parts cannot disagree; reading one back checks that the file's do not either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import isclose
from typing import Any

import numpy as np

from cnnlib.arrays import Array, Labels
from cnnlib.errors import RunError, ShapeError
from cnnlib.fields import Fields
from cnnlib.metrics import (
    Calibration,
    Scores,
    calibration,
    check_probabilities,
    confusion_matrix,
    example_losses,
    top_k_accuracy,
)
from cnnlib.metrics.counts import Counts

_AGAIN = "Evaluate the run again to write a new one."

TOP = (2, 3, 5)  # the k of the top-k accuracies that are reported, as far as there are classes


@dataclass(frozen=True)
class Mistake:
    """An example whose likeliest class is not its own.

    Attributes:
        index: its place in the examples that were evaluated.
        label, predicted: class numbers.
        confidence: the probability of the predicted class.
        loss: its cross-entropy in nats.
        probabilities: of all K classes, rounded to six decimals.
    """

    index: int
    label: int
    predicted: int
    confidence: float
    loss: float
    probabilities: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """What an evaluation found.

    Attributes:
        classes: the names of the K classes.
        confusion: the counts, (K, K) int64, rows the truth.
        loss: the mean cross-entropy in nats.
        calibration: confidence against accuracy.
        top_k: the accuracy among the k likeliest classes, for some k.
        mistakes: the worst of them by loss, the costliest first.
    """

    classes: tuple[str, ...]
    confusion: Counts
    loss: float
    calibration: Calibration
    top_k: Mapping[int, float] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    @cached_property
    def scores(self) -> Scores:
        """Accuracy, precision, recall, F1 and support."""
        return Scores.from_confusion(self.confusion)

    @property
    def mistakes_total(self) -> int:
        """How many examples are wrong, also those that ``mistakes`` does not list."""
        return int(self.confusion.sum() - self.confusion.trace())

    def to_dict(self) -> dict[str, Any]:
        """The report as plain Python numbers, lists and dictionaries: the content of report.json.

        Keys: accuracy, accuracy_interval, loss, examples, classes, confusion (rows truth),
        per_class {name: {precision, recall, f1, support}}, macro_avg, weighted_avg, top_k,
        calibration {error, bins}, mistakes_total, mistakes.
        """
        scores = self.scores
        per_class = zip(
            scores.precision.tolist(),
            scores.recall.tolist(),
            scores.f1.tolist(),
            scores.support.tolist(),
            strict=True,
        )
        cal = self.calibration
        bins = zip(
            cal.edges[:-1].tolist(),
            cal.edges[1:].tolist(),
            cal.counts.tolist(),
            cal.confidence.tolist(),
            cal.accuracy.tolist(),
            strict=True,
        )
        return {
            "accuracy": scores.accuracy,
            "accuracy_interval": list(scores.accuracy_interval),
            "loss": self.loss,
            "examples": scores.examples,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "per_class": {
                name: dict(zip(("precision", "recall", "f1", "support"), row, strict=True))
                for name, row in zip(self.classes, per_class, strict=True)
            },
            "macro_avg": asdict(scores.macro) | {"support": scores.examples},
            "weighted_avg": asdict(scores.weighted) | {"support": scores.examples},
            "top_k": {str(k): share for k, share in self.top_k.items()},
            "calibration": {
                "error": cal.error,
                "bins": [
                    dict(
                        zip(("from", "to", "examples", "confidence", "accuracy"), row, strict=True)
                    )
                    for row in bins
                ],
            },
            "mistakes_total": self.mistakes_total,
            "mistakes": [
                asdict(m) | {"probabilities": list(m.probabilities)} for m in self.mistakes
            ],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, where: str = "report.json") -> Report:
        """The report that :meth:`to_dict` wrote.

        Args:
            content: the dictionary; keys that are not known are passed over.
            where: what errors call it, such as the path of the file.

        Raises:
            RunError: a part is missing, of another kind, or contradicts another part.
        """
        read = Fields(where, _AGAIN)
        classes = tuple(read.strings(content, "classes"))
        confusion = read.matrix(content, "confusion", len(classes))
        cal = read.get(content, "calibration", dict)
        bins = read.get(cal, "bins", list)
        edges = [read.number(b, "from") for b in bins[:1]] + [read.number(b, "to") for b in bins]
        report = cls(
            classes=classes,
            confusion=confusion,
            loss=read.number(content, "loss"),
            calibration=Calibration(
                edges=np.array(edges, dtype=np.float64),
                counts=np.array([read.integer(b, "examples") for b in bins], dtype=np.int64),
                confidence=np.array([read.number(b, "confidence") for b in bins]),
                accuracy=np.array([read.number(b, "accuracy") for b in bins]),
                error=read.number(cal, "error"),
            ),
            top_k=read.shares(content, "top_k"),
            mistakes=tuple(
                Mistake(
                    index=read.integer(m, "index"),
                    label=read.integer(m, "label", below=len(classes)),
                    predicted=read.integer(m, "predicted", below=len(classes)),
                    confidence=read.number(m, "confidence"),
                    loss=read.number(m, "loss"),
                    probabilities=tuple(read.numbers(m, "probabilities", len(classes))),
                )
                for m in read.get(content, "mistakes", list)
            ),
        )
        stated, found = read.number(content, "accuracy"), report.scores.accuracy
        if not isclose(stated, found, abs_tol=1e-9):
            raise read.error("accuracy", f"{found}, as its confusion matrix says", f"{stated}")
        return report

    def to_json(self) -> str:
        """The content of report.json: one key a line, one matrix row and one mistake a line."""
        lines = []
        for key, value in self.to_dict().items():
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            if value and key in ("confusion", "mistakes"):
                rows = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in value)
                text = "[\n    " + ",\n    ".join(rows) + "\n  ]"
            lines.append(f"  {json.dumps(key)}: {text}")
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str, *, where: str = "report.json") -> Report:
        """The report that :meth:`to_json` wrote.

        Raises:
            RunError: the text is not JSON, or not a report.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise RunError(where, expected="JSON", received=str(error), advice=_AGAIN) from None
        return cls.from_dict(content, where=where)

    def to_markdown(
        self,
        *,
        title: str = "Evaluation",
        command: str = "",
        settings: Mapping[str, object] | None = None,
        versions: Mapping[str, object] | None = None,
        epochs: Sequence[Mapping[str, object]] = (),
        figures: Mapping[str, str] | None = None,
        worst: int = 20,
    ) -> str:
        """The report as a page to read.

        Args:
            title: its heading.
            command: the command that repeats the run.
            settings: name -> value; a value of several lines becomes a block of its own.
            versions: name -> version of what it was made with.
            epochs: a row for each, with the names of ``EpochEnded``: epoch, train_loss,
                train_accuracy, valid_loss, valid_accuracy, learning_rate, is_best.
            figures: caption -> path, relative to the page.
            worst: how many mistakes it shows.
        """
        from cnnlib.markdown import report_page

        return report_page(
            self,
            title=title,
            command=command,
            settings=settings or {},
            versions=versions or {},
            epochs=epochs,
            figures=figures or {},
            worst=worst,
        )


def evaluate(
    probabilities: Array,
    labels: Labels,
    class_names: Sequence[str],
    *,
    bins: int = 15,
    keep: int = 500,
) -> Report:
    """Compare predictions with the truth.

    Args:
        probabilities: (N, K) floating-point, each row a distribution.
        labels: the truth, (N,) integers in [0, K).
        class_names: K different names.
        bins: the bins of the calibration.
        keep: how many mistakes the report lists at most.

    Raises:
        ShapeError: the three do not fit each other.
        DivergedError: the probabilities are not finite numbers from 0 to 1.
    """
    checked, truth = check_probabilities(probabilities, labels)
    names, classes = tuple(class_names), checked.shape[1]
    if len(names) != classes or len(set(names)) != classes:
        raise ShapeError(
            "class names",
            expected=f"{classes} different names, one for each column of the probabilities",
            received=", ".join(names) or "none",
        )
    predicted = checked.argmax(axis=1)
    losses = example_losses(checked, truth)
    wrong = np.flatnonzero(predicted != truth)
    wrong = wrong[np.argsort(-losses[wrong], kind="stable")]
    return Report(
        classes=names,
        confusion=confusion_matrix(truth, predicted, classes),
        loss=float(losses.mean()) if losses.size else 0.0,
        calibration=calibration(checked, truth, bins),
        top_k={k: top_k_accuracy(checked, truth, k) for k in TOP if k < classes},
        mistakes=tuple(
            Mistake(
                index=int(i),
                label=int(truth[i]),
                predicted=int(predicted[i]),
                confidence=round(float(checked[i, predicted[i]]), 6),
                loss=round(float(losses[i]), 6),
                probabilities=tuple(np.round(checked[i].astype(np.float64), 6).tolist()),
            )
            for i in wrong[:keep]
        ),
    )
