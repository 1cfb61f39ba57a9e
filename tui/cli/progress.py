"""A training told while it goes: a bar on a terminal, lines elsewhere, JSON where it is asked for.

Each is a context that gives a function which takes the records of the run as they are written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from cnnlib import events as ev
from cnnlib.events import Record
from tui.following.log_lines import log_line

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

Listen = Callable[[Record], None]
FLUSH_SECONDS = 0.25  # steps may wait as long for their reader


def listener(run: Run, *, as_json: bool, on_terminal: bool) -> AbstractContextManager[Listen]:
    """The way of telling that suits where the words go."""
    if as_json:
        return _json_lines(run)
    return _bar(run) if on_terminal else _lines(run)


class Speed:
    """Images a second while steps are taken: evaluations and pauses do not count."""

    def __init__(self) -> None:
        self.images = 0
        self.seconds = 0.0
        self.elapsed = 0.0
        self._began: float | None = None
        self._last: float | None = None

    def add(self, record: Record) -> None:
        """Take one record in."""
        if self._began is None:
            self._began = record.time
        self.elapsed = record.time - self._began
        match record.event:
            case ev.StepEnded():
                if self._last is not None:
                    self.images += record.event.examples
                    self.seconds += record.time - self._last
                self._last = record.time
            case ev.EpochStarted() | ev.Resumed():
                self._last = record.time
            case ev.Paused() | ev.Evaluated() | ev.CheckpointSaved() | ev.EpochEnded():
                self._last = None

    @property
    def images_per_second(self) -> float | None:
        """The mean so far; None before the second step."""
        return self.images / self.seconds if self.seconds > 0 else None


@contextmanager
def _json_lines(run: Run) -> Iterator[Listen]:
    """Every event on a line; RunEnded carries the sums of the run."""
    speed = Speed()
    flushed = 0.0

    def listen(record: Record) -> None:
        nonlocal flushed
        speed.add(record)
        line = ev.encode(record)
        if isinstance(record.event, ev.RunEnded):
            line = json.dumps(json.loads(line) | _sums(run, record.event, speed))
        due = record.time - flushed > FLUSH_SECONDS or not isinstance(record.event, ev.StepEnded)
        flushed = record.time if due else flushed
        print(line, flush=due)

    yield listen


def _sums(run: Run, event: ev.RunEnded, speed: Speed) -> dict[str, Any]:
    rate = speed.images_per_second
    return {
        "epochs": event.epoch,
        "images_per_second": None if rate is None else round(rate, 1),
        "seconds": round(speed.elapsed, 3),
        "run": run.id,
        "path": str(run.path),
    }


@contextmanager
def _lines(run: Run) -> Iterator[Listen]:
    """A line for all but the steps."""
    speed = Speed()
    named = False

    def listen(record: Record) -> None:
        nonlocal named
        if not named:  # not before a trainer has it: it may be refused
            print(f"run {run.path}", flush=True)
            named = True
        speed.add(record)
        line = log_line(record)
        if line is not None:
            print(line, flush=True)
        if isinstance(record.event, ev.RunEnded):
            for line in _last_words(run, record.event, speed):
                print(line, flush=True)

    yield listen


@contextmanager
def _bar(run: Run) -> Iterator[Listen]:
    """A bar for the epoch that is trained, and the lines above it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(highlight=False)
    speed = Speed()
    progress = Progress(
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
        TextColumn("loss {task.fields[loss]:.4f}  {task.fields[rate]} img/s"),
        TimeRemainingColumn(compact=True),
        console=console,
        refresh_per_second=4,
        transient=True,
    )
    with progress:
        task = progress.add_task("", total=1, epoch=0, epochs=0, loss=0.0, rate="-", visible=False)

        def listen(record: Record) -> None:
            speed.add(record)
            event = record.event
            match event:
                case ev.RunStarted():
                    progress.console.print(f"run {run.path}", style="bold", soft_wrap=True)
                    progress.update(
                        task,
                        total=event.epochs * event.steps_per_epoch,
                        completed=event.step,
                        epochs=event.epochs,
                        visible=True,
                    )
                case ev.StepEnded():
                    rate = speed.images_per_second
                    progress.update(
                        task,
                        completed=event.step,
                        epoch=event.epoch,
                        loss=event.loss,
                        rate="-" if rate is None else f"{rate:,.0f}",
                    )
                case ev.RunEnded():
                    progress.update(task, visible=False)
            line = log_line(record)
            if line is not None:
                progress.console.print(line, markup=False, soft_wrap=True)
            if isinstance(event, ev.RunEnded):
                for line in _last_words(run, event, speed):
                    progress.console.print(line, markup=False, soft_wrap=True)

        yield listen


def _last_words(run: Run, event: ev.RunEnded, speed: Speed) -> Iterator[str]:
    rate = speed.images_per_second
    if rate is not None:
        yield f"{speed.elapsed:.1f} s, {rate:,.0f} images/s in training"
    if event.test_accuracy is not None:
        yield f"test accuracy {event.test_accuracy:.2%}, report in {run.path / 'report.md'}"
    if event.reason == "stopped":
        yield f"go on with: cnn-tui resume {run.id}"
