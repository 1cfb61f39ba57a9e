"""Reading data sets in a thread worker; a mixin of the app."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import work
from textual.message import Message

from cnnlib.errors import CnnError
from data.errors import DataError
from tui.app.working import Working

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run
    from data.dataset import Dataset

SECONDS_BETWEEN_WORDS = 0.5
"""How often it is said how far a download is."""
SMALL = 100_000
"""Bytes of a file that is here before anybody has read how far it is."""


@dataclass
class DatasetRead(Message):
    """A data set was read."""

    dataset: Dataset
    asked: str
    """What it was asked for by."""
    split_seed: int = 0
    resize: str = ""


@dataclass
class DatasetFailed(Message):
    """A data set could not be read."""

    reason: str
    keep: bool = False
    """Whether the data set that is shown stays."""


@dataclass
class DatasetComes(Message):
    """So many bytes of a file are here."""

    name: str
    here: int
    expected: int


class Reading(Working):
    """The part of the app that reads data sets."""

    @work(thread=True, exclusive=True, group="dataset", exit_on_error=False)
    def read_dataset(self, name: str, seed: int = 0, keep: bool = False) -> None:
        """Read the data set, its parts divided by a seed; answers by a message.

        `keep` says that the one that is shown stays if this one cannot be read.
        """
        from tui.experiment.loading import load_dataset

        draft = self.session.settings
        resize = draft.resize if name == draft.data else ""
        asked = replace(draft, data=name, split_seed=seed, resize=resize)
        told = 0.0

        def tell(file: str, here: int, expected: int) -> None:
            nonlocal told
            if time.monotonic() - told > SECONDS_BETWEEN_WORDS:
                told = time.monotonic()
                self.post_message(DatasetComes(file, here, expected))

        try:
            dataset = load_dataset(asked, tell)
            self.post_message(DatasetRead(dataset, name, seed, asked.resize))
        except (DataError, OSError) as error:
            self.post_message(DatasetFailed(str(error), keep))

    def show_run(self, run: Run) -> None:
        """Show this run in all panes, with the data that it trains on."""
        self.session.open_run(run)
        self._read_dataset_of(run)

    def read_data_of(self, run: Run) -> None:
        """Read the data that a run trains on, if it is still the run that is shown."""
        if self.session.run is run:
            self._read_dataset_of(run)

    @work(thread=True, exclusive=True, group="dataset", exit_on_error=False)
    def _read_dataset_of(self, run: Run) -> None:
        from tui.experiment import load_data
        from tui.settings.training import Settings

        shown = self.session.dataset
        try:
            description = run.description()
            settings = Settings.from_description(description)
            if shown is None or description.get("data", {}).get("sha256") != shown.sha256:
                dataset = load_data(run).dataset
                self.post_message(
                    DatasetRead(dataset, settings.data, settings.split_seed, settings.resize)
                )
        except (CnnError, DataError, OSError) as error:
            self.post_message(DatasetFailed(str(error)))

    # Messages of the workers

    def on_dataset_read(self, message: DatasetRead) -> None:
        """The data set is there; the next run trains on it too."""
        self.session.use_dataset(message.dataset)
        self.unsay("reading ", "fetching ", "still reading")
        draft = self.session.settings
        asked = replace(
            draft, data=message.asked, split_seed=message.split_seed, resize=message.resize
        )
        if asked != draft:
            self.session.edit(asked)

    def on_dataset_failed(self, message: DatasetFailed) -> None:
        """The data set could not be read."""
        if message.keep and self.session.dataset is not None:
            self.say(message.reason, "error")
            return
        self.session.refuse_dataset(message.reason)
        self.say(message.reason, "error")

    def on_dataset_comes(self, message: DatasetComes) -> None:
        """A file is being fetched."""
        if message.expected < SMALL:
            return
        done = f"{message.here / 1e6:.1f} of {message.expected / 1e6:.1f} MB"
        self.say(f"fetching {message.name}: {done}")
