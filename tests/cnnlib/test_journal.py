"""Laws of the journal: nothing twice, nothing lost, torn ends repaired, each byte read once."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.errors import RunError
from cnnlib.events import (
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
    RunEnded,
    RunStarted,
    StepEnded,
    encode,
)
from cnnlib.runs import JournalReader, JournalWriter, Rewound, journal, lines, reading, rewind


def step(number: int, epoch: int = 1) -> StepEnded:
    return StepEnded(epoch, number, 1 / number, 0.5, 32, 1e-3, None)


def started(at: int = 0) -> RunStarted:
    return RunStarted("r", "Dense(2)", 10, 64, 0, ("a", "b"), 2, 2, 32, 1, 0, at)


def write(path: Path, events: list[Event]) -> None:
    with JournalWriter(path) as writer:
        for event in events:
            writer.append(event)


def events_in(path: Path) -> list[Event]:
    return [record.event for record in JournalReader(path).read_all()]


def assert_gapless(path: Path) -> None:
    records = JournalReader(path).read_all()
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    assert path.read_bytes().count(b"\n") == len(records)


SOME: list[Event] = [started(), EpochStarted(1, 0), step(1), step(2), CommandDone("a", "Pause")]


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JournalWriter(path) as writer:
        written = [writer.append(event) for event in SOME]
        assert writer.count == len(SOME)
    assert JournalReader(path).read() == written
    assert_gapless(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_reader_reads_each_byte_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    reader = JournalReader(path)
    assert reader.read() == []
    taken = 0

    def counting(descriptor: int, count: int) -> bytearray:
        nonlocal taken
        data = whole(descriptor, count)
        taken += len(data)
        return data

    whole = lines.read_exactly
    monkeypatch.setattr(lines, "read_exactly", counting)
    with JournalWriter(path) as writer:
        for number in range(1, 101):
            writer.append(step(number))
            writer.flush()
            assert [record.event for record in reader.read()] == [step(number)]
            assert reader.read() == []
            assert not reader.restarted
    assert taken <= path.stat().st_size + 200 * lines._REMEMBERED


def test_steps_wait_in_the_buffer_and_other_events_do_not(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JournalWriter(path, interval=3600) as writer:
        writer.append(step(1))
        assert events_in(path) == []
        writer.append(EpochStarted(2, 1))
        assert events_in(path) == [step(1), EpochStarted(2, 1)]
        writer.append(step(2))
        writer.flush()
        assert events_in(path)[-1] == step(2)
        writer.append(step(3))
    assert events_in(path)[-1] == step(3)


def test_steps_are_written_when_the_interval_has_passed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JournalWriter(path, interval=0.02) as writer:
        writer.append(step(1))
        time.sleep(0.03)
        writer.append(step(2))
        assert events_in(path) == [step(1), step(2)]


def test_fsync_follows_other_events_at_most_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    monkeypatch.setattr(journal, "SYNC_SECONDS", 0.2)
    with JournalWriter(tmp_path / "events.jsonl", interval=0.0) as writer:
        calls.clear()
        for number in range(1, 50):
            writer.append(step(number))
        for _ in range(5):
            writer.append(EpochStarted(1, 0))
        assert calls == []
        time.sleep(0.25)
        writer.append(step(50))  # the flush after the second does what was put off
        assert len(calls) == 1
        writer.append(EpochStarted(1, 0))
        assert len(calls) == 1
        writer.sync()
        assert len(calls) == 2


def test_what_was_held_back_owes_a_sync_when_it_is_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    monkeypatch.setattr(journal, "SYNC_SECONDS", 0.0)
    with JournalWriter(tmp_path / "events.jsonl") as writer:
        calls.clear()
        writer.hold()
        writer.append(EpochStarted(1, 0))
        writer.sync_what_is_written()  # of what was there before
        assert len(calls) == 1
        writer.release()
        assert len(calls) == 2
        writer.hold()
        writer.release()  # of nothing
        assert len(calls) == 2


def test_every_truncation_is_read_and_repaired(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, SOME)
    content = path.read_bytes()
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        whole = content[:length].count(b"\n")
        reader = JournalReader(path)
        assert [record.event for record in reader.read()] == SOME[:whole]
        assert reader.damaged == 0
        with JournalWriter(path) as writer:
            assert writer.append(step(9)).seq == whole + 1
        assert [record.event for record in reader.read()] == [step(9)]
        assert not reader.restarted
        assert_gapless(path)


def test_flipped_bits_cost_at_most_the_lines_they_touch(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, SOME)
    content = path.read_bytes()
    draw = random.Random(1)
    for _ in range(1000):
        broken = bytearray(content)
        broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        path.write_bytes(broken)
        reader = JournalReader(path)
        read = reader.read()
        assert len(SOME) - 2 <= len(read) <= len(SOME)
        with JournalWriter(path) as writer:
            writer.append(step(9))
        assert reader.read()[-1].event == step(9)
        assert events_in(path)[-1] == step(9)


@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "events.jsonl"
    path.write_bytes(content)
    reader = JournalReader(path)
    assert len(reader.read()) + reader.damaged == content.count(b"\n")


def test_lines_without_end_are_skipped_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (journal, reading):
        monkeypatch.setattr(module, "MAX_LINE", 1000)
    path = tmp_path / "events.jsonl"
    good = encode(Record(1, 1.0, step(1))).encode() + b"\n"
    reader = JournalReader(path)
    reader._tail.portion = 1500
    found = []
    path.write_bytes(good + b"x" * 10_000)
    for _ in range(20):
        found += reader.read()
    with path.open("ab") as file:
        file.write(b"x" * 5000 + b"\n" + good + b"y" * 1001 + b"\n" + good)
    for _ in range(20):
        found += reader.read()
    assert [record.event for record in found] == [step(1)] * 3
    assert reader.damaged == 2
    path.write_bytes(b"x" * 2000)
    with pytest.raises(RunError, match="another kind of file"):
        JournalWriter(path)


def test_a_long_journal_is_read_in_portions(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [step(number) for number in range(1, 1001)])
    reader = JournalReader(path)
    reader._tail.portion = 10_000
    found = reader.read()
    assert 0 < len(found) < 1000
    assert reader.behind
    found += reader.read_all()
    assert not reader.behind
    assert [record.seq for record in found] == list(range(1, 1001))


def test_a_shorter_or_other_file_restarts_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, SOME)
    reader = JournalReader(path)
    reader.read()
    path.unlink()
    assert reader.read() == []
    assert not reader.restarted
    write(path, [step(number) for number in range(1, 100)])  # longer than what was there
    assert len(reader.read()) == 99
    assert reader.restarted
    path.unlink()
    write(path, SOME)  # shorter
    assert [record.event for record in reader.read()] == SOME
    assert reader.restarted
    assert reader.read() == []
    assert not reader.restarted


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_regular_files_are_journals(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "events.jsonl"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious, no line end")
    if kind == "link":
        path.symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(RunError):
        JournalReader(path).read()
    with pytest.raises(RunError):
        JournalWriter(path)
    assert elsewhere.read_text() == "precious, no line end"


# ------------------------------------------------------------------------------- a full disk


def test_a_full_disk_keeps_events_and_a_later_flush_completes_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    room = 0
    really_write = os.write

    def full(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(28, "No space left on device")
        written = really_write(descriptor, bytes(data[:room]))
        room -= written
        return written

    with JournalWriter(path) as writer:
        monkeypatch.setattr(os, "write", full)
        room = 100
        for event in SOME:
            if isinstance(event, StepEnded):
                writer.append(event)
            else:
                with pytest.raises(RunError, match="No space left"):
                    writer.append(event)
        room = 37
        with pytest.raises(RunError, match="Make room"):
            writer.flush()
        monkeypatch.setattr(os, "write", really_write)
    assert events_in(path) == SOME
    assert_gapless(path)


def test_what_waits_for_the_disk_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_MOST_PENDING", 1000)
    writer = JournalWriter(tmp_path / "events.jsonl", interval=3600)
    really_write = os.write

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    writer.append(step(1))
    with pytest.raises(RunError, match="No space left"):
        writer.flush()
    for _ in range(1000):
        if writer._pending_bytes > 1000:
            break
        writer.append(step(writer.count + 1))
    count = writer.count
    with pytest.raises(RunError, match="No space left"):
        writer.append(step(count + 1))
    assert writer.count == count < 20
    monkeypatch.setattr(os, "write", really_write)
    writer.close()
    assert len(events_in(tmp_path / "events.jsonl")) == writer.count


def test_nothing_is_written_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    refused = True

    def permit() -> None:
        if refused:
            raise RunError("the run was taken over")

    writer = JournalWriter(path, interval=0.0, permit=permit)
    for event in (step(1), step(2), CommandDone("a", "Pause")):
        with pytest.raises(RunError, match="taken over"):
            writer.append(event)
    assert path.read_bytes() == b""
    refused = False
    writer.close()
    assert events_in(path) == [step(1), step(2), CommandDone("a", "Pause")]


def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    write(path, SOME)
    reader = JournalReader(path)
    assert [record.event for record in reader.read_all()] == SOME
    with monkeypatch.context() as patch:
        patch.delattr(lines, "read_exactly")
        assert reader.read() == []
    write(path, [step(3)])
    assert [record.event for record in reader.read()] == [step(3)]
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes().replace(b'"step":3,', b'"step":4,'))
    os.replace(copy, path)  # another file of the same size
    again = [record.event for record in reader.read_all()]
    assert again == [*SOME, dataclasses.replace(step(3), step=4)]
    assert reader.restarted


# -------------------------------------------------------------------------------- rewinding

EPOCH = EpochEnded(1, 2, 0.5, 0.5, None, None, 1e-3, True)
TRIED = Evaluated("valid", 1, 2, 0.5, 0.5, 4, ((1, 1), (0, 2)))
SAVED = CheckpointSaved(1, 2, "checkpoints/last.safetensors", "epoch")
STOPPED = RunEnded(2, 3, "stopped", 1, 0.5, None, None, "")


def test_rewinding_takes_back_training_and_keeps_answers(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    before: list[Event] = [started(), EpochStarted(1, 0), step(1), step(2), TRIED, EPOCH]
    stays: list[Event] = [
        SAVED,
        CommandDone("a", "SetLearningRate"),
        Paused(2, "b"),
        CommandRefused("c", "no"),
        Diverged(2, 4, "loss", "NaN"),
        STOPPED,
    ]
    goes: list[Event] = [
        EpochStarted(2, 2),
        step(3, 2),
        LearningRateChanged(3, 1e-4, 0.1, "a"),
        Evaluated("valid", 2, 3, 0.5, 0.5, 4, ()),
        CheckpointSaved(2, 3, "checkpoints/last.safetensors", "asked"),
        Paused(3, "b"),
    ]
    mixed = [event for pair in zip(goes, stays, strict=True) for event in pair]
    with JournalWriter(path) as writer:
        for event in before:
            writer.append(event)
        count = writer.count
        for event in mixed:
            writer.append(event)
        first = JournalReader(path)
        read = first.read()
        assert writer.rewind_to(count, 2) == Rewound(removed=len(goes), missing=0)
        assert writer.count == len(before) + len(stays)
        writer.append(started(2))
        writer.flush()
        assert [record.event for record in first.read()] == [*before, *stays, started(2)]
        assert first.restarted
        assert_gapless(path)
        times = {record.event: record.time for record in read}
        for record in JournalReader(path).read()[:-1]:
            assert record.time == times[record.event]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.glob(".*")) == []


def test_rewinding_to_the_end_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JournalWriter(path) as writer:
        for event in [*SOME, EPOCH]:
            writer.append(event)
        count = writer.count
        writer.append(SAVED)
        writer.append(CommandDone("a", "Stop"))
        writer.append(RunEnded(1, 2, "stopped", 1, 0.5, None, None, ""))
        reader = JournalReader(path)
        reader.read()
        before = path.stat()
        content = path.read_bytes()
        assert writer.rewind_to(count, 2) == Rewound(0, 0)
        assert path.stat().st_ino == before.st_ino
        assert path.read_bytes() == content
        assert reader.read() == []
        assert not reader.restarted


def test_a_journal_that_is_behind_its_checkpoint_is_reported(tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "events.jsonl") as writer:
        writer.append(started())
        assert writer.rewind_to(5, 3) == Rewound(removed=0, missing=4)


@pytest.mark.parametrize("portion", [64, 1 << 20])
def test_crash_and_resume_at_any_moment_give_the_journal_of_a_straight_run(
    tmp_path: Path, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewind, "_PORTION", portion)
    straight: list[Event] = []
    for epoch in (1, 2, 3):
        straight.append(EpochStarted(epoch, 4 * epoch - 4))
        straight += [step(number, epoch) for number in range(4 * epoch - 3, 4 * epoch + 1)]
        straight.append(dataclasses.replace(EPOCH, epoch=epoch, step=4 * epoch))
    draw = random.Random(3)
    for attempt in range(60):
        path = tmp_path / f"{attempt}.jsonl"
        saved = (0, 0, 0)  # place in the straight run, events so far, steps: the checkpoint
        while True:
            with JournalWriter(path) as writer:
                assert writer.rewind_to(saved[1], saved[2]).missing == 0
                writer.append(started(saved[2]))
                place, steps = saved[0], saved[2]
                dies_at = draw.randrange(place, len(straight) + 4)
                while place < min(dies_at, len(straight)):
                    event = straight[place]
                    place += 1
                    steps = getattr(event, "step", steps)
                    writer.append(event)
                    if draw.random() < 0.3:
                        writer.sync()
                        saved = (place, writer.count, steps)
                if dies_at <= len(straight):
                    writer.flush()
            if dies_at > len(straight):
                break
            if draw.random() < 0.5:  # killed in the middle of a write
                with path.open("ab") as file:
                    file.write(b'{"seq":')
        training = [event for event in events_in(path) if not isinstance(event, RunStarted)]
        assert training == straight
        assert_gapless(path)


def test_a_failing_rewind_leaves_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    with JournalWriter(path) as writer:
        for event in SOME:
            writer.append(event)
        content = path.read_bytes()

        def fail(source: str, target: Path) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", fail)
            with pytest.raises(RunError, match="No space left"):
                writer.rewind_to(2, 0)
        assert path.read_bytes() == content
        assert list(tmp_path.iterdir()) == [path]
        writer.append(step(3))
    assert events_in(path) == [*SOME, step(3)]


def test_a_killed_writer_loses_no_flushed_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    program = (
        "import os, sys, time; from pathlib import Path\n"
        "from cnnlib.events import StepEnded\n"
        "from cnnlib.runs import JournalWriter\n"
        "parent = os.getppid()\n"
        "writer = JournalWriter(Path(sys.argv[1]), interval=0.001)\n"
        "for number in range(1, 1_000_000):\n"
        "    writer.append(StepEnded(1, number, 0.5, 0.5, 32, 1e-3, None))\n"
        "    if number == 2000: print('ready', flush=True)\n"
        "    if number % 100 == 0: time.sleep(0.002)\n"  # a reader must be able to catch up
        "    if number % 100 == 0 and os.getppid() != parent: sys.exit()\n"  # the test was killed
    )
    total = 0
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        seen = len(JournalReader(path).read_all())
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        reader = JournalReader(path)
        records = reader.read_all()
        assert reader.damaged == 0
        assert len(records) >= seen > total
        JournalWriter(path).close()
        assert_gapless(path)
        total = len(records)
