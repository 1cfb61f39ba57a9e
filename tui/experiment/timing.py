"""How long an epoch will take on this machine: the training itself, tried for a second.

`python -m tui.experiment.timing` reads the tables of a run.toml as JSON from its standard input,
trains a few dozen steps without writing anything, and prints what it found as one JSON object.
A process of its own: ranks cannot be started from within a running app, and the steps must have
the threads of BLAS that a trainer has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.settings import Settings

WARM_STEPS = 4
"""Steps that are not counted: the first ones fill caches."""


@dataclass(frozen=True)
class Timing:
    """What was measured.

    Attributes:
        epoch_seconds: expected time of an epoch, its validation included.
        step_seconds: mean time of a step.
        steps: how many were measured.
    """

    epoch_seconds: float
    step_seconds: float
    steps: int


def measure(settings: Settings, *, seconds: float = 1.0) -> Timing:
    """Train for about so many seconds and say what an epoch would take.

    Raises:
        SpecificationError: the settings do not fit together.
        DataError: the data cannot be read.
        RankError: the training failed.
    """
    import data
    from cnnlib.errors import RankError
    from cnnlib.events import RunEnded, RunStarted, StepEnded
    from tui.experiment.assembly import assemble
    from tui.experiment.loading import divide

    dataset = data.load(settings.data, seed=settings.split_seed)
    trial = replace(settings, epochs=max(settings.epochs, 100), stopping="")
    trainer = assemble("timing", trial, divide(dataset, trial))
    warm = done = per_epoch = 0
    spent = validating = last = 0.0
    events = trainer.run()
    try:
        for event in events:
            now = time.perf_counter()
            if isinstance(event, RunStarted):
                per_epoch, warm = event.steps_per_epoch, min(WARM_STEPS, event.steps_per_epoch)
            if isinstance(event, RunEnded):
                raise RankError("the trial", expected="steps to measure", received=event.message)
            if isinstance(event, StepEnded):
                done += 1
                spent += now - last if done > warm else 0.0
                if done > warm and spent >= seconds:
                    break
            last = now
        if "valid" in trainer.splits:
            before = time.perf_counter()
            trainer.evaluate("valid")
            validating = time.perf_counter() - before
    finally:
        events.close()  # type: ignore[attr-defined]
    step = spent / (done - warm)
    return Timing(step * per_epoch + validating, step, done - warm)


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
    from tui.settings import Settings

    try:
        timing = measure(Settings.from_description(json.load(sys.stdin)))
    except (CnnError, DataError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(timing)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
