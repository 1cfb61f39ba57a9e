"""Ranks: the numbers of one process, the same bits each time, and nobody waits for the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_cases import (
    GHOST,
    PLAIN,
    RICH,
    SHAPE,
    bars,
    constant,
    everything,
    final_tensors,
    only,
    plain,
    same_bits,
    trainer_of,
)

from cnnlib import events
from cnnlib.errors import RankError, SpecificationError
from cnnlib.events import Evaluated, RunEnded, StepEnded
from cnnlib.losses import CrossEntropyLoss, MSELoss
from cnnlib.model import Sequential
from cnnlib.optimizers import SGD
from cnnlib.ranks import Alone, LocalRanks
from cnnlib.replica import Replica
from cnnlib.team import Team
from cnnlib.work import Work

LARGE = "Flatten()\nDense(6000)\nReLU()\nDense(3)"  # more numbers than a slot of shared memory


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self").exists()
    return status.rpartition(")")[2].split()[0] != "Z"


def gone(pids: list[int], seconds: float) -> bool:
    """Whether all processes go within some seconds."""
    end = time.monotonic() + seconds
    while any(map(alive, pids)):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def gradients(work: Work, ranks: int, steps: list[int]) -> list[tuple[float, float, np.ndarray]]:
    """Loss, accuracy and gradients of some batches of the first epoch, at a rate of nothing."""
    team = Team(work, {"train": bars(30)}, ranks)
    try:
        team.agree()
        found = []
        for batch in steps:
            result = team.step(1, batch, 1e-12)
            flat = team.replica.model.flat_gradients.copy()
            found.append((result.loss, result.accuracy, flat))
        return found
    finally:
        team.close()


# ------------------------------------------------------------------ the same numbers
@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize(
    "work",
    [
        plain(),
        plain(architecture=LARGE),
        everything(clip=None, optimizer=SGD()),
        plain(
            loss=CrossEntropyLoss(label_smoothing=0.1, class_weights=(1.0, 3.0, 0.5)),
            micro_batch=1,
        ),
    ],
    ids=["plain", "large", "everything", "class weights"],
)
def test_gradients_of_ranks_add_up_to_those_of_one(work: Work, ranks: int) -> None:
    steps = [0, 2, 3]  # the last batch is short: 6 examples
    for one, many in zip(gradients(work, 1, steps), gradients(work, ranks, steps), strict=True):
        assert many[0] == pytest.approx(one[0], rel=1e-5)
        assert many[1] == one[1]
        scale = np.abs(one[2]).max()
        np.testing.assert_allclose(many[2], one[2], rtol=0, atol=1e-5 * scale)


def test_a_rank_without_an_example_adds_nothing() -> None:
    work = plain(batch_size=29)  # the second batch holds one example
    for one, many in zip(gradients(work, 1, [0, 1]), gradients(work, 3, [0, 1]), strict=True):
        np.testing.assert_allclose(many[2], one[2], rtol=1e-4, atol=1e-6)


def test_batch_normalisation_sees_the_whole_batch() -> None:
    running = []
    for ranks in (1, 3):
        trainer = trainer_of(everything(optimizer=SGD()), epochs=1, ranks=ranks)
        for event in trainer.run():
            if isinstance(event, StepEnded) and event.step == 3:
                running.append(trainer.team.replica.model.buffers["norm1.running_var"].copy())
    np.testing.assert_allclose(running[1], running[0], rtol=1e-5)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_every_rank_evaluates_its_share(split: str) -> None:
    expected = None
    for ranks in (1, 2):
        trainer = trainer_of(plain(optimizer=SGD()), ranks=ranks, epochs=1)
        run = trainer.run()
        next(run)
        found = trainer.evaluate(split).probabilities
        run.close()
        expected = found if expected is None else expected
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("count", "steps"), [(11, 2), (10, 1), (9, 1)])
def test_a_last_batch_with_an_example_for_every_rank_is_learned(count: int, steps: int) -> None:
    work = everything(optimizer=SGD(), average=None)
    seen = list(trainer_of(work, count=count, ranks=3, epochs=1).run())
    assert len(only(seen, StepEnded)) == steps
    if steps == 2:
        alone = list(trainer_of(work, count=count, epochs=1).run())
        losses = [[step.loss for step in only(each, StepEnded)] for each in (seen, alone)]
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


# ------------------------------------------------------------------ the same bits
@pytest.mark.parametrize(
    ("architecture", "ranks"), [(RICH, 2), (PLAIN, 3), (GHOST, 2)], ids=["rich", "plain", "ghost"]
)
def test_a_seed_and_a_number_of_ranks_give_the_same_bits(architecture: str, ranks: int) -> None:
    work = everything(architecture=architecture)
    first, second = (final_tensors(trainer_of(work, ranks=ranks)) for _ in range(2))
    assert first[0] == second[0]
    assert same_bits(first[1], second[1])
    assert first[0][0].ranks == ranks


@pytest.mark.parametrize("architecture", [RICH, GHOST], ids=["rich", "ghost"])
def test_a_stopped_run_of_two_ranks_goes_on_to_the_same_bits(architecture: str) -> None:
    work = everything(architecture=architecture)
    expected, tensors = final_tensors(trainer_of(work, ranks=2))
    for step in (3, 8):
        trainer, state = trainer_of(work, ranks=2), None
        for event in trainer.run():
            if isinstance(event, StepEnded) and event.step == step:
                state = trainer.state()
                trainer.stop(test=False)
        again = trainer_of(work, ranks=2)
        again.restore(state)
        seen, found = final_tensors(again)
        rest = [e for e in only(expected, StepEnded) if e.step > step]
        assert only(seen, StepEnded) == rest
        assert only(seen, Evaluated)[-1] == only(expected, Evaluated)[-1]
        assert same_bits(found, tensors)


# ------------------------------------------------------------------ death
@pytest.mark.parametrize("moment", ["step", "evaluation", "start"])
@pytest.mark.parametrize("ranks", [2, 3])
def test_a_killed_rank_ends_the_run_at_once_and_leaves_nobody(ranks: int, moment: str) -> None:
    work = plain()
    trainer = trainer_of(work, ranks=ranks, epochs=1000, schedule=constant())
    seen: list[events.Event] = []
    pids: list[int] = []
    state = None
    for event in trainer.run():
        seen.append(event)
        here = {
            "start": isinstance(event, events.RunStarted),
            "step": isinstance(event, StepEnded) and event.step == 5,
            "evaluation": isinstance(event, StepEnded) and event.step == 4,
        }[moment]
        if here:
            pids = trainer.team.pids()
            state = trainer.state()
            os.kill(pids[-1], signal.SIGKILL)
        if isinstance(event, RunEnded):
            assert event.reason == "failed"
            assert "rank" in event.message
            assert "gone" in event.message
            last = trainer.state()
    assert len(pids) == ranks - 1
    assert isinstance(seen[-1], RunEnded)
    assert len(only(seen, RunEnded)) == 1
    assert gone(pids, 2)
    assert last.progress["step"] - state.progress["step"] <= 1
    again = trainer_of(work, epochs=2, schedule=constant())
    again.restore(last)
    assert list(again.run())[-1].reason == "finished"


class Dying(Alone):
    """The first of two ranks, the other of which holds nothing and dies at a given sum."""

    size = 2

    def __init__(self) -> None:
        self.sums, self.last = 0, 10**9

    def sum(self, array: np.ndarray) -> None:
        if self.sums == self.last:
            raise RankError("rank 1", expected="that it works", received="that it has gone")
        self.sums += 1


def test_a_step_that_a_death_cuts_short_leaves_everything_as_it_was() -> None:
    communicator = Dying()
    replica = Replica(everything(), {"train": bars(30)}, communicator)
    replica.step(1, 0, 0.01)
    sums_of_a_step = communicator.sums
    assert sums_of_a_step >= 3  # batch statistics forward and backward, gradients
    before = {name: array.copy() for name, array in replica.arrays().items()}
    for last in range(sums_of_a_step):
        communicator.sums, communicator.last = 0, last
        with pytest.raises(RankError):
            replica.step(1, 1, 0.01)
        assert same_bits(replica.arrays(), before)
    communicator.last = 10**9
    replica.step(1, 1, 0.01)
    assert not same_bits(replica.arrays(), before)


TRAINER = """
import sys
sys.path[:0] = [{here!r}]
from training_cases import *
trainer = trainer_of(plain(), ranks=3, epochs=10**6, schedule=constant())
for event in trainer.run():
    if isinstance(event, events.StepEnded) and event.step == 3:
        print(*trainer.team.pids(), flush=True)
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_killed_trainer_leaves_no_rank_behind(name: str) -> None:
    here = Path(__file__).parent
    home = str(here.parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINER.format(here=str(here))],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": home},
    )
    with process:
        assert process.stdout is not None
        pids = list(map(int, process.stdout.readline().split()))
        assert len(pids) == 2
        assert all(map(alive, pids))
        process.send_signal(getattr(signal, name))
        process.wait(5)
    assert gone(pids, 3)


