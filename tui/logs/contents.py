"""What there is to log of a run: numbers of each step and epoch, settings, weights, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnlib.errors import CheckpointError, RunError
from cnnlib.events import EpochEnded, Evaluated, Record, StepEnded
from cnnlib.runs.history import RunHistory
from data import DataError
from tui.experiment.checkpoints import kept_epochs, load_network
from tui.reports.figures import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cnnlib.model import Sequential
    from cnnlib.runs.directory import Run

TABLES = ("data", "model", "training")


class Number(NamedTuple):
    """One measured value: its name with slashes, the step it belongs to, and when, in seconds."""

    name: str
    value: float
    step: int
    time: float


class Contents:
    """What a run has recorded.

    Args:
        run: the run.

    Raises:
        RunError: its journal or its description cannot be read.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.description = run.description()
        self.history = RunHistory.read(run)

    def numbers(self) -> Iterator[Number]:
        """Every loss, accuracy, rate and gradient norm, in the order of the journal.

        A step or an epoch that was trained twice, after a resumption, counts as it was last.
        """
        latest: dict[tuple[type, int], int] = {
            _place(record): record.seq for record in self.history.records if _place(record)[1]
        }
        for record in self.history.records:
            if latest.get(_place(record)) == record.seq:
                for name, value in _values(record):
                    if value is not None:
                        yield Number(name, value, record.event.step, record.time)  # type: ignore[union-attr]

    @cached_property
    def settings(self) -> dict[str, str | int | float | bool]:
        """What repeats the run, and what was found, as plain values by a name."""
        found: dict[str, str | int | float | bool] = {}
        for table in TABLES:
            for name, value in self.description.get(table, {}).items():
                if isinstance(value, str | int | float | bool):
                    found[f"{table}/{name}"] = value
                else:
                    found[f"{table}/{name}"] = ", ".join(map(str, value))
        return found

    @cached_property
    def origin(self) -> dict[str, str]:
        """Where it comes from: the command, the commit, the versions."""
        run: dict[str, Any] = self.description["run"]
        plain = {name: str(value) for name, value in run.items() if not isinstance(value, dict)}
        return plain | {name: str(value) for name, value in run.get("versions", {}).items()}

    def results(self) -> dict[str, float]:
        """What came of it, as far as it has come: the last of each number of an epoch."""
        kinds = (EpochEnded, Evaluated)
        events = (record for record in self.history.records if isinstance(record.event, kinds))
        found = {name: value for record in events for name, value in _values(record)}
        return {name: value for name, value in found.items() if value is not None}

    def networks(self) -> Iterator[tuple[int, Sequential]]:
        """The networks after the epochs whose checkpoints are kept, with their steps."""
        ends = {
            record.event.epoch: record.event.step
            for record in self.history.records
            if isinstance(record.event, EpochEnded)
        }
        model = self.description["model"]
        for epoch in kept_epochs(self.run):
            if epoch in ends:
                which, shape = f"epoch-{epoch:03d}", tuple(model["input_shape"])
                yield ends[epoch], load_network(self.run, which, model["architecture"], shape)

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Confusion matrix, worst mistakes and feature maps of the best network; none before
        there is one, or where the data are no longer there.
        """
        if not any(self.run.checkpoints.glob("*.safetensors")):
            return
        drawing = Drawing(self.run)
        try:
            yield from drawing.confusion()
            yield from drawing.mistakes()
            yield from drawing.feature_maps()
        except (RunError, CheckpointError, DataError):
            return


def _place(record: Record) -> tuple[type, int]:
    """What a record is the record of; its number is 0 where it may stand more than once."""
    match record.event:
        case StepEnded(step=step):
            return StepEnded, step
        case EpochEnded(epoch=epoch):
            return EpochEnded, epoch
        case Evaluated(split="test", epoch=epoch):
            return Evaluated, epoch
    return type(record.event), 0


def _values(record: Record) -> tuple[tuple[str, float | None], ...]:
    match record.event:
        case StepEnded() as event:
            return (
                ("train/batch_loss", event.loss),
                ("train/batch_accuracy", event.accuracy),
                ("train/learning_rate", event.learning_rate),
                ("train/gradient_norm", event.gradient_norm),
            )
        case EpochEnded() as event:
            return (
                ("train/loss", event.train_loss),
                ("train/accuracy", event.train_accuracy),
                ("valid/loss", event.valid_loss),
                ("valid/accuracy", event.valid_accuracy),
            )
        case Evaluated(split="test") as event:
            return ("test/loss", event.loss), ("test/accuracy", event.accuracy)
    return ()
