"""What a training says while it goes: frozen facts, each of them one line of JSON.

A trainer yields these events in the order below; whoever follows a run, on any machine, reads
nothing else. They hold plain numbers, words and tuples, and nothing that depends on the clock:
time stands in the envelope (``Record``), so two trainings with one seed give equal events. ::

    RunStarted
    for each epoch:
        EpochStarted
        for each step:
            StepEnded
            (between two steps: LearningRateChanged, CheckpointSaved, Evaluated, Paused, Resumed,
             CommandDone, CommandRefused, when somebody asked; Warned)
        Evaluated("valid")
        EpochEnded
        CheckpointSaved
    Evaluated("test")
    RunEnded

Epochs and steps count from 1; ``step`` is always the number of steps done so far. A run that was
interrupted and resumed holds one RunStarted for each time that a trainer took it up.

:mod:`cnnlib.events.kinds` holds the events, :mod:`cnnlib.events.lines` their lines of JSON.
"""

from cnnlib.events.kinds import (
    CheckpointSaved,
    CommandDone,
    CommandRefused,
    Diverged,
    EpochEnded,
    EpochStarted,
    Evaluated,
    Event,
    LearningRateChanged,
    Paused,
    Record,
    Resumed,
    RunEnded,
    RunStarted,
    StepEnded,
    Warned,
)
from cnnlib.events.lines import MAX_LINE, DamagedEvent, decode, encode

__all__ = [
    "MAX_LINE",
    "CheckpointSaved",
    "CommandDone",
    "CommandRefused",
    "DamagedEvent",
    "Diverged",
    "EpochEnded",
    "EpochStarted",
    "Evaluated",
    "Event",
    "LearningRateChanged",
    "Paused",
    "Record",
    "Resumed",
    "RunEnded",
    "RunStarted",
    "StepEnded",
    "Warned",
    "decode",
    "encode",
]
