"""Checkpoints are written while training goes on, and nobody reads of one that is not there."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cnnlib import events as ev
from cnnlib.errors import CheckpointError
from cnnlib.runs import checkpoint, journal
from cnnlib.runs.commands import Abandon, send
from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from cnnlib.runs.lock import TakenOver
from tui.experiment import keeping, prepare, train, training
from tui.experiment.keeping import Keeping
from tui.experiment.saving import Taken, write
from tui.settings.training import Settings


@pytest.fixture
def settings(pictures: Path) -> Settings:
    return Settings(
        data=str(pictures),
        architecture="Conv2d(4, kernel=3, stride=2)\nReLU()\nFlatten()\nDense(3)\n",
        epochs=3,
        batch_size=32,
        ranks=1,
    )


@pytest.fixture
def straight(settings: Settings, tmp_path: Path) -> Run:
    run = prepare(settings, tmp_path / "straight")
    assert train(run) == 0
    return run


def told(run: Run) -> list[ev.Event]:
    """The events of a journal, which are numbered without a gap; without the names of runs."""
    records = RunHistory.read(run).records
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    events = [record.event for record in records]
    return [replace(e, run="") if isinstance(e, ev.RunStarted) else e for e in events]


def weights(run: Run, which: str = "last") -> dict[str, bytes]:
    tensors, _ = checkpoint.load(run.checkpoints / f"{which}.safetensors")
    return {name: array.tobytes() for name, array in tensors.items()}


def test_nothing_is_said_until_the_checkpoint_is_written(
    settings: Settings, straight: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare(settings, tmp_path / "slow")
    may_write, stepped = threading.Event(), threading.Event()
    heard: list[ev.Event] = []
    before: list[tuple[list[ev.Event], list[ev.Event]]] = []

    def slowly(run: Run, taken: Taken, permit: Callable[[], object]) -> None:
        assert may_write.wait(30)
        write(run, taken, permit)

    count = Keeping.tell

    def tell(self: Keeping, event: ev.Event) -> None:
        count(self, event)
        if isinstance(event, ev.StepEnded) and event.step == 15 and not stepped.is_set():
            stepped.set()
            self.write_out()
            before.append((told(run), list(heard)))
            may_write.set()

    monkeypatch.setattr(keeping, "write", slowly)
    monkeypatch.setattr(Keeping, "tell", tell)
    assert train(run, lambda record: heard.append(record.event)) == 0
    ((read, listened),) = before
    assert isinstance(read[-1], ev.EpochEnded)
    assert isinstance(listened[-1], ev.EpochEnded)
    assert told(run) == told(straight)
    assert [replace(e, run="") if isinstance(e, ev.RunStarted) else e for e in heard] == told(run)
    assert weights(run) == weights(straight)


def test_what_a_full_disk_refuses_was_never_said(
    settings: Settings, straight: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare(settings, tmp_path / "full")
    tries: list[int] = []

    def full(run: Run, taken: Taken, permit: Callable[[], object]) -> None:
        tries.append(taken.epoch)
        if len(tries) == 1:
            error = CheckpointError("the checkpoint", expected="room", received="none")
            raise error from OSError(errno.ENOSPC, "No space left on device")
        write(run, taken, permit)

    monkeypatch.setattr(keeping, "write", full)
    heard: list[ev.Event] = []
    assert train(run, lambda record: heard.append(record.event)) == 0
    events = told(run)
    assert sum(isinstance(event, ev.Warned) for event in events) == 1
    saved = [event.step for event in events if isinstance(event, ev.CheckpointSaved)]
    assert 9 not in saved

    def less(told: list[ev.Event]) -> list[ev.Event]:
        return [event for event in told if not isinstance(event, ev.Warned | ev.CheckpointSaved)]

    assert less(events) == less(told(straight))
    assert [type(event) for event in heard] == [type(event) for event in events]
    assert weights(run) == weights(straight)


def last_best(run: Run) -> int:
    """The last epoch whose network was the best so far."""
    ends = [event for event in told(run) if isinstance(event, ev.EpochEnded)]
    return max(event.epoch for event in ends if event.is_best)


def test_the_best_network_that_a_full_disk_refused_is_written_later(
    settings: Settings, straight: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare(settings, tmp_path / "full")
    epoch = last_best(straight)  # after it no other one would come to be written
    refused: list[int] = []

    def full(run: Run, taken: Taken, permit: Callable[[], object]) -> None:
        if taken.epoch == epoch and not refused:
            refused.append(epoch)
            error = CheckpointError("the checkpoint", expected="room", received="none")
            raise error from OSError(errno.ENOSPC, "No space left on device")
        write(run, taken, permit)

    monkeypatch.setattr(keeping, "write", full)
    assert train(run) == 0
    assert refused
    assert weights(run, "best") == weights(straight, "best")


def write_once_waited_for(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A disk so slow that nothing is written until training waits for it; the event ends that."""
    waited_for = threading.Event()
    settle = Keeping.settle

    def slowly(run: Run, taken: Taken, permit: Callable[[], object]) -> None:
        assert waited_for.wait(30)
        write(run, taken, permit)

    def wait(self: Keeping) -> None:
        waited_for.set()
        settle(self)
        waited_for.clear()

    monkeypatch.setattr(keeping, "write", slowly)
    monkeypatch.setattr(Keeping, "settle", wait)
    return waited_for