@pytest.mark.parametrize("ending", ["finished", "dropped", "refused", "diverged"])
def test_no_ending_leaves_a_process(ending: str) -> None:
    work = plain(loss=MSELoss(), optimizer=SGD())
    schedule = constant(1e20 if ending == "diverged" else 0.01)
    trainer = trainer_of(work, ranks=2, epochs=1, schedule=schedule)
    if ending == "refused":
        trainer.splits["valid"].labels[0] = 77
    run, pids = trainer.run(), []
    try:
        for event in run:
            pids = pids or trainer.team.pids()
            if ending == "dropped" and isinstance(event, StepEnded):
                break
    except (IndexError, ValueError, SpecificationError):
        assert ending == "refused"
    run.close()
    assert len(pids) == 1
    assert gone(pids, 2)
    with pytest.raises(RankError, match="a training under way"):
        _ = trainer.team


def test_a_diverging_step_is_taken_by_no_rank() -> None:
    work = everything(loss=MSELoss(), optimizer=SGD(), clip=None)
    trainer = trainer_of(work, ranks=2, schedule=constant(1e20))
    before = {}
    for event in trainer.run():
        if isinstance(event, StepEnded):
            before = trainer.state().tensors
        if isinstance(event, RunEnded):
            assert event.reason == "diverged"
            assert same_bits(trainer.state().tensors, before)


