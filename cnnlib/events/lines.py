"""Events as lines of JSON, and back.

JSON knows no NaN and no infinity: a float that is not finite is written as one of the words
"NaN", "Infinity", "-Infinity" and read back as the number. Nothing else is ever lenient:
a missing field, a field of another type or an unknown event is refused (``DamagedEvent``).
Fields that this version does not know are passed over, so that a later version may add some.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, get_args

from cnnlib.errors import RunError
from cnnlib.events.kinds import Event, Record, StepEnded
from cnnlib.plain import Form, WrongValue, read_float, read_int

MAX_LINE = 4 << 20
"""The longest line of a journal, in bytes: room for a confusion matrix of 1000 classes."""


class DamagedEvent(RunError, ValueError):
    """A line is no event of ours."""


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


def _line_of_step(record: Record, event: StepEnded) -> str:
    """The line of a step whose numbers are Python's own and finite; of any other, nothing."""
    seq, time, epoch, step, examples = (
        record.seq, record.time, event.epoch, event.step, event.examples,
    )  # fmt: skip
    loss, accuracy, rate, norm = (
        event.loss, event.accuracy, event.learning_rate, event.gradient_norm,
    )  # fmt: skip
    if not (type(seq) is type(epoch) is type(step) is type(examples) is int):
        return ""
    if not (type(time) is type(loss) is type(accuracy) is type(rate) is type(norm) is float):
        return ""
    total = time + loss + accuracy + rate + norm
    if total - total != 0.0:  # one of them is not finite, or their sum is beyond all numbers
        return ""
    return (
        f'{{"seq":{seq},"time":{time!r},"event":"StepEnded","epoch":{epoch},"step":{step},'
        f'"loss":{loss!r},"accuracy":{accuracy!r},"examples":{examples},'
        f'"learning_rate":{rate!r},"gradient_norm":{norm!r}}}'
    )


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
    if type(event) is StepEnded and (line := _line_of_step(record, event)):
        return line
    form = _FORMS[type(event)]
    body: dict[str, Any] = {"seq": record.seq, "time": record.time, "event": form.name}
    body.update(zip(form.names, form.values(event), strict=True))
    try:
        line = _to_json(body)
    except (TypeError, ValueError):  # a NumPy scalar, or a float that is not finite
        line = ""
    if not line or "\\ud" in line:
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