def test_the_end_of_a_run_waits_for_the_checkpoint_before_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare(settings, tmp_path / "abandoned")
    waited_for = write_once_waited_for(monkeypatch)
    monkeypatch.setattr(training, "COMMAND_SECONDS", 0.0)
    tell = Keeping.tell

    def abandon(self: Keeping, event: ev.Event) -> None:
        tell(self, event)
        if isinstance(event, ev.StepEnded) and event.step == 11:
            send(run, Abandon())
        if isinstance(event, ev.RunEnded):
            waited_for.set()  # if nobody has waited by now, nobody will

    monkeypatch.setattr(Keeping, "tell", abandon)
    heard: list[ev.Event] = []
    assert train(run, lambda record: heard.append(record.event)) == 0
    events = told(run)
    assert [type(event) for event in events[-2:]] == [ev.CommandDone, ev.RunEnded]
    assert sum(isinstance(event, ev.CheckpointSaved) for event in events) == 2
    assert [type(event) for event in heard] == [type(event) for event in events]


def test_no_more_is_held_back_than_memory_should_hold(
    settings: Settings, straight: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare(settings, tmp_path / "slow")
    write_once_waited_for(monkeypatch)
    most = 1000  # bytes: less than the events of an epoch take
    monkeypatch.setattr(journal, "_MOST_PENDING", most)
    tell = Keeping.tell
    held: list[int] = []

    def measure(self: Keeping, event: ev.Event) -> None:
        tell(self, event)
        if self.journal.holding:
            held.append(sum(map(len, self.journal._pending[:-1])))

    monkeypatch.setattr(Keeping, "tell", measure)
    assert train(run) == 0
    assert most / 2 < max(held) <= most
    assert told(run) == told(straight)


def test_a_trainer_whose_run_was_taken_over_puts_no_checkpoint_in_its_place(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even one that a thread was writing when another trainer took the run."""
    run = prepare(settings, tmp_path / "contended")
    there: dict[Path, bytes] = {}

    def slowly(run: Run, taken: Taken, permit: Callable[[], object]) -> None:
        if taken.epoch == 2:
            name = {"host": "far-away", "pid": 4711, "token": "another"}
            run.lock_path.write_text(json.dumps(name))
            there.update(files(run))
        write(run, taken, permit)

    monkeypatch.setattr(keeping, "write", slowly)
    with pytest.raises(TakenOver, match="taken over"):
        train(run)
    assert there
    assert files(run) == there


def files(run: Run) -> dict[Path, bytes]:
    """The journal and the checkpoints; temporary files are nobody's."""
    paths = [run.journal_path, *run.checkpoints.glob("[!.]*")]
    return {path: path.read_bytes() for path in paths}


class Killed(BaseException):
    """In place of SIGKILL: nothing is written any more."""


@pytest.mark.parametrize("where", ["before", "after"])
def test_who_is_killed_while_a_checkpoint_is_written_is_succeeded(
    settings: Settings, straight: Run, tmp_path: Path, where: str
) -> None:
    """Before it is written it is as if it had not been; after, the next trainer tells of it."""
    run = prepare(settings, tmp_path / "killed")

    def dying(run: Run, taken: Taken, permit: Callable[[], object]) -> None:
        if taken.epoch == 2 and where == "before":
            raise Killed
        write(run, taken, permit)
        if taken.epoch == 2:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "write", dying)
        patch.setattr("tui.experiment.training.Training.record_failure", _nothing)
        with pytest.raises(Killed):
            train(run)
    assert sum(isinstance(e, ev.CheckpointSaved) for e in told(run)) == 2  # of the first epoch
    assert train(run) == 0
    started = [event for event in told(run) if isinstance(event, ev.RunStarted)]
    assert [event.step for event in started] == [0, 9 if where == "before" else 18]
    events = told(run)
    events.remove(started[1])
    assert events == told(straight)
    assert weights(run) == weights(straight)


_nothing: Callable[..., None] = lambda *words: None  # noqa: E731
