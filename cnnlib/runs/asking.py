"""Asking a trainer, and waiting for its answer.

A command is a line in the run (:mod:`cnnlib.runs.commands`), its answer an event in the journal.
Here the two are brought together for whoever wants to know at once what became of a command. The
journal is read from its present end on, however long it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnlib.errors import RunError
from cnnlib.events import CommandDone, CommandRefused, Event, Record, RunEnded, StepEnded
from cnnlib.runs.commands import Command, send
from cnnlib.runs.lock import Owner, owner
from cnnlib.runs.reading import JournalReader
from cnnlib.runs.state import read_state

if TYPE_CHECKING:
    from cnnlib.runs.layout import Run

PATIENCE = 10.0
_POLL = 0.03
_LOOK = 0.5  # seconds between two looks at the owner


@dataclass(frozen=True)
class Answer:
    """What became of a command.

    Args:
        id: the identifier that the command was sent with.
        done: True where it was carried out, False where it was refused, None without an answer.
        reason: why it was refused, or why nobody answered.
        told: the events since the command was sent, without the steps but the last.
    """

    id: str
    done: bool | None
    reason: str
    told: tuple[Record, ...]


def ask(
    run: Run, command: Command, seconds: float = PATIENCE, until: type[Event] | None = None
) -> Answer:
    """Send a command to the trainer of a run and wait for its answer.

    Args:
        run: the run.
        command: what is asked.
        seconds: how long to wait. The command is not withdrawn after that.
        until: wait for such an event too, which follows the answer (Paused after a step).

    Raises:
        RunError: no trainer is at work on the run, and nothing was sent; or it cannot be written
            to or read.
    """
    require_trainer(run)
    reader = JournalReader(run.journal_path)
    reader.pass_over()
    sent = send(run, command)
    told: list[Record] = []
    done, reason = None, ""
    end = time.monotonic() + seconds
    look = time.monotonic() + _LOOK
    while True:
        present = _is_present(run) if time.monotonic() >= look else True
        for record in reader.read():
            event = record.event
            if told and isinstance(event, StepEnded) and isinstance(told[-1].event, StepEnded):
                told.pop()
            told.append(record)
            if isinstance(event, CommandDone | CommandRefused) and event.command == sent:
                done = isinstance(event, CommandDone)
                reason = event.reason if isinstance(event, CommandRefused) else ""
            ended = isinstance(event, RunEnded) or until is None or isinstance(event, until)
            if done is False or (done and ended):
                return Answer(sent, done, reason, tuple(told))
        if not present or time.monotonic() >= end:
            break
        if time.monotonic() >= look:
            look = time.monotonic() + _LOOK
        time.sleep(_POLL)
    if done is None:
        found = owner(run)
        silence = "it ended before" if found is None else f"{_named(found)}, {_heard(found)}"
        reason = f"no answer within {seconds:g} seconds: {silence}" if present else silence
    return Answer(sent, done, reason, tuple(told))


def require_trainer(run: Run) -> Owner:
    """The trainer that is at work on a run.

    Raises:
        RunError: there is none, and since when.
    """
    found = owner(run)
    if found is not None and found.present:
        return found
    advice = f"Let it go on: cnn-tui resume {run.id}"
    if found is None:
        state = read_state(run)
        received = f"none: the run is {state.state}"
        if state.state in ("finished", "early-stopping"):
            advice = "Nothing is left to train."
        elif not state.ended:
            received = "none: the run has not begun" if state.state == "new" else "none"
    elif found.alive is False:
        received = f"none: {_named(found)} was killed, {_heard(found)}"
    else:
        received = f"silence: {_named(found)}, {_heard(found)}"
    raise RunError(f"run {run.id}", expected="a trainer at work", received=received, advice=advice)


def _is_present(run: Run) -> bool:
    found = owner(run)
    return found is not None and found.present


def _named(found: Owner) -> str:
    return f"process {found.pid} on {found.host}"


def _heard(found: Owner) -> str:
    seconds = found.silent_seconds
    if seconds < 120:
        return f"heard of {seconds:.0f} seconds ago"
    if seconds < 7200:
        return f"silent for {seconds / 60:.0f} minutes"
    return f"silent for {seconds / 3600:.0f} hours"
