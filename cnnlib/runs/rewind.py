"""Going back to a checkpoint without saying anything twice.

What makes a crash harmless is an order. A trainer that saves a checkpoint

1. calls ``journal.sync()``: the journal on disk reaches at least as far as the checkpoint;
2. stores ``journal.count``, the number of events so far, in the checkpoint, and saves it;
3. appends CheckpointSaved.

After a crash the journal may hold events later than the checkpoint that training starts from
again. ``journal.rewind_to(count, step)`` takes them back, so that no event stands there twice and
the journal reads like that of a run that was never interrupted. Counting events, not steps, is
what makes the cut exact: at the end of an epoch several events share one step. Beyond the cut

- what training will say again is removed: EpochStarted, StepEnded, EpochEnded, Evaluated,
  LearningRateChanged, and CheckpointSaved, Paused, Resumed of later steps;
- what happened to the process or was answered to somebody stays, renumbered: RunStarted, RunEnded,
  Diverged, Warned, CommandDone, CommandRefused, and up to ``step`` CheckpointSaved, Paused,
  Resumed.

Because answers stay, a command is never carried out twice: a trainer answers a command that
changes training (a learning rate) only after a checkpoint holds the change. A stop that was
answered does not stop the run that resumes it.

The rewound journal takes the place of the old one in one rename; readers notice and say so
(:attr:`JournalReader.restarted`). When nothing has to go, as after every orderly stop, nothing
is rewritten.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from cnnlib.events import (
    MAX_LINE,
    CheckpointSaved,
    CommandDone,
    CommandRefused,
    DamagedEvent,
    Diverged,
    Event,
    Paused,
    Record,
    Resumed,
    RunEnded,
    RunStarted,
    Warned,
    decode,
    encode,
)
from cnnlib.runs.files import read_exactly
from cnnlib.runs.lines import LineTail

_PORTION = 1 << 20


@dataclass(frozen=True)
class Rewound:
    """What :meth:`JournalWriter.rewind_to` did.

    Args:
        removed: how many lines were taken back.
        missing: how many events the journal is short of the count; more than 0 says that the
            journal lost events that the checkpoint had seen (somebody edited or deleted it).
    """

    removed: int
    missing: int


def lines_beyond(path: Path, count: int, step: int) -> tuple[list[bytes], int]:
    """The lines beyond the cut that stay, renumbered, and how many go."""
    kept: list[bytes] = []
    removed = 0
    tail = LineTail(path, longest=MAX_LINE)
    number = 0
    more = True
    while more:
        for line in tail.read():
            number += 1
            if number <= count:
                continue
            record = None if line.data is None else decoded(line.data)
            if record is None or not _outlives(record.event, step):
                removed += 1
            else:
                record = replace(record, seq=count + len(kept) + 1)
                kept.append(encode(record).encode("ascii") + b"\n")
        more = tail.behind
    return kept, removed


def _outlives(event: Event, step: int) -> bool:
    """Whether an event beyond the cut stays although training goes back to ``step``."""
    if isinstance(event, RunStarted | RunEnded | Diverged | Warned | CommandDone | CommandRefused):
        return True
    if isinstance(event, CheckpointSaved | Paused | Resumed):
        return event.step <= step
    return False


def decoded(line: bytes) -> Record | None:
    """The event on a line; None where there is none."""
    try:
        return decode(line.decode("utf-8"))
    except (DamagedEvent, UnicodeDecodeError):
        return None


def survey(descriptor: int) -> tuple[int, int, int]:
    """(number of complete lines, where the last of them ends, size) of a file."""
    count = end = place = 0
    os.lseek(descriptor, 0, os.SEEK_SET)
    while portion := read_exactly(descriptor, _PORTION):
        count += portion.count(b"\n")
        last = portion.rfind(b"\n")
        if last >= 0:
            end = place + last + 1
        place += len(portion)
    return count, end, place


def copy_lines(descriptor: int, count: int, target: BinaryIO) -> None:
    """Copy the first ``count`` lines of a file as they are."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    while count and (portion := read_exactly(descriptor, _PORTION)):
        lines = portion.count(b"\n")
        if lines >= count:
            end = -1
            for _ in range(count):
                end = portion.find(b"\n", end + 1)
            del portion[end + 1 :]
            lines = count
        target.write(portion)
        count -= lines
