"""A run is carried out in its directory; nothing that happens to its process changes the bits."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnlib import events as ev
from cnnlib.errors import DivergedError, RankError, RunError, SpecificationError
from cnnlib.runs import checkpoint, commands
from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from cnnlib.runs.lock import RunLock, owner
from cnnlib.team import Team
from data import DataError, Dataset, Split
from tui.experiment import launch, load_data, load_model, prepare, train
from tui.experiment.evaluation import measure, read_report
from tui.experiment.saving import LAST
from tui.experiment.training import COMMAND_SECONDS
from tui.settings.training import Settings

TINY = "Conv2d(4, kernel=3, stride=2)\nReLU()\nFlatten()\nDropout(0.2)\nDense(3)\n"
EPOCHS = 3

pytestmark = pytest.mark.usefixtures("written_at_once")


@pytest.fixture
def settings(pictures: Path) -> Settings:
    return Settings(
        data=str(pictures),
        architecture=TINY,
        epochs=EPOCHS,
        batch_size=16,
        schedule="OneCycle(peak=0.02)",
        augment="Shift(1)",
        average="ExponentialMovingAverage(decay=0.9)",
    )


def events_of(run: Run) -> list[ev.Event]:
    return [record.event for record in RunHistory.read(run).records]


def learned(run: Run) -> list[ev.Event]:
    """The events that say what was learned, whatever became of the process meanwhile."""
    kinds = ev.EpochStarted | ev.StepEnded | ev.EpochEnded | ev.Evaluated
    return [event for event in events_of(run) if isinstance(event, kinds)]


def last_tensors(run: Run) -> dict[str, bytes]:
    tensors, _ = checkpoint.load(run.checkpoints / LAST)
    return {name: array.tobytes() for name, array in tensors.items()}


def assert_same_bits(run: Run, other: Run) -> None:
    assert learned(run) == learned(other)
    assert last_tensors(run) == last_tensors(other)
    first, second = load_model(run), load_model(other)
    np.testing.assert_array_equal(first.flat_parameters, second.flat_parameters)


def when(
    happens: Callable[[ev.Event], bool], act: Callable[[], object]
) -> Callable[[ev.Record], None]:
    """A listener that acts once, at the first event that is meant; the trainer then looks."""
    done = False

    def listen(record: ev.Record) -> None:
        nonlocal done
        if not done and happens(record.event):
            done = True
            act()
            time.sleep(COMMAND_SECONDS)

    return listen


def at_step(step: int) -> Callable[[ev.Event], bool]:
    return lambda event: isinstance(event, ev.StepEnded) and event.step == step


@pytest.fixture
def finished(settings: Settings, tmp_path: Path) -> Run:
    run = prepare(settings, tmp_path / "uninterrupted")
    assert train(run) == 0
    return run


def test_a_run_leaves_everything_that_the_design_names(finished: Run) -> None:
    told = events_of(finished)
    assert isinstance(told[0], ev.RunStarted)
    ended = told[-1]
    assert isinstance(ended, ev.RunEnded)
    assert ended.reason == "finished"
    assert ended.epoch == EPOCHS
    assert ended.test_accuracy is not None
    assert ended.test_accuracy > 0.9
    assert sum(isinstance(event, ev.Evaluated) and event.split == "test" for event in told) == 1
    for path in (
        finished.checkpoints / "last.safetensors",
        finished.checkpoints / "best.safetensors",
        finished.report_markdown_path,
    ):
        assert path.is_file()
    report = json.loads(finished.report_path.read_text())
    assert report["accuracy"] == ended.test_accuracy
    assert owner(finished) is None


def test_the_report_is_what_measuring_again_gives(finished: Run) -> None:
    again = measure(load_model(finished), load_data(finished))
    assert again.to_dict() == read_report(finished).to_dict()


def test_run_toml_alone_repeats_the_run(finished: Run, tmp_path: Path) -> None:
    settings = Settings.from_description(finished.description())
    repeated = prepare(settings, tmp_path / "repeated")
    assert train(repeated) == 0
    assert_same_bits(finished, repeated)


def test_another_seed_is_another_run(finished: Run, settings: Settings, tmp_path: Path) -> None:
    other = prepare(Settings(**asdict(settings) | {"seed": 1}), tmp_path / "other")
    train(other)
    assert last_tensors(other) != last_tensors(finished)


@pytest.mark.parametrize("step", [1, 7, 17, 34, 51])  # 17 steps an epoch
def test_stopped_and_resumed_is_uninterrupted(
    finished: Run, settings: Settings, tmp_path: Path, step: int
) -> None:
    run = prepare(settings, tmp_path / "stopped")
    stop = when(at_step(step), lambda: commands.send(run, commands.Stop()))
    assert train(run, stop) == 0
    if step < 51:
        ended = events_of(run)[-1]
        assert isinstance(ended, ev.RunEnded)
        assert ended.reason == "stopped"
        assert not run.report_path.exists()
        assert train(run) == 0
    assert_same_bits(run, finished)


KILLED = """
import os, signal, sys
from pathlib import Path
from cnnlib import events
from cnnlib.runs.directory import Run
from tui.experiment import train

