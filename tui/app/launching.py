"""Reading data sets and starting trainers, in thread workers that answer by a message.

A mixin of the app: the workers prepare and launch, they touch no widget. A trainer is a process of
its own, in a session of its own, and outlives the app; only while the app lives it is also its
child, and is reaped when it ends.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textual import work
from textual.app import App
from textual.message import Message
from textual.worker import Worker, WorkerState

from cnnlib.errors import CnnError
from cnnlib.runs import commands as asking
from data.errors import DataError
from tui.app.defects import note_defect

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run
    from data.dataset import Dataset
    from tui.session import Session
    from tui.settings.training import Settings

SECONDS_BETWEEN_WORDS = 0.5
"""How often it is said how far a download is."""
SMALL = 100_000
"""Bytes of a file that is here before anybody has read how far it is."""

REQUESTS: dict[str, Callable[[], asking.Command]] = {
    "pause": asking.Pause,
    "resume": asking.Resume,
    "stop": asking.Stop,
    "snapshot": asking.Snapshot,
    "step": asking.StepBatch,
    "epoch": asking.StepEpoch,
    "evaluate": asking.EvaluateNow,
    "abandon": asking.Abandon,
}
"""What a trainer can be asked for, by name."""


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


@dataclass
class RunLaunched(Message):
    """A trainer works on this run."""

    run: Run
    resumed: bool = False


@dataclass
class RunFailed(Message):
    """No trainer could be started, or it could not be asked."""

    reason: str


class Launching(App[None]):
    """The part of the app that starts long work."""

    session: Session

    def say(self, text: str, severity: str = "information") -> None:
        """Tell the user; the app does."""
        raise NotImplementedError

    def unsay(self, *beginnings: str) -> None:
        """Take back what was said last, if it begins so; the app does."""
        raise NotImplementedError

    @property
    def unsaved(self) -> str:
        """What was typed and is used nowhere yet; the panes know."""
        raise NotImplementedError

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._trainers: list[tuple[Run, subprocess.Popen[bytes]]] = []
        self._asked: tuple[Run, int] | None = None  # and how many answers there were by then
        self.launching = False
        """Whether a run is being prepared."""

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

    def start_run(self, *, new: bool = False) -> str:
        """Start a trainer: on the run shown if it can be resumed, else on a new one.

        Returns what is being done, in a few words; the outcome comes as a message.
        """
        series, run = self.session.series, self.session.run
        if self.launching:
            return "a run is being prepared"
        if series.is_live:
            return "the run is training: p pauses, x stops"
        self.launching = True
        if run is not None and not new and series.is_resumable:
            self._resume(run)
            return f"resuming {run.id}"
        self._launch_new(self.session.settings)
        return "preparing a run"

    def resume_at(self, rate: float) -> str:
        """Resume the run shown at another learning rate; returns what is being done."""
        run = self.session.run
        if run is None or self.launching or self.session.series.is_live:
            return "there is nothing to resume"
        self.launching = True
        self.ask_trainer(asking.SetLearningRate(rate))  # obeyed before the first step
        self._resume(run)
        return f"resuming {run.id} at {rate:g}"

    @work(thread=True, exclusive=True, group="launch", exit_on_error=False)
    def _launch_new(self, settings: Settings) -> None:
        from tui.experiment import prepare

        self._launch(lambda: prepare(settings, self.session.runs_root, ""))

    @work(thread=True, exclusive=True, group="launch", exit_on_error=False)
    def _resume(self, run: Run) -> None:
        self._launch(lambda: run, resumed=True)

    def _launch(self, make_run: Callable[[], Run], *, resumed: bool = False) -> None:
        from tui.experiment import launch

        try:
            run = make_run()
            self._trainers.append((run, launch(run)))
            self.post_message(RunLaunched(run, resumed))
        except (CnnError, DataError, OSError) as error:
            self.post_message(RunFailed(str(error)))
        finally:
            self.launching = False

    def ask_trainer(self, request: str | asking.Command) -> None:
        """Append a command to the run's commands; the trainer answers by an event."""
        run = self.session.run
        if run is None:
            return
        try:
            self._asked = run, self.session.series.answers
            asking.send(run, REQUESTS[request]() if isinstance(request, str) else request)
        except (CnnError, OSError) as error:
            self.post_message(RunFailed(str(error)))

    def tell_answer(self) -> None:
        """Say what the trainer answered to the last thing it was asked."""
        series = self.session.series
        if self._asked is None:
            return
        run, before = self._asked
        if run is not self.session.run:
            self._asked = None
        elif series.answers > before:
            self._asked = None
            if series.answer:
                self.say(series.answer)

    def reap(self) -> None:
        """Take note of trainers that ended; of one that failed without a word, say its last."""
        for run, trainer in list(self._trainers):
            code = trainer.poll()
            if code is None:
                continue
            self._trainers.remove((run, trainer))
            if run is self.session.run:
                self.session.series.expect_trainer(expected=False)
            if code != 0:
                self.post_message(RunFailed(f"{run.id}: {_last_words(run, code)}"))

    # Messages of the workers

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker must catch what can go wrong; what it did not catch is a defect, and said."""
        if event.state is WorkerState.ERROR:
            self.tell_defect(event.worker.error)

    def tell_defect(self, error: BaseException | None) -> None:
        """Say that the program itself is wrong, and where its traceback is."""
        if error is not None:
            self.say(note_defect(error), "error")

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

    def on_run_launched(self, message: RunLaunched) -> None:
        """A trainer was started."""
        self.session.open_run(message.run, launched=True)
        if message.resumed:
            self.say(f"resumed {message.run.id}")
        elif self.unsaved:
            self.say(f"started {message.run.id}, but {self.unsaved}", "warning")
        else:
            self.say(f"started {message.run.id}")

    def on_run_failed(self, message: RunFailed) -> None:
        """No trainer could be started."""
        self.session.touch()
        self.say(message.reason, "error")


def _last_words(run: Run, code: int) -> str:
    """The last line of the trainer's log, or its exit code where it said nothing."""
    try:
        lines = run.log_path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        lines = []
    said = [line.strip() for line in lines if line.strip()]
    ended = f"the trainer was ended by signal {-code}" if code < 0 else f"exit code {code}"
    return said[-1] if said and code > 0 else ended
