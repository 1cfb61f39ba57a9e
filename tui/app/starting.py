"""Starting trainers in a thread worker, and asking them; a mixin of the app.

A trainer is a process of its own, in a session of its own, and outlives the app; only while the app
lives it is also its child, and is reaped when it ends.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import work
from textual.message import Message

from cnnlib.errors import CnnError
from cnnlib.runs import commands as asking
from data.errors import DataError
from tui.app.working import Working

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run
    from tui.settings.training import Settings

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
class RunLaunched(Message):
    """A trainer works on this run."""

    run: Run
    resumed: bool = False


@dataclass
class RunFailed(Message):
    """No trainer could be started, or it could not be asked."""

    reason: str


class Starting(Working):
    """The part of the app that starts trainers, and asks them."""

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
