"""What a run was made of, brought back from its directory: its data and its weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast, get_args

import data
from cnnlib.errors import CnnError, RunError, SpecificationError
from cnnlib.losses import Loss
from cnnlib.text import parse
from data import Dataset, Progress, Split
from tui.experiment.checkpoints import Which, load_network
from tui.settings.training import Settings

if TYPE_CHECKING:
    from cnnlib.model import Sequential
    from cnnlib.runs.directory import Run


@dataclass(frozen=True, eq=False)
class RunData:
    """The splits that a run trains on, validates with and is measured by.

    Attributes:
        dataset: the whole set.
        train: what is learned from: the training split less what is held out.
        valid: what is held out to validate, or None.
        test: what is measured on, once.
    """

    dataset: Dataset
    train: Split
    valid: Split | None
    test: Split

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.dataset.classes

    def split(self, name: str) -> Split:
        """The split of this name: train, valid or test.

        Raises:
            RunError: the run has no such split.
        """
        chosen = {"train": self.train, "valid": self.valid, "test": self.test}.get(name)
        if chosen is None or not len(chosen):
            raise RunError(
                "split", expected="a split that has images: train, valid or test", received=name
            )
        return chosen


def load_dataset(settings: Settings, progress: Progress | None = None) -> Dataset:
    """The data set that the settings name, its images of the size that they ask for.

    Raises:
        DataError: the data cannot be loaded.
    """
    return data.load(
        settings.data, seed=settings.split_seed, size=settings.image_size, progress=progress
    )


def divide(dataset: Dataset, settings: Settings) -> RunData:
    """Hold the validation share out of the training split, the same for the same seed."""
    if not settings.validation:
        return RunData(dataset, dataset.train, None, dataset.test)
    rest, held = data.holdout(dataset.train, settings.validation, settings.split_seed)
    return RunData(dataset, rest, held, dataset.test)


def load_data(run: Run) -> RunData:
    """The splits of a run; the content is compared with what the run began with.

    Raises:
        RunError: the data set is another one by now.
        DataError: the data cannot be loaded.
    """
    description = run.description()
    settings = Settings.from_description(description)
    dataset = load_dataset(settings)
    began_with = description.get("data", {}).get("sha256", dataset.sha256)
    if dataset.sha256 != began_with:
        raise RunError(
            f"the data of {run.id}",
            expected=f"{settings.data} with the content {str(began_with)[:12]}..",
            received=f"{dataset.sha256[:12]}..",
            advice="Give the run the data that it began with, or begin a new one.",
        )
    return divide(dataset, settings)


def load_model(run: Run, which: str = "best") -> Sequential:
    """The network of a run with its best weights so far, or with its last.

    Raises:
        RunError: the run has no checkpoint yet.
        CheckpointError: the checkpoints are damaged, or of another network.
        SpecificationError: there are no such weights.
    """
    if which not in get_args(Which):
        raise SpecificationError("which", expected="best or last", received=repr(which))
    description = run.description()
    shape = tuple(description["model"]["input_shape"])
    return load_network(run, cast(Which, which), description["model"]["architecture"], shape)


def other_data(run: Run, name_or_path: str) -> RunData:
    """Another data set, divided as the run divides its own, with the run's classes.

    Raises:
        RunError: its images or classes are not those that the run's network knows.
        DataError: the data cannot be loaded.
    """
    description = run.description()
    settings = Settings.from_description(description)
    dataset = load_dataset(replace(settings, data=name_or_path))
    shape = tuple(description["model"]["input_shape"])
    if dataset.image_shape != shape or len(dataset.classes) != len(class_names(run)):
        raise RunError(
            dataset.title,
            expected=f"images of {shape} in {len(class_names(run))} classes, as {run.id} knows",
            received=f"images of {dataset.image_shape} in {len(dataset.classes)} classes",
            advice="Measure on data of the same kind, or train another network on these.",
        )
    return divide(dataset, settings)


def label_smoothing(run: Run) -> float:
    """The label smoothing of a run's loss; 0 where it has none or does not say."""
    try:
        loss = parse(str(run.description().get("training", {}).get("loss", "")), Loss)
    except (CnnError, OSError):
        return 0.0
    return float(getattr(loss, "label_smoothing", 0.0))


def class_names(run: Run) -> tuple[str, ...]:
    """The names of the classes that the run's network tells apart.

    Raises:
        RunError: run.toml does not say them.
    """
    classes = run.description().get("data", {}).get("classes")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise RunError(
            str(run.description_path), expected="classes in [data]", received=repr(classes)
        )
    return tuple(classes)