# ------------------------------------------------------------------ communicators
def test_one_rank_needs_nobody() -> None:
    array = np.arange(5.0)
    alone = Alone()
    alone.sum(array)
    alone.share(array)
    alone.close()
    alone.close()
    assert np.array_equal(array, np.arange(5.0))
    team = Team(plain(), {"train": bars(8)}, 1)
    assert team.pids() == []
    assert isinstance(team.replica.model, Sequential)
    assert team.replica.model.input_shape == SHAPE


def test_ranks_that_cannot_be_started_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    trainer = trainer_of(plain(), ranks=2)
    seen = list(trainer.run())
    assert [type(event) for event in seen] == [RunEnded]
    assert seen[0].reason == "failed"
    assert "Train with fewer ranks" in seen[0].message


def test_closing_twice_is_closing() -> None:
    team = Team(plain(), {"train": bars(8)}, 2)
    pids = team.pids()
    team.close()
    team.close()
    assert gone(pids, 2)


def test_a_network_that_cannot_be_leaves_no_process(capfd: pytest.CaptureFixture[str]) -> None:
    started: list[int] = []
    start = LocalRanks.start

    def watched(*arguments: Any) -> LocalRanks:
        ranks = start(*arguments)
        started.extend(ranks.pids())
        return ranks

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalRanks, "start", watched)
        with pytest.raises(SpecificationError):
            list(trainer_of(plain(architecture="Dense(3)"), ranks=3).run())
    assert len(started) == 2
    assert gone(started, 2)
    assert capfd.readouterr().err == ""
