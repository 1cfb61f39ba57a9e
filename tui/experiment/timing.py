"""How long an epoch will take on this machine: the training itself, tried for a second or two.

`python -m tui.experiment.timing` reads the tables of a run.toml as JSON from its standard input,
trains in a run directory that is thrown away, and prints what it found as one JSON object. The
journal and the checkpoints are written as in any run: of a small network they are much of an epoch.
A process of its own: ranks cannot be started from within a running app, and the steps must have
the threads of BLAS that a trainer has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlib.events import Record
    from cnnlib.runs import Run
    from tui.settings.training import Settings

WARM_STEPS = 4
"""Steps that are not counted: the first ones fill caches."""
WHOLE_EPOCHS = 2
"""Epochs that are waited for where they are short."""
PATIENCE = 2.0
"""How much longer than asked for, in times of it, the end of an epoch is waited for."""


@dataclass(frozen=True)
class Timing:
    """What was measured.

    Attributes:
        epoch_seconds: expected time of an epoch, its validation and checkpoints included.
        step_seconds: mean time of a step.
        steps: how many were measured.
    """

    epoch_seconds: float
    step_seconds: float
    steps: int


class _Enough(BaseException):
    """Ends the trial from within."""


class _Stopwatch:
    """Listens to a trial, and ends it when whole epochs, or steps and a validation, are timed."""

    def __init__(self, run: Run, seconds: float, *, validates: bool) -> None:
        self._run, self._seconds, self._validates = run, seconds, validates
        self._steps = self._per_epoch = 0
        self._spent = self._validating = 0.0
        self._last = time.perf_counter()
        self._epochs: list[float] = []  # when they began
        self._asked = False

    def hear(self, record: Record) -> None:
        """Another event."""
        from cnnlib import events as ev

        now, event = time.perf_counter(), record.event
        match event:
            case ev.RunStarted():
                self._per_epoch = event.steps_per_epoch
            case ev.EpochStarted():
                self._epochs.append(now)
            case ev.Evaluated() if self._asked:
                self._validating = now - self._last
                raise _Enough
            case ev.StepEnded():
                self._steps += 1
                self._spent += now - self._last if self._steps > self._warm else 0.0
        if self._steps > self._warm and not self._asked:
            self._end_or_go_on()
        self._last = time.perf_counter()

    @property
    def _warm(self) -> int:
        return min(WARM_STEPS, self._per_epoch)

    def _end_or_go_on(self) -> None:
        if self._spent < self._seconds:
            return
        if len(self._epochs) > WHOLE_EPOCHS:
            raise _Enough
        left = (self._per_epoch - self._steps % self._per_epoch) * self._step
        if left <= PATIENCE * self._seconds:
            return
        if not self._validates:
            raise _Enough
        from cnnlib.runs.commands import EvaluateNow, send

        send(self._run, EvaluateNow())
        self._asked = True

    @property
    def _step(self) -> float:
        return self._spent / (self._steps - self._warm)

    def timing(self) -> Timing:
        """What was found."""
        whole = [end - start for start, end in zip(self._epochs, self._epochs[1:], strict=False)]
        whole = whole[1:] or whole  # the first one fills caches
        expected = self._step * self._per_epoch + self._validating
        if whole:
            expected = sum(whole) / len(whole)
        return Timing(expected, self._step, self._steps - self._warm)


def measure(settings: Settings, *, seconds: float = 1.0) -> Timing:
    """Train for about so many seconds and say what an epoch would take.

    Raises:
        SpecificationError: the settings do not fit together.
        DataError: the data cannot be read.
        RankError: the training failed.
    """
    from cnnlib.errors import RankError
    from tui.experiment.owning import train
    from tui.experiment.preparing import prepare

    trial = replace(settings, epochs=max(settings.epochs, 100), stopping="")
    with tempfile.TemporaryDirectory(prefix="cnn-tui-timing-") as folder:
        run = prepare(trial, Path(folder), "timing")
        watch = _Stopwatch(run, seconds, validates=bool(run.description()["data"]["valid"]))
        try:
            train(run, watch.hear)
        except _Enough:
            return watch.timing()
    raise RankError("the trial", expected="steps to measure", received="an end")


def measure_apart(description: Mapping[str, Any]) -> Timing:
    """`measure` in a process of its own.

    Raises:
        OSError: the process could not be started.
        ValueError: it found something wrong, which it says.
    """
    from tui.experiment.launching import one_thread_each

    environment = dict(os.environ)
    one_thread_each(environment)
    ended = subprocess.run(
        [sys.executable, "-m", "tui.experiment.timing"],
        input=json.dumps(description),
        capture_output=True,
        text=True,
        env=environment,
        start_new_session=True,
        timeout=120,
        check=False,
    )
    if ended.returncode != 0:
        said = [line for line in ended.stderr.splitlines() if line.strip()]
        raise ValueError(said[-1] if said else f"exit code {ended.returncode}")
    return Timing(**json.loads(ended.stdout))


def main() -> int:
    """The process."""
    from cnnlib.errors import CnnError
    from data.errors import DataError
    from tui.settings.training import Settings

    try:
        timing = measure(Settings.from_description(json.load(sys.stdin)))
    except (CnnError, DataError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(timing)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
