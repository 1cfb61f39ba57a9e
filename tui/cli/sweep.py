"""`cnn-tui sweep`: search for settings on this machine or on a cluster of Dask."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli.exits import DONE, FAILED, say
from tui.cli.options import DEFAULT_RUNS, Json, Runs, print_json
from tui.cli.tables import print_table
from tui.experiment.launching import one_thread_each

if TYPE_CHECKING:
    from tui.sweep.driver import Driver
    from tui.sweep.journal import Trial
    from tui.sweep.plan import Sweep

SHOWN = 5  # trials in the table at the end
STOPPED = "stopped; trials under way wrote a checkpoint, and the same command goes on"


class _Stopped(BaseException):
    """A signal asks the driver to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.TOML", help="What is searched, and how.")],
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of a Dask scheduler, or its file (.json)."),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=0, help="Trainings at once here; 0: one a core.")
    ] = 0,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Search for settings: many trainings, each a run directory below the sweep's folder.

    The same command takes up a sweep that was stopped or killed. Needs the extra: sweep.
    """
    one_thread_each(os.environ)
    from tui.sweep.crew import open_crew
    from tui.sweep.driver import Driver, SweepStopped, driving, require_free
    from tui.sweep.plan import read_sweep, settle
    from tui.sweep.study import require_extra

    asked = read_sweep(file)
    require_extra()
    if workers and scheduler:
        raise typer.BadParameter("--workers is for this machine; a cluster has its own")
    require_free(runs / asked.name)
    _load_data(asked)
    folder = settle(asked, runs)
    try:
        with (
            _signals(),
            open_crew(scheduler, workers or _cores()) as crew,
            driving(folder) as lock,
        ):
            driver = Driver(asked, folder, lock, crew, _teller(asked, as_json))
            _begin(driver, folder, crew.slots(), as_json)
            driver.drive()
    except _Stopped as stopped:
        return say(STOPPED, 128 + stopped.number)
    except SweepStopped:
        return say(STOPPED, DONE)
    _end(driver, folder, as_json)
    return DONE if any(trial.state == "finished" for trial in driver.trials) else FAILED


def _cores() -> int:
    from tui.experiment.assembly import cores

    return cores()


def _load_data(asked: Sweep) -> None:
    """Fetch the data now, where it can be told, and not on every worker at once."""
    from data import progress_bar
    from tui.experiment.loading import load_dataset

    with progress_bar() as progress:
        load_dataset(asked.settings, progress)


@contextmanager
def _signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the block in order; what nohup ignores stays ignored."""
    from tui.experiment.signals import STOPPING

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Stopped(number)

    before = {number: signal.getsignal(number) for number in STOPPING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _begin(driver: Driver, folder: Path, slots: int, as_json: bool) -> None:
    over = sum(trial.over for trial in driver.trials)
    planned = driver.sweep.trials
    if as_json:
        event = {"event": "SweepStarted", "sweep": str(folder), "trials": planned, "over": over}
        print_json({**event, "workers": slots})
    else:
        print(f"sweep {folder}", flush=True)
        crew = f"{slots} at once" if slots else "waiting for workers"
        print(f"{planned} trials, {over} of them over, {crew}", flush=True)


def _teller(asked: Sweep, as_json: bool) -> Callable[[Trial], None]:
    """What says how a trial ended, and the best so far."""
    from tui.sweep.results import ranked

    best: list[Trial] = []

    def tell(trial: Trial) -> None:
        if as_json:
            print_json({"event": "Trial", **asdict(trial)})
            return
        if not trial.over:
            return
        if trial.value is not None:
            best[:] = ranked([*best, trial], asked.objective)[:1]
        note = f", {trial.message}" if trial.message else ""
        leader = (
            f"; best {_value(best[0], asked.objective)} (trial {best[0].number})" if best else ""
        )
        value = _value(trial, asked.objective)
        print(
            f"trial {trial.number} {trial.state} {value}{note}: {words(trial)}{leader}", flush=True
        )

    return tell


def _end(driver: Driver, folder: Path, as_json: bool) -> None:
    """The best trials; the accuracy on the test images is told of the first of them alone."""
    from tui.sweep.results import ranked
    from tui.sweep.study import importances

    objective = driver.sweep.objective
    best = ranked(driver.trials, objective)
    counts = {
        state: sum(trial.state == state for trial in driver.trials)
        for state in ("finished", "pruned", "diverged", "failed")
    }
    shares = importances(driver.sweep, driver.trials)
    test = _test_accuracy(folder, best[0]) if best else None
    if as_json:
        told: dict[str, Any] = {"event": "SweepEnded", "sweep": str(folder), **counts}
        told |= {"best": asdict(best[0]) if best else None, "test_accuracy": test}
        print_json({**told, "importances": shares})
        return
    print(", ".join(f"{count} {state}" for state, count in counts.items() if count))
    if not best:
        return
    rows = [
        (trial.number, _value(trial, objective), words(trial), trial.runs[0])
        for trial in best[:SHOWN]
    ]
    print_table(("trial", f"valid {objective}", "settings", "run"), rows)
    for name, share in shares.items():
        print(f"{share:6.1%} of the differences: {name}")
    if test is not None:
        print(f"test accuracy of trial {best[0].number}: {test:.2%}")
    print(
        f"train with its settings: cnn-tui train --config {folder / best[0].runs[0] / 'run.toml'}"
    )


def words(trial: Trial) -> str:
    """The settings of a trial in one line."""
    from tui.sweep.space import word

    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={word(value)}"
        for name, value in trial.parameters.items()
    )


def _value(trial: Trial, objective: str) -> str:
    value = trial.value if trial.value is not None else (trial.values[-1] if trial.values else None)
    if value is None:
        return "-"
    return f"{value:.2%}" if objective == "accuracy" else f"{value:.4f}"


def _test_accuracy(folder: Path, trial: Trial) -> float | None:
    """Of the runs of a trial, on average; None where a run does not say."""
    from cnnlib.runs.directory import Run
    from cnnlib.runs.state import read_state

    found = [read_state(Run(folder / name)).test_accuracy for name in trial.runs]
    known = [accuracy for accuracy in found if accuracy is not None]
    return sum(known) / len(known) if known and len(known) == len(found) else None
