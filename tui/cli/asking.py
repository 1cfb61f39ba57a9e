"""Words for a trainer at work: pause, step, stop, abandon, snapshot, another rate, evaluate.

Each is written into the run's directory and answered by an event, which is waited for and printed.
A refusal, and silence, exit with 1.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated

import typer

from tui.cli.exits import DONE, FAILED, say
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, find_run, print_json

if TYPE_CHECKING:
    from cnnlib.events import Event
    from cnnlib.runs.commands import Command
    from cnnlib.runs.directory import Run

Wait = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", min=0.0, help="How long to wait for the answer."),
]
PATIENCE = 10.0


def pause(
    run: RunWords, wait: Wait = PATIENCE, runs: Runs = DEFAULT_RUNS, as_json: Json = False
) -> int:
    """Pause the training of a run between two steps; `cnn-tui resume` lets it go on."""
    from cnnlib.runs.commands import Pause

    return ask(find_run(run, runs), Pause(), wait, as_json)


def step(
    run: RunWords,
    epoch: Annotated[
        bool, typer.Option("--epoch", help="Go on to the end of the epoch instead.")
    ] = False,
    wait: Wait = PATIENCE,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Let a run learn one batch, or with --epoch the rest of the epoch, then pause."""
    from cnnlib.events import Paused
    from cnnlib.runs.commands import StepBatch, StepEpoch

    found = find_run(run, runs)
    if epoch:  # which may take minutes: not waited for
        return ask(found, StepEpoch(), wait, as_json)
    return ask(found, StepBatch(), wait, as_json, until=Paused)


def stop(
    run: RunWords, wait: Wait = PATIENCE, runs: Runs = DEFAULT_RUNS, as_json: Json = False
) -> int:
    """Stop the training of a run: it writes a checkpoint, and can be resumed."""
    from cnnlib.events import RunEnded
    from cnnlib.runs.commands import Stop

    return ask(find_run(run, runs), Stop(), wait, as_json, until=RunEnded)


def abandon(
    run: RunWords, wait: Wait = PATIENCE, runs: Runs = DEFAULT_RUNS, as_json: Json = False
) -> int:
    """End the training of a run at once, without a checkpoint: its last steps are lost."""
    from cnnlib.events import RunEnded
    from cnnlib.runs.commands import Abandon

    return ask(find_run(run, runs), Abandon(), wait, as_json, until=RunEnded)


def snapshot(
    run: RunWords, wait: Wait = PATIENCE, runs: Runs = DEFAULT_RUNS, as_json: Json = False
) -> int:
    """Let a run write a checkpoint now."""
    from cnnlib.runs.commands import Snapshot

    return ask(find_run(run, runs), Snapshot(), wait, as_json)


def rate(
    run: RunWords,
    value: Annotated[float, typer.Argument(metavar="X", help="The rate of the next step.")],
    wait: Wait = PATIENCE,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Change the learning rate of a run at work; its schedule goes on in proportion."""
    from cnnlib.errors import SpecificationError
    from cnnlib.runs.commands import SetLearningRate

    if not 0 < value < math.inf:
        raise SpecificationError("the rate", expected="a number above 0", received=repr(value))
    return ask(find_run(run, runs), SetLearningRate(value), wait, as_json)


def evaluate_now(run: Run, as_json: bool) -> int:
    """Let a run at work try its network on the validation images now."""
    from cnnlib.runs.commands import EvaluateNow

    return ask(run, EvaluateNow(), 6 * PATIENCE, as_json)


def ask(
    run: Run, command: Command, wait: float, as_json: bool, until: type[Event] | None = None
) -> int:
    """Send a command to the trainer of a run, wait for its answer and print it.

    Raises:
        RunError: no trainer is at work, or the run cannot be written to.
    """
    from cnnlib import events as ev
    from cnnlib.runs import asking
    from tui.following.log_lines import describe

    answer = asking.ask(run, command, wait, until)
    name = type(command).__name__
    if as_json:
        print_json(
            {
                "run": run.id,
                "command": name,
                "id": answer.id,
                "done": answer.done,
                "reason": answer.reason,
                "events": [json.loads(ev.encode(record)) for record in answer.told],
            }
        )
        return DONE if answer.done else FAILED
    if answer.done is None:
        return say(
            f"run {run.id}: {name} was asked for; {answer.reason}. "
            f"What came of it will stand in its log: cnn-tui attach {run.id}"
        )
    if not answer.done:
        return say(f"run {run.id}: {name} was refused: {answer.reason}")
    for record in answer.told:
        event = record.event
        if isinstance(event, ev.StepEnded) and until is ev.Paused:
            print(f"step {event.step}: loss {event.loss:.4f}, accuracy {event.accuracy:.2%}")
        elif not isinstance(event, ev.CommandRefused) and (told := describe(event)) is not None:
            print(told)
    return DONE
