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

JSON knows no NaN and no infinity: a float that is not finite is written as one of the words
"NaN", "Infinity", "-Infinity" and read back as the number. Nothing else is ever lenient:
a missing field, a field of another type or an unknown event is refused (``DamagedEvent``).
Fields that this version does not know are passed over, so that a later version may add some.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias, get_args

from cnnlib.errors import RunError
from cnnlib.plain import Form, WrongValue, read_float, read_int

MAX_LINE = 4 << 20
"""The longest line of a journal, in bytes: room for a confusion matrix of 1000 classes."""


class DamagedEvent(RunError, ValueError):
    """A line is no event of ours."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A trainer took up the run; ``step`` > 0 says that it resumes an earlier one."""

    run: str
    architecture: str
    parameters: int
    train_examples: int
    valid_examples: int
    classes: tuple[str, ...]
    steps_per_epoch: int
    epochs: int
    batch_size: int
    ranks: int
    seed: int
    step: int


@dataclass(frozen=True, slots=True)
class EpochStarted:
    """An epoch begins; ``step`` is the number of steps done before it."""

    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class StepEnded:
    """One batch was learned; loss and accuracy are means over its examples, before the update."""

    epoch: int
    step: int
    loss: float
    accuracy: float
    examples: int
    learning_rate: float
    gradient_norm: float | None


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """All batches of an epoch were learned; the means weigh every example alike."""

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float
    valid_loss: float | None
    valid_accuracy: float | None
    learning_rate: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The model was tried on a whole split; ``confusion`` is (K, K) counts, rows are the truth."""

    split: Literal["train", "valid", "test"]
    epoch: int
    step: int
    loss: float
    accuracy: float
    examples: int
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """Weights and position are safe on disk; ``path`` is relative to the run, with slashes."""

    epoch: int
    step: int
    path: str
    reason: Literal["best", "epoch", "periodic", "asked", "stopped", "signal", "failed"]


@dataclass(frozen=True, slots=True)
class Paused:
    """Training waits; ``command`` is the identifier of the command that asked for it, if any."""

    step: int
    command: str | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """Training goes on after a pause."""

    step: int
    command: str | None


@dataclass(frozen=True, slots=True)
class LearningRateChanged:
    """The rate was set by hand: from here on the schedule is multiplied by ``factor``."""

    step: int
    learning_rate: float
    factor: float
    command: str | None


@dataclass(frozen=True, slots=True)
class CommandDone:
    """The command with this identifier was carried out."""

    command: str
    name: str


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """The command with this identifier was not carried out, and why."""

    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class Diverged:
    """A number left the finite ones: ``where`` (a layer, the loss), ``what`` (NaN, infinity)."""

    epoch: int
    step: int
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something is wrong that training goes on in spite of, such as a full disk."""

    step: int
    message: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The trainer lets go of the run, and why; the last event of each time it was taken up."""

    epoch: int
    step: int
    reason: Literal["finished", "stopped", "early-stopping", "diverged", "failed", "abandoned"]
    best_epoch: int | None
    best_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    message: str


Event: TypeAlias = (
    RunStarted
    | EpochStarted
    | StepEnded
    | EpochEnded
    | Evaluated
    | CheckpointSaved
    | Paused
    | Resumed
    | LearningRateChanged
    | CommandDone
    | CommandRefused
    | Diverged
    | Warned
    | RunEnded
)


@dataclass(frozen=True, slots=True)
class Record:
    """An event with its place and its moment.

    Args:
        seq: its number in the journal, counted from 1 without a gap: the number of its line.
        time: when it was written, in seconds since 1970 (UTC).
        event: what happened.
    """

    seq: int
    time: float
    event: Event


_FORMS: dict[type[Any], Form] = {kind: Form(kind) for kind in get_args(Event)}
_BY_NAME: dict[str, Form] = {form.name: form for form in _FORMS.values()}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_WHOLE = r"(0|[1-9]\d{0,14})"
_DECIMAL = r"(-?(?:0|[1-9]\d{0,19})\.\d{1,25}(?:e[+-]?\d{1,2})?)"
_STEP_LINE = re.compile(
    rf'{{"seq":{_WHOLE},"time":{_DECIMAL},"event":"StepEnded","epoch":{_WHOLE},"step":{_WHOLE},'
    rf'"loss":{_DECIMAL},"accuracy":{_DECIMAL},"examples":{_WHOLE},"learning_rate":{_DECIMAL},'
    rf'"gradient_norm":{_DECIMAL}}}',
    re.ASCII,
).fullmatch
"""A step as ``encode`` writes nearly all of them: most of any journal, read in half the time."""


def _step(line: str) -> Record | None:
    found = _STEP_LINE(line)
    if found is None:
        return None
    seq, time, epoch, step, loss, accuracy, examples, rate, norm = found.groups()
    return Record(
        int(seq),
        float(time),
        StepEnded(
            int(epoch), int(step), float(loss), float(accuracy), int(examples), float(rate),
            float(norm),
        ),
    )  # fmt: skip


_to_json = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_from_json = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode


def encode(record: Record) -> str:
    """One line of JSON without its end: ``{"seq":1,"time":..,"event":"EpochStarted",..}``.

    The line is plain ASCII. NumPy scalars are written as the numbers they are; characters that
    UTF-8 cannot hold (lone surrogates) become "?".

    Raises:
        TypeError: a field holds something that its type does not allow.
    """
    event = record.event
    form = _FORMS[type(event)]
    body: dict[str, Any] = {"seq": record.seq, "time": record.time, "event": form.name}
    body.update(zip(form.names, form.values(event), strict=True))
    try:
        line = _to_json(body)
    except (TypeError, ValueError):  # a NumPy scalar, or a float that is not finite
        line = None
    if line is None or "\\ud" in line:
        for name, write in form.writers:
            body[name] = write(body[name])
        line = _to_json(body)
    return line


def decode(line: str) -> Record:
    """The record that :func:`encode` wrote.

    Raises:
        DamagedEvent: a ValueError; the line is no JSON object, names no event that is known, or
            one of its fields is absent or of another type.
    """
    quick = _step(line)
    if quick is not None:
        return quick
    try:
        body, end = _from_json(line)
        if end != len(line):
            raise ValueError("more than one value")
    except (ValueError, RecursionError):
        raise DamagedEvent(
            "an event", expected="one JSON object", received=repr(line[:80])
        ) from None
    if type(body) is not dict:
        raise DamagedEvent("an event", expected="a JSON object", received=type(body).__name__)
    name = "event"
    try:
        form = _BY_NAME[body["event"]]
        name = "seq"
        seq = read_int(body["seq"])
        name = "time"
        time = read_float(body["time"])
        values = []
        for name, read in form.readers:
            values.append(read(body[name]))
    except WrongValue as wrong:
        raise DamagedEvent(
            f"an event, field {name}", expected=str(wrong), received=repr(body[name])[:80]
        ) from None
    except (KeyError, TypeError):
        if name == "event":
            received = repr(body.get("event", "none"))[:80]
            raise DamagedEvent("an event", expected="a known event", received=received) from None
        raise DamagedEvent(f"an event, field {name}", expected="a value") from None
    return Record(seq, time, form.kind(*values))