def kill_after_the_step(record):
    if isinstance(record.event, events.StepEnded) and record.event.step == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

train(Run(Path(sys.argv[1])), kill_after_the_step)
"""


@pytest.mark.parametrize("step", [3, 17, 20, 40])
def test_killed_at_any_moment_and_resumed_is_uninterrupted(
    finished: Run, settings: Settings, tmp_path: Path, step: int
) -> None:
    """The process ends without a word after this step: what a kill leaves behind."""
    frequent = Settings(**asdict(settings) | {"checkpoint_seconds": 1e-3})
    run = prepare(frequent, tmp_path / "killed")
    killed = subprocess.run([sys.executable, "-c", KILLED, run.path, str(step)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not isinstance(events_of(run)[-1], ev.RunEnded)
    assert train(run) == 0
    assert_same_bits(run, finished)


def test_a_launched_trainer_that_is_killed_is_seen_to_be_dead_and_resumed(
    finished: Run, settings: Settings, tmp_path: Path
) -> None:
    run = prepare(settings, tmp_path / "launched")
    commands.send(run, commands.StepEpoch())
    commands.send(run, commands.Pause())
    process = launch(run)
    try:
        wait_until(lambda: any(isinstance(event, ev.Paused) for event in events_of(run)))
        found = owner(run)
        assert found is not None
        assert found.alive
        assert found.pid == process.pid
        with pytest.raises(RunError, match=f"process {process.pid}"):
            train(run)
    finally:
        process.kill()
        process.wait()
    assert (found := owner(run)) is not None
    assert found.alive is False
    assert train(run) == 0
    assert_same_bits(run, finished)
    assert run.log_path.read_text() == ""


def test_a_run_has_one_owner(settings: Settings, tmp_path: Path) -> None:
    run = prepare(settings, tmp_path)
    with RunLock(run), pytest.raises(RunError, match="is being trained"):
        train(run)
    assert events_of(run) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_saves_and_stops(
    finished: Run, settings: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    run = prepare(settings, tmp_path / "signalled")
    before = signal.getsignal(number)
    code = train(run, when(at_step(20), lambda: os.kill(os.getpid(), number)))
    assert code == 128 + number
    assert signal.getsignal(number) == before
    saved = [event for event in events_of(run) if isinstance(event, ev.CheckpointSaved)]
    assert saved[-1].reason == "signal"
    assert saved[-1].step == 20
    assert train(run) == 0
    assert_same_bits(run, finished)


def test_a_cluster_s_warning_saves_and_goes_on(settings: Settings, tmp_path: Path) -> None:
    run = prepare(settings, tmp_path)
    code = train(run, when(at_step(5), lambda: os.kill(os.getpid(), signal.SIGUSR1)))
    assert code == 0
    saved = [event for event in events_of(run) if isinstance(event, ev.CheckpointSaved)]
    assert (saved[0].reason, saved[0].step) == ("signal", 5)


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def in_a_thread(run: Run) -> threading.Thread:
    thread = threading.Thread(target=train, args=(run,))
    thread.start()
    return thread


def test_commands_are_obeyed_and_answered(
    finished: Run, settings: Settings, tmp_path: Path
) -> None:
    run = prepare(settings, tmp_path / "commanded")
    sent = [commands.send(run, commands.Pause())]
    thread = in_a_thread(run)
    wait_until(lambda: any(isinstance(event, ev.Paused) for event in events_of(run)))
    steps = sum(isinstance(event, ev.StepEnded) for event in events_of(run))
    sent.append(commands.send(run, commands.StepBatch()))
    wait_until(lambda: sum(isinstance(event, ev.Paused) for event in events_of(run)) == 2)
    assert sum(isinstance(event, ev.StepEnded) for event in events_of(run)) == steps + 1
    sent += [
        commands.send(run, command)
        for command in (commands.Snapshot(), commands.EvaluateNow(), commands.Resume())
    ]
    thread.join(30)
    assert not thread.is_alive()
    told = events_of(run)
    assert [event.command for event in told if isinstance(event, ev.CommandDone)] == sent
    asked = [event for event in told if isinstance(event, ev.CheckpointSaved)]
    assert asked[0].reason == "asked"
    valid = [event for event in told if isinstance(event, ev.Evaluated) and event.split == "valid"]
    assert len(valid) == EPOCHS + 1
    assert last_tensors(run) == last_tensors(finished)


def test_one_batch_is_one_also_where_an_epoch_ends(settings: Settings, tmp_path: Path) -> None:
    run = prepare(settings, tmp_path / "stepped")

    def pauses() -> list[int]:
        return [event.step for event in events_of(run) if isinstance(event, ev.Paused)]

    commands.send(run, commands.Pause())
    thread = in_a_thread(run)
    wait_until(lambda: len(pauses()) == 1)
    per_epoch = next(e.steps_per_epoch for e in events_of(run) if isinstance(e, ev.RunStarted))
    for number in range(1, per_epoch + 2):
        commands.send(run, commands.StepBatch())
        wait_until(lambda number=number: len(pauses()) == number + 1)
    commands.send(run, commands.Stop())
    thread.join(30)
    assert pauses() == list(range(per_epoch + 2))


def test_a_learning_rate_set_by_hand_survives_a_resumption(
    settings: Settings, tmp_path: Path
) -> None:
    whole, parted = (prepare(settings, tmp_path / name) for name in ("whole", "parted"))

    def change(run: Run) -> Callable[[ev.Record], None]:
        return when(at_step(10), lambda: commands.send(run, commands.SetLearningRate(0.004)))

    train(whole, change(whole))
    changing = change(parted)
    stopping = when(at_step(25), lambda: commands.send(parted, commands.Stop()))

    def both(record: ev.Record) -> None:
        changing(record)
        stopping(record)

    train(parted, both)
    train(parted)
    changes = [event for event in events_of(parted) if isinstance(event, ev.LearningRateChanged)]
    assert [(event.step, event.learning_rate) for event in changes] == [(10, 0.004)]
    following = next(event for event in events_of(parted) if at_step(11)(event))
    assert isinstance(following, ev.StepEnded)
    assert following.learning_rate == pytest.approx(0.004)
    assert_same_bits(whole, parted)


def test_junk_among_the_commands_is_refused_and_harms_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    run = prepare(settings, tmp_path)
    run.commands_path.write_text('{"id": "abc", "command": "Explode"}\nnot json\n')
    assert train(run) == 0
    refused = [event for event in events_of(run) if isinstance(event, ev.CommandRefused)]
    assert len(refused) == 2
    assert refused[0].command == "abc"


def test_a_training_that_diverges_says_where(settings: Settings, tmp_path: Path) -> None:
    wild = {
        "architecture": "Flatten()\nDense(3)\n", "loss": "MSELoss()", "optimizer": "SGD()",
        "schedule": "Constant(1e6)", "average": "",
    }  # fmt: skip
    run = prepare(Settings(**asdict(settings) | wild), tmp_path)
    with np.errstate(all="ignore"), pytest.raises(DivergedError, match="learning rate"):
        train(run)
    told = events_of(run)
    assert any(isinstance(event, ev.Diverged) for event in told)
    assert isinstance(told[-1], ev.RunEnded)
    assert told[-1].reason == "diverged"


def test_a_failure_is_recorded_and_told(settings: Settings, tmp_path: Path, pictures: Path) -> None:
    own = tmp_path / "mine.npz"
    own.write_bytes(pictures.read_bytes())
    run = prepare(Settings(**asdict(settings) | {"data": str(own)}), tmp_path / "runs")
    own.write_bytes(b"PK no longer")
    with pytest.raises(DataError):
        train(run)
    ended = events_of(run)[-1]
    assert isinstance(ended, ev.RunEnded)
    assert ended.reason == "failed"
    assert "mine.npz" in ended.message


@pytest.mark.parametrize(
    ("method", "call"), [("step", 20), ("probabilities", 2), ("keep_best", 2), ("step", 1)]
)
def test_a_rank_that_dies_ends_the_run_with_its_last_step_in_a_checkpoint(
    settings: Settings, tmp_path: Path, method: str, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(**asdict(settings) | {"ranks": 2})
    whole = prepare(settings, tmp_path / "whole")
    assert train(whole) == 0
    run = prepare(settings, tmp_path / "cut")
    for where, number in ((method, call), ("agree", 1)):  # the second while it is taken up again
        with monkeypatch.context() as patch:
            patch.setattr(Team, where, dying(getattr(Team, where), number))
            with pytest.raises(RankError, match=r"rank 1.*gone.*can be resumed"):
                train(run)
        *_, saved, ended = events_of(run)
        assert isinstance(ended, ev.RunEnded)
        assert ended.reason == "failed"
        assert isinstance(saved, ev.CheckpointSaved)
        assert (saved.step, saved.reason) == (ended.step, "failed")
    assert train(run) == 0
    assert_same_bits(run, whole)


def test_a_rank_that_dies_while_it_is_asked_to_evaluate_ends_the_run_whole(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(**asdict(settings) | {"ranks": 2})
    whole = prepare(settings, tmp_path / "whole")
    assert train(whole) == 0
    run = prepare(settings, tmp_path / "cut")
    with monkeypatch.context() as patch:
        patch.setattr(Team, "probabilities", dying(Team.probabilities, 1))  # before the first epoch
        with pytest.raises(RankError, match=r"rank 1.*gone"):
            train(run, when(at_step(8), lambda: commands.send(run, commands.EvaluateNow())))
    *_, saved, ended = events_of(run)
    assert isinstance(saved, ev.CheckpointSaved)
    assert isinstance(ended, ev.RunEnded)
    assert (saved.step, saved.reason, ended.reason) == (8, "failed", "failed")
    assert owner(run) is None
    assert train(run) == 0  # and now the question is answered
    assert sum(isinstance(event, ev.CommandDone) for event in events_of(run)) == 1
    assert last_tensors(run) == last_tensors(whole)


def dying(method: Callable[..., Any], call: int) -> Callable[..., Any]:
    """The method of a Team, before whose so many-th call a rank is killed."""
    calls = itertools.count(1)

    def die_first(team: Team, *words: Any) -> Any:
        if next(calls) == call:
            os.kill(team.pids()[0], signal.SIGKILL)
            time.sleep(0.2)  # until the system has hung up for it
        return method(team, *words)

    return die_first


def test_data_that_changed_is_refused(settings: Settings, tmp_path: Path, pictures: Path) -> None:
    own = tmp_path / "mine.npz"
    own.write_bytes(pictures.read_bytes())
    run = prepare(Settings(**asdict(settings) | {"data": str(own)}), tmp_path / "runs")
    arrays = dict(np.load(pictures))
    arrays["x_test"] = 255 - arrays["x_test"]
    np.savez(own, **arrays)
    with pytest.raises(RunError, match="the data of"):
        train(run)


def test_a_finished_run_is_not_trained_again(finished: Run) -> None:
    before = finished.journal_path.read_bytes()
    with pytest.raises(RunError, match="is over"):
        train(finished)
    assert finished.journal_path.read_bytes() == before


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    finished: Run, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = prepare(settings, tmp_path / "damaged")
    train(run, when(at_step(40), lambda: commands.send(run, commands.Stop())))
    last = run.checkpoints / LAST
    content = bytearray(last.read_bytes())
    content[-5] ^= 1
    last.write_bytes(content)
    assert train(run) == 0
    assert "going on from last.safetensors.previous" in capsys.readouterr().err
    assert_same_bits(run, finished)


def test_without_validation_the_last_epoch_is_the_best(settings: Settings, tmp_path: Path) -> None:
    run = prepare(Settings(**asdict(settings) | {"validation": 0.0}), tmp_path)
    assert train(run) == 0
    ended = events_of(run)[-1]
    assert isinstance(ended, ev.RunEnded)
    assert ended.best_epoch == EPOCHS
    assert load_data(run).valid is None
    np.testing.assert_array_equal(
        load_model(run, "best").flat_parameters, load_model(run, "last").flat_parameters
    )


def test_a_rule_ends_the_training_early_and_still_measures_it(
    settings: Settings, tmp_path: Path
) -> None:
    hasty = Settings(
        **asdict(settings) | {"epochs": 40, "stopping": "EarlyStopping(patience=1, min_delta=10.0)"}
    )
    run = prepare(hasty, tmp_path)
    assert train(run) == 0
    ended = events_of(run)[-1]
    assert isinstance(ended, ev.RunEnded)
    assert ended.reason == "early-stopping"
    assert ended.test_accuracy is not None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"architecture": "Conv2d(4, kernel=99)\nFlatten()\nDense(3)\n"}, "99"),
        ({"architecture": "Conv3d(4)\n"}, "Conv3d"),
        ({"architecture": "Flatten()\nDense(7)\n"}, "3 outputs"),
        ({"batch_size": 5000}, "at most the 270 training images"),
        ({"ranks": 17}, "at most the batch size"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    settings: Settings, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(SpecificationError, match=told):
        prepare(Settings(**asdict(settings) | changes), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_known_network_is_fitted_to_the_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def split(n: int) -> Split:
        images = rng.integers(0, 255, (n, 1, 28, 28), dtype=np.uint8)
        return Split(images, np.arange(n, dtype=np.int64) % 4)

    dataset = Dataset("four", "Four", split(80), split(20), ("a", "b", "c", "d"), "here")
    run = prepare(Settings(), tmp_path, dataset=dataset)
    assert run.description()["model"]["architecture"].endswith("Dense(4)\n")
    assert run.id.endswith("lenet")


def test_a_run_without_a_checkpoint_has_no_network(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="none yet"):
        load_model(prepare(settings, tmp_path))


def test_the_process_of_a_training_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui.experiment", str(tmp_path / "nowhere")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert len(done.stderr.splitlines()) == 1
