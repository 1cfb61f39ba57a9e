"""Runs on disk: the only tie between the process that trains and whoever watches it.

The trainer holds the :mod:`lock`, appends to the :mod:`journal`, obeys the :mod:`commands` and
saves :mod:`checkpoint` files; screens read the :mod:`directory` and append commands. No ports, no
pickle.
"""

from cnnlib.runs.checkpoint import Checkpoint, load, load_newest, save
from cnnlib.runs.commands import (
    COMMANDS,
    Abandon,
    Command,
    CommandReader,
    EvaluateNow,
    Pause,
    Refused,
    Request,
    Resume,
    SetLearningRate,
    Snapshot,
    StepBatch,
    StepEpoch,
    Stop,
    answered,
    send,
)
from cnnlib.runs.directory import Run, RunSummary, create, find, list_runs, slug, summary
from cnnlib.runs.files import read_bounded, read_json, write_atomically
from cnnlib.runs.history import RunHistory
from cnnlib.runs.journal import JournalWriter
from cnnlib.runs.lock import Owner, RunLock, owner
from cnnlib.runs.reading import JournalReader
from cnnlib.runs.rewind import Rewound
from cnnlib.runs.state import RunState, read_state

__all__ = [
    "COMMANDS",
    "Abandon",
    "Checkpoint",
    "Command",
    "CommandReader",
    "EvaluateNow",
    "JournalReader",
    "JournalWriter",
    "Owner",
    "Pause",
    "Refused",
    "Request",
    "Resume",
    "Rewound",
    "Run",
    "RunHistory",
    "RunLock",
    "RunState",
    "RunSummary",
    "SetLearningRate",
    "Snapshot",
    "StepBatch",
    "StepEpoch",
    "Stop",
    "answered",
    "create",
    "find",
    "list_runs",
    "load",
    "load_newest",
    "owner",
    "read_bounded",
    "read_json",
    "read_state",
    "save",
    "send",
    "slug",
    "summary",
    "write_atomically",
]
