"""Laws of events: what is encoded is decoded to the same; anything else is refused."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib import events
from cnnlib.errors import CnnError
from cnnlib.events import DamagedEvent, Event, Record, RunStarted, StepEnded, decode, encode, lines

KINDS: tuple[type[Any], ...] = get_args(Event)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    if hint is int:
        return st.integers(-(2**53), 2**53)
    if hint is float:
        return st.floats()
    if hint is bool:
        return st.booleans()
    if hint is str:
        return TEXT
    if hint is type(None):
        return st.none()
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=3).map(tuple)
    return st.one_of([values_of(inside) for inside in get_args(hint)])


def any_event(kind: type[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{k: values_of(h) for k, h in get_type_hints(kind).items()})


RECORDS = st.builds(
    Record,
    seq=st.integers(1, 2**53),
    time=st.floats(0, 1e11),
    event=st.one_of([any_event(kind) for kind in KINDS]),
)
STEP = Record(7, 1.5, StepEnded(1, 2, 0.25, 0.5, 64, 1e-3, None))


@given(RECORDS)
def test_decoding_an_encoded_record_gives_it_back(record: Record) -> None:
    line = encode(record)
    assert line.isascii()
    assert "\n" not in line
    # repr, because NaN is not equal to itself
    assert repr(decode(line)) == repr(record)


@given(RECORDS)
def test_lines_are_strict_json_with_envelope_and_fields(record: Record) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    body = json.loads(encode(record), parse_constant=refuse)
    assert list(body)[:3] == ["seq", "time", "event"]
    assert body["event"] == type(record.event).__name__
    assert set(body) == {"seq", "time", "event"} | set(get_type_hints(type(record.event)))


@given(RECORDS)
def test_the_quick_way_reads_what_the_thorough_one_reads(record: Record) -> None:
    """Steps that look like most are read by another way: to the same record, or not at all."""
    line = encode(record)
    quick = lines._step(line)
    if quick is not None:
        assert repr(quick) == repr(record)


@pytest.mark.parametrize(
    ("number", "is_quick"),
    [
        ("0.5", True), ("-0.0", True), ("1e-05", False), ("1.5e-07", True), ("12345.678", True),
        ("01.5", False), ("NaN", False), ('"NaN"', False), ("1.5e999", False), ("+1.5", False),
        ("\u0661.5", False), ("1.", False), (".5", False), ("7", False),
    ],
)  # fmt: skip
def test_the_quick_way_takes_numbers_of_json_alone(number: str, is_quick: bool) -> None:
    line = encode(STEP).replace("0.25", number, 1).replace("null", "1.0")
    quick = lines._step(line)
    assert (quick is not None) == is_quick
    if is_quick:
        body = json.loads(line)
        assert quick is not None
        assert isinstance(quick.event, StepEnded)
        assert repr(quick.event.loss) == repr(float(body["loss"]))
        assert quick == decode(line)


@given(RECORDS, st.data())
def test_every_truncation_of_a_line_is_refused(record: Record, data: st.DataObject) -> None:
    line = encode(record)
    with pytest.raises(DamagedEvent):
        decode(line[: data.draw(st.integers(0, len(line) - 1))])


@given(RECORDS, st.data())
def test_a_flipped_bit_is_refused_or_gives_a_valid_record(
    record: Record, data: st.DataObject
) -> None:
    line = bytearray(encode(record).encode())
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = decode(line.decode("utf-8"))
    except ValueError:
        return
    assert repr(decode(encode(read))) == repr(read)


@given(st.text(max_size=60))
def test_any_text_is_refused_by_the_one_error(line: str) -> None:
    with pytest.raises(DamagedEvent):
        decode(line)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_missing_or_wrong_field_is_refused_by_name(kind: type[Any]) -> None:
    hints = get_type_hints(kind)
    sample = {int: 1, float: 0.5, bool: True, str: "a"}
    values = {}
    for name, hint in hints.items():
        if get_origin(hint) is Literal:
            values[name] = get_args(hint)[0]
        else:
            values[name] = sample.get(hint, () if get_origin(hint) is tuple else None)
    good = json.loads(encode(Record(1, 2.0, kind(**values))))
    for name in ("seq", "time", *hints):
        without = {key: value for key, value in good.items() if key != name}
        with pytest.raises(DamagedEvent, match=name):
            decode(json.dumps(without))
        for wrong in ({}, [[True]], [1.5, None], 1e400, -(10**400)):
            with pytest.raises(DamagedEvent):
                decode(json.dumps({**good, name: wrong}))
    assert decode(json.dumps({**good, "of a later version": [1]})).event == kind(**values)


@pytest.mark.parametrize(
    "line",
    [
        "", "null", "3", "[]", "{}", '{"event": []}', '{"event": "Nothing", "seq": 1, "time": 1}',
        '{"seq":NaN,"time":1,"event":"Paused","step":1,"command":null}',
        '{"seq":1,"time":1e999,"event":"Paused","step":1,"command":null}',
        '{"seq":1,"time":1,"event":"Paused","step":true,"command":null}',
        '{"seq":1,"time":1,"event":"Paused","step":1.0,"command":null}',
        '{"seq":1,"time":1,"event":"Paused","step":1,"command":"\\ud800"}',
        '{"seq":1,"time":1,"event":"Paused","step":1,"command":null} x',
        '{"seq":' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
    ids=range(16),
)  # fmt: skip
def test_junk_is_refused(line: str) -> None:
    with pytest.raises(DamagedEvent) as caught:
        decode(line)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, CnnError)
    assert "\n" not in str(caught.value)


def test_numbers_that_are_not_finite_are_words() -> None:
    step = dataclasses.replace(STEP.event, loss=math.nan, accuracy=-math.inf, gradient_norm=np.inf)
    line = encode(Record(1, 1.0, step))
    assert '"loss":"NaN","accuracy":"-Infinity"' in line
    assert '"gradient_norm":"Infinity"' in line
    read = decode(line).event
    assert isinstance(read, StepEnded)
    assert math.isnan(read.loss)
    assert read.gradient_norm == math.inf


def test_numpy_scalars_are_written_as_plain_numbers() -> None:
    step = StepEnded(
        np.int64(1), np.int32(2), np.float32(0.25), np.float64(0.5), np.int8(64), 1e-3, None
    )
    assert decode(encode(Record(7, 1.5, step))) == STEP


def test_what_a_field_cannot_hold_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        encode(Record(1, 1.0, dataclasses.replace(STEP.event, step=object())))


def test_lone_surrogates_become_question_marks() -> None:
    line = encode(Record(1, 1.0, events.CommandRefused("a", "b\udc80c")))
    assert decode(line).event == events.CommandRefused("a", "b?c")


def test_events_are_frozen_and_compare_by_value() -> None:
    again = decode(encode(STEP)).event
    assert again == STEP.event
    assert hash(again) == hash(STEP.event)
    for kind in KINDS:
        assert kind.__dataclass_params__.frozen
    assert RunStarted in KINDS


@given(
    time=st.floats(allow_nan=False, allow_infinity=False),
    numbers=st.lists(st.floats(), min_size=4, max_size=4),
    counts=st.lists(st.integers(0, 10**15), min_size=4, max_size=4),
)
def test_the_quick_way_of_a_step_writes_what_json_writes(
    time: float, numbers: list[float], counts: list[int]
) -> None:
    loss, accuracy, rate, norm = numbers
    seq, epoch, step, examples = counts
    event = StepEnded(epoch, step, loss, accuracy, examples, rate, norm)
    line = encode(Record(seq, time, event))
    body = {"seq": seq, "time": time, "event": "StepEnded", **dataclasses.asdict(event)}
    words = {math.inf: "Infinity", -math.inf: "-Infinity"}
    plain = {
        name: words.get(value, "NaN" if value != value else value) for name, value in body.items()
    }
    assert line == json.dumps(plain, separators=(",", ":"))
