"""Laws of commands: each arrives once and whole, whatever else stands in the file."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import random
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.errors import RunError
from cnnlib.events import CommandDone, CommandRefused, Paused, Record
from cnnlib.runs import (
    COMMANDS,
    Abandon,
    Command,
    CommandReader,
    EvaluateNow,
    Pause,
    Refused,
    Request,
    Resume,
    Run,
    SetLearningRate,
    Snapshot,
    StepBatch,
    StepEpoch,
    Stop,
    answered,
    send,
)

ALL: list[Command] = [
    Pause(),
    Resume(),
    StepBatch(),
    StepEpoch(),
    Stop(),
    Abandon(),
    SetLearningRate(0.01),
    Snapshot(),
    EvaluateNow(),
]


def poll_all(path: Path) -> list[Request | Refused]:
    return CommandReader(path).poll()


def test_every_command_arrives_once_and_in_order(tmp_path: Path) -> None:
    run = Run(tmp_path)
    reader = CommandReader(run.commands_path)
    assert reader.poll() == []
    assert {type(command) for command in ALL} == set(COMMANDS.values())
    sent = [(send(run, command), command) for command in ALL]
    received = reader.poll()
    assert [(r.id, r.command) for r in received if isinstance(r, Request)] == sent
    assert len({identifier for identifier, _ in sent}) == len(ALL)
    assert reader.poll() == []
    assert stat.S_IMODE(run.commands_path.stat().st_mode) == 0o600


@given(st.floats(min_value=0, exclude_min=True, max_value=1e299))
def test_a_learning_rate_arrives_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, rate: float
) -> None:
    run = Run(tmp_path_factory.mktemp("rate"))
    send(run, SetLearningRate(rate))
    (request,) = poll_all(run.commands_path)
    assert isinstance(request, Request)
    assert request.command == SetLearningRate(rate)


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_impossible_rates_are_refused_before_they_are_sent(rate: float) -> None:
    with pytest.raises(RunError, match="above 0"):
        SetLearningRate(rate)


def test_answered_commands_are_known_from_the_journal(tmp_path: Path) -> None:
    run = Run(tmp_path)
    first, second, third = (send(run, Pause()) for _ in range(3))
    events = [Paused(1, third), CommandDone(first, "Pause"), CommandRefused("@99", "torn")]
    done = answered(Record(n, 1.0, event) for n, event in enumerate(events, 1))
    assert done == {first, "@99"}
    left = CommandReader(run.commands_path, done).poll()
    assert [request.id for request in left] == [second, third]


def test_a_torn_refusal_is_given_once_over_all_resumes(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.commands_path.write_bytes(b'{"id": "abc", "comm')
    assert poll_all(run.commands_path) == []  # its end may still come
    identifier = send(run, Stop())
    torn, whole = poll_all(run.commands_path)
    assert torn == Refused("@0", "the line is torn or no JSON")
    assert isinstance(whole, Request)
    assert whole.id == identifier
    assert [r.id for r in CommandReader(run.commands_path, ["@0"]).poll()] == [identifier]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nonsense", "torn"),
        (b"\xff\xfe", "torn"),
        (b"[" * 4000, "torn"),
        (b"[1]", "no JSON object"),
        (b"9" * 5000, "longer"),
        (b"{}", "identifier"),
        (b'{"id": 7, "command": "Pause"}', "identifier"),
        (b'{"id": "../x", "command": "Pause"}', "identifier"),
        (b'{"id": "' + b"a" * 65 + b'", "command": "Pause"}', "identifier"),
        (b'{"id": "a", "time": 1}', "unknown command"),
        (b'{"id": "a", "time": 1, "command": "Explode"}', "unknown command 'Explode'"),
        (b'{"id": "a", "time": 1, "command": ["Pause"]}', "unknown command"),
        (b'{"id": "a", "time": "now", "command": "Pause"}', "time"),
        (b'{"id": "a", "time": NaN, "command": "Pause"}', "time"),
        (b'{"id": "a", "time": 1, "command": "Pause", "for": 3}', "no options"),
        (b'{"id": "a", "time": 1, "command": "SetLearningRate"}', "takes value"),
        (b'{"id": "a", "time": 1, "command": "SetLearningRate", "value": "1"}', "number"),
        (b'{"id": "a", "time": 1, "command": "SetLearningRate", "value": true}', "number"),
        (b'{"id": "a", "time": 1, "command": "SetLearningRate", "value": 1e999}', "number"),
        (b'{"id": "a", "time": 1, "command": "SetLearningRate", "value": -1}', "above 0"),
    ],
    ids=range(20),
)
def test_what_is_no_command_is_refused_in_words(tmp_path: Path, line: bytes, words: str) -> None:
    run = Run(tmp_path)
    run.commands_path.write_bytes(line + b"\n")
    identifier = send(run, Pause())
    refused, request = poll_all(run.commands_path)
    assert isinstance(refused, Refused)
    assert words in refused.reason
    assert len(refused.reason) < 300
    assert request.id == identifier


def test_truncations_and_flipped_bits_never_raise(tmp_path: Path) -> None:
    run = Run(tmp_path)
    sent = [send(run, command) for command in ALL]
    content = run.commands_path.read_bytes()
    for length in range(len(content)):
        run.commands_path.write_bytes(content[:length])
        found = poll_all(run.commands_path)
        assert [request.id for request in found] == sent[: len(found)]
        assert all(isinstance(request, Request) for request in found)
    draw = random.Random(2)
    for _ in range(1000):
        broken = bytearray(content)
        broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        run.commands_path.write_bytes(broken)
        found = poll_all(run.commands_path)
        whole = [request.id for request in found if request.id in sent]
        assert len(whole) >= len(ALL) - 2
        for request in found:
            assert isinstance(request, Request | Refused)
            if isinstance(request, Request) and isinstance(request.command, SetLearningRate):
                assert request.command.value > 0


@given(st.binary(max_size=300))
def test_any_bytes_can_be_polled(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "commands.jsonl"
    path.write_bytes(content)
    reader = CommandReader(path)
    found = reader.poll()
    assert len(found) <= content.count(b"\n")
    assert reader.poll() == []


def test_a_replaced_file_repeats_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path)
    reader = CommandReader(run.commands_path)
    send(run, Pause())
    send(run, Pause())
    first = run.commands_path.read_bytes()
    assert len(reader.poll()) == 2
    run.commands_path.write_bytes(first[: len(first) // 2])
    assert reader.poll() == []
    run.commands_path.write_bytes(first + json.dumps({"id": "new"}).encode() + b"\n")
    assert [type(request) for request in reader.poll()] == [Refused]


def _send_many(path: str, count: int) -> None:
    for _ in range(count):
        send(Run(Path(path)), SetLearningRate(0.123456789))


def test_senders_at_once_never_mix_their_lines(tmp_path: Path) -> None:
    run = Run(tmp_path)
    context = multiprocessing.get_context("spawn")
    senders = [context.Process(target=_send_many, args=(str(tmp_path), 150)) for _ in range(4)]
    for sender in senders:
        sender.start()
    reader = CommandReader(run.commands_path)
    found: list[Request | Refused] = []
    while any(sender.is_alive() for sender in senders):
        found += reader.poll()
        senders[0].join(0.01)
    for sender in senders:
        sender.join()
        assert sender.exitcode == 0
    found += reader.poll()
    assert len(found) == 600
    assert len({request.id for request in found}) == 600
    assert all(isinstance(request, Request) for request in found)


def test_a_command_that_cannot_be_written_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="could not be written"):
        send(Run(tmp_path / "absent"), Pause())
    run = Run(tmp_path)
    really_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: really_write(fd, data[:20]))
    with pytest.raises(RunError, match="room for 20"):
        send(run, Pause())
    monkeypatch.setattr(os, "write", really_write)
    identifier = send(run, Stop())
    assert [request.id for request in poll_all(run.commands_path)][-1] == identifier


def test_a_link_is_no_file_of_commands(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    run = Run(tmp_path)
    run.commands_path.symlink_to(elsewhere)
    with pytest.raises(RunError):
        send(run, Pause())
    with pytest.raises(RunError):
        poll_all(run.commands_path)
    assert elsewhere.read_text() == "precious"
