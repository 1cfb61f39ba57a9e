"""A sweep that is looked at while others drive it: read once, never an error, always in order."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.events import CommandDone, EpochEnded, RunEnded, RunStarted
from cnnlib.runs import directory, files, lines
from cnnlib.runs.commands import CommandReader, Request, Stop
from cnnlib.runs.directory import Run
from cnnlib.runs.journal import JournalWriter
from cnnlib.runs.lock import RunLock
from tui.sweep import asking, looking
from tui.sweep.following import SweepFollower, sweeps_in
from tui.sweep.journal import FILE, Trial
from tui.sweep.looking import TrialRuns
from tui.sweep.ordering import arranged, columns
from tui.sweep.plan import read_sweep, settle
from tui.sweep.results import leaders, milestones, ranked
from tui.sweep.view import SweepView, TrialView

WORDS = '''
trials = 6
arch = "tiny"
space = """
lr = log_uniform(1e-4, 1e-1)
schedule = choice("OneCycle(peak=6e-3)", "Cosine(6e-3)")
"""
[training]
epochs = 3
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = tmp_path / "rates.toml"
    file.write_text(WORDS, encoding="utf-8")
    return settle(read_sweep(file), tmp_path / "runs")


def trial(number: int, state: str = "running", value: float | None = None) -> Trial:
    parameters = {"lr": 0.001 * (number + 1), "schedule": "Cosine(6e-3)"}
    values = (0.1, value) if value is not None else ()
    over = 100.0 + number
    return Trial(number, parameters, state, (), value, values, "", over)


def write(folder: Path, *trials: Trial) -> None:
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(each)) + "\n" for each in trials)


def a_run(folder: Path, number: int, *, seed: int | None = None) -> Run:
    seeded = f"-seed-{seed}" if seed is not None else ""
    return directory.create(folder, f"trial-{number:04d}{seeded}", {"run": {}})


def started(run: Run) -> RunStarted:
    return RunStarted(
        run=run.id, architecture="", classes=("0", "1"), parameters=1, train_examples=1,
        valid_examples=1, batch_size=1, ranks=1, seed=0, epochs=3, step=0, steps_per_epoch=1,
    )  # fmt: skip


def train(run: Run, values: list[float], ended: str = "") -> None:
    with JournalWriter(run.journal_path) as journal:
        journal.append(started(run))
        for epoch, value in enumerate(values, 1):
            journal.append(EpochEnded(epoch, epoch, 1.0, value, 1 - value, value, 0.1, True))
        if ended:
            last = len(values)
            journal.append(CommandDone("x", "Stop"))
            journal.append(RunEnded(last, last, "stopped", last, None, None, None, ""))


# What journal, plan and lock tell


def test_every_byte_of_the_journal_is_read_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def counted(descriptor: int, count: int) -> bytearray:
        taken.append(count)
        return files.read_exactly(descriptor, count)

    follower = SweepFollower(folder)
    write(folder, *(trial(number, "finished", 0.5) for number in range(200)))
    whole = (folder / FILE).stat().st_size
    assert len(follower.glance().trials) == 200
    write(folder, trial(200))
    monkeypatch.setattr(lines, "read_exactly", counted)
    assert len(follower.glance().trials) == 201
    assert 0 < sum(taken) < whole / 10


def test_a_half_written_line_is_waited_for(folder: Path) -> None:
    follower = SweepFollower(folder)
    line = json.dumps(asdict(trial(0, "finished", 0.7))) + "\n"
    (folder / FILE).write_text(line + line[:40], encoding="utf-8")
    view = follower.glance()
    assert (len(view.trials), view.problem) == (1, "")
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(line[40:])
    assert follower.glance().problem == ""


@pytest.mark.parametrize("line", ["{}", "nonsense", '{"number": -1}', "[" * 5000, "\0" * 90])
def test_damage_is_said_in_a_line_and_the_rest_is_shown(folder: Path, line: str) -> None:
    write(folder, trial(0, "finished", 0.7))
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    write(folder, trial(5, "finished", 0.8))
    view = SweepFollower(folder).glance()
    assert [each.number for each in view.trials] == [0, 5]
    assert view.problem.startswith("A line of sweep.jsonl cannot be read")
    assert "\n" not in view.problem


def test_a_plan_that_cannot_be_read_leaves_the_trials(folder: Path) -> None:
    write(folder, trial(0, "finished", 0.7), trial(1, "finished", 0.2))
    (folder / "sweep.toml").write_text("trials = [", encoding="utf-8")
    view = SweepFollower(folder).glance()
    assert view.problem.startswith("sweep.toml")
    assert view.names == ["lr", "schedule"]
    assert [each.number for each in view.ranking()] == [0, 1]
    assert view.planned == 2


def test_a_sweep_that_is_longer_now_has_more_trials(folder: Path, tmp_path: Path) -> None:
    follower = SweepFollower(folder)
    assert follower.glance().planned == 6
    longer = WORDS.replace("trials = 6", "trials = 16")
    (tmp_path / "rates.toml").write_text(longer, encoding="utf-8")
    settle(read_sweep(tmp_path / "rates.toml"), tmp_path / "runs")
    assert follower.glance().planned == 16


def test_the_state_follows_from_lock_and_trials(folder: Path) -> None:
    follower = SweepFollower(folder)
    assert follower.glance().state == "new"
    with RunLock(Run(folder)):
        assert follower.glance().state == "running"
        write(folder, trial(0, "finished", 0.7), trial(1))
    assert follower.glance().state == "interrupted"
    write(folder, *(trial(number, "pruned") for number in range(1, 6)))
    assert follower.glance().state == "finished"
    shutil.rmtree(folder)
    gone = follower.glance()
    assert gone.state == "gone"
    assert "rates is gone" in gone.problem
    assert TrialRuns(folder).look(gone).state == "gone"


def test_a_journal_that_was_put_back_is_read_anew(folder: Path) -> None:
    follower = SweepFollower(folder)
    write(folder, trial(0, "finished", 0.7), trial(1, "finished", 0.9))
    follower.glance()
    (folder / FILE).write_text(json.dumps(asdict(trial(0, "finished", 0.3))) + "\n")
    assert [each.value for each in follower.glance().trials] == [0.3]


def test_sweeps_are_found_and_other_folders_are_not(folder: Path) -> None:
    directory.create(folder.parent, "lenet", {"run": {}})
    (folder.parent / ".trash").mkdir()
    assert sweeps_in(folder.parent) == [folder]
    assert sweeps_in(folder.parent / "nowhere") == []


# What the runs tell


def test_a_trial_is_queued_running_interrupted_as_its_trainer_and_driver_are(folder: Path) -> None:
    follower, runs = SweepFollower(folder), TrialRuns(folder)

    def look() -> TrialView:
        return runs.look(follower.glance()).trials[0]

    with RunLock(Run(folder)):
        write(folder, trial(0))
        assert look().state == "queued"
        run = a_run(folder, 0)
        assert look().state == "queued"
        train(run, [0.5, 0.75])
        assert look() == replace(look(), state="queued", value=0.75, epochs=2, runs=(run,))
        with RunLock(run):
            assert look().state == "running"
    assert look().state == "interrupted"
    with RunLock(run):
        assert look().state == "running"


def test_the_seeds_of_a_trial_are_taken_together(folder: Path) -> None:
    write(folder, trial(0))
    runs = [a_run(folder, 0, seed=seed) for seed in (3, 11)]
    train(runs[0], [0.5, 0.7])
    train(runs[1], [0.3])
    seen = TrialRuns(folder).look(SweepFollower(folder).glance()).trials[0]
    assert (seen.runs, seen.epochs, seen.value) == (tuple(runs), 1, pytest.approx(0.4))


def test_runs_of_trials_that_are_over_come_in_little_by_little(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "AT_ONCE", 2)
    for number in range(5):
        write(folder, trial(number, "finished", 0.5))
        train(a_run(folder, number), [0.5], "stopped")
    follower, runs = SweepFollower(folder), TrialRuns(folder)
    read = []
    for _ in range(4):
        view = runs.look(follower.glance())
        read.append((sum(each.seconds is not None for each in view.trials), view.behind))
    assert read == [(2, True), (4, True), (5, False), (5, False)]


def test_damaged_and_deleted_runs_are_no_errors(folder: Path) -> None:
    write(folder, trial(0, "finished", 0.5), trial(1))
    over, going = a_run(folder, 0), a_run(folder, 1)
    over.journal_path.mkdir()
    going.journal_path.mkdir()
    view = TrialRuns(folder).look(SweepFollower(folder).glance())
    assert [each.state for each in view.trials] == ["finished", "interrupted"]
    shutil.rmtree(over.path)
    view = TrialRuns(folder).look(SweepFollower(folder).glance())
    assert view.trials[0].runs == ()


# What can be asked


def test_a_trial_is_stopped_by_the_commands_of_those_runs_that_go_on(folder: Path) -> None:
    write(folder, trial(0))
    ended, going = (a_run(folder, 0, seed=seed) for seed in (0, 1))
    train(ended, [0.5], "stopped")
    train(going, [0.5])
    with RunLock(going):
        seen = TrialRuns(folder).look(SweepFollower(folder).glance()).trials[0]
    assert "counts as pruned" in asking.stop_trial(seen)
    [request] = CommandReader(going.commands_path).poll()
    assert isinstance(request, Request)
    assert request.command == Stop()
    assert not ended.commands_path.exists()


def test_a_trial_that_a_signal_stopped_can_still_be_stopped(folder: Path) -> None:
    write(folder, trial(0))
    run = a_run(folder, 0)
    train(run, [0.5])
    with JournalWriter(run.journal_path) as journal:
        journal.append(RunEnded(1, 1, "stopped", 1, None, None, None, ""))
    with RunLock(Run(folder)):
        seen = TrialRuns(folder).look(SweepFollower(folder).glance()).trials[0]
    assert seen.state == "queued"
    assert "counts as pruned" in asking.stop_trial(seen)
    assert len(CommandReader(run.commands_path).poll()) == 1
    train(run, [0.6], "stopped")
    assert "just ended" in asking.stop_trial(seen)


@pytest.mark.parametrize(
    ("state", "said"),
    [("finished", "is over"), ("interrupted", "nobody trains"), ("queued", "no run")],
)
def test_what_is_not_going_on_cannot_be_stopped(state: str, said: str) -> None:
    what = trial(0, "finished", 0.5) if state == "finished" else trial(0)
    assert said in asking.stop_trial(TrialView(what, state))


def test_a_sweep_is_asked_only_where_it_is_driven(folder: Path) -> None:
    follower = SweepFollower(folder)
    assert "goes on with it" in asking.why_not_stopped(follower.glance())
    with RunLock(Run(folder)):
        view = follower.glance()
        assert asking.why_not_stopped(view) == ""
        assert "stop" in asking.stop_sweep(view)
    assert len(CommandReader(Run(folder).commands_path).poll()) == 1


# Pure laws

values = st.none() | st.floats(0, 1)
some_trials = st.lists(st.tuples(values, st.floats(0, 1e6))).map(
    lambda pairs: [
        replace(trial(n, "pruned" if value is None else "finished", value), time=time)
        for n, (value, time) in enumerate(pairs)
    ]
)


@given(some_trials, st.sampled_from(["accuracy", "loss"]))
def test_the_best_so_far_only_gets_better_and_ends_with_the_best(
    trials: list[Trial], objective: str
) -> None:
    found = milestones(trials, objective)
    order: Callable[[float], float] = (lambda x: x) if objective == "accuracy" else (lambda x: -x)
    best = [order(each.best) for each in found]
    assert best == sorted(best)
    assert [each.time for each in found] == sorted(each.time for each in found)
    assert all(order(each.value) <= order(each.best) for each in found)
    ranking = ranked(trials, objective)
    assert len(found) == len(ranking)
    if found:
        assert found[-1].best == ranking[0].value
        assert 1 <= len(leaders(ranking)) <= 5


@given(some_trials, st.integers(0, 6), st.booleans())
def test_an_order_is_stable_and_what_is_lacking_stands_last(
    trials: list[Trial], column: int, reverse: bool
) -> None:
    view = SweepView(
        Path("x"),
        "running",
        None,
        tuple(TrialView(t, t.state, t.value, t.number % 3) for t in trials),
    )
    names = columns(view)
    name = names[column % len(names)]
    order = arranged(view, name, reverse=reverse)
    assert sorted(each.number for each in order) == [each.number for each in view.trials]
    assert arranged(replace(view, trials=tuple(order)), name, reverse=reverse) == order
    if name == "value":
        told = [each.value for each in order]
        known = [value for value in told if value is not None]
        assert known == sorted(known, reverse=not reverse)
        assert told[: len(known)] == known
