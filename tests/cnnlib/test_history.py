"""Laws of the history: it says what the events say, however they are read."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cnnlib.events import (
    CheckpointSaved,
    CommandDone,
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
    encode,
)
from cnnlib.runs import Owner, Run, RunHistory, RunState, read_state

STARTED = RunStarted("r", "Dense(2)", 10, 64, 8, ("a", "b"), 2, 2, 32, 1, 7, 0)
COURSE: list[Event] = [
    STARTED,
    EpochStarted(1, 0),
    StepEnded(1, 1, 0.9, 0.5, 32, 1e-3, 2.0),
    LearningRateChanged(1, 5e-4, 0.5, "x"),
    CommandDone("x", "SetLearningRate"),
    StepEnded(1, 2, 0.8, 0.6, 32, 5e-4, None),
    Evaluated("valid", 1, 2, 0.7, 0.75, 8, ((3, 1), (1, 3))),
    EpochEnded(1, 2, 0.85, 0.55, 0.7, 0.75, 5e-4, True),
    CheckpointSaved(1, 2, "checkpoints/last.safetensors", "epoch"),
    EpochStarted(2, 2),
    StepEnded(2, 3, math.nan, 0.7, 32, 5e-4, math.inf),
    Paused(3, "y"),
    Resumed(3, "z"),
    StepEnded(2, 4, 0.6, 0.8, 32, 5e-4, 1.0),
    EpochEnded(2, 4, 0.65, 0.75, None, None, 5e-4, False),
    Evaluated("test", 2, 4, 0.72, 0.7, 8, ((3, 1), (1, 3))),
    RunEnded(2, 4, "finished", 1, 0.75, 0.72, 0.7, "well done"),
]


def records_of(events: list[Event], start: float = 100.0) -> list[Record]:
    return [Record(n, start + n, event) for n, event in enumerate(events, 1)]


def run_with(path: Path, records: list[Record]) -> Run:
    run = Run(path)
    run.journal_path.write_text("".join(encode(record) + "\n" for record in records))
    return run


def test_the_state_of_a_finished_run(tmp_path: Path) -> None:
    state = RunHistory.read(run_with(tmp_path, records_of(COURSE))).state
    expected = {
        "state": "finished", "run": "r", "epoch": 2, "epochs": 2, "step": 4, "total_steps": 4,
        "steps_per_epoch": 2, "best_epoch": 1, "best_accuracy": 0.75, "test_loss": 0.72,
        "test_accuracy": 0.7, "valid_accuracy": None, "train_accuracy": 0.75, "loss": 0.6,
        "accuracy": 0.8, "learning_rate": 5e-4, "checkpoint": "checkpoints/last.safetensors",
        "started": 101.0, "last_time": 117.0, "seconds": 16.0, "sessions": 1, "ended": True,
        "message": "well done", "classes": ("a", "b"), "seed": 7,
    }  # fmt: skip
    assert {name: getattr(state, name) for name in expected} == expected


@pytest.mark.parametrize("length", range(len(COURSE) + 1))
def test_reading_quickly_gives_the_same_state(tmp_path: Path, length: int) -> None:
    records = records_of(COURSE[:length])
    run = run_with(tmp_path, records)
    state = RunState.of(records)
    assert repr(read_state(run)) == repr(RunHistory.read(run).state) == repr(state)
    kinds = {Paused: "paused", RunEnded: "finished"}
    expected = kinds.get(type(COURSE[length - 1]), "running") if length else "new"
    assert state.state == expected


def test_reading_quickly_survives_damaged_lines(tmp_path: Path) -> None:
    run = run_with(tmp_path, records_of(COURSE))
    lines = run.journal_path.read_bytes().splitlines(keepends=True)
    for place in range(1, len(lines)):
        damaged = [*lines[:place], b"\xff" + lines[place], *lines[place + 1 :]]
        run.journal_path.write_bytes(b"".join(damaged))
        assert repr(read_state(run)) == repr(RunHistory.read(run).state)
        assert RunHistory.read(run).damaged == 1


def test_a_resumed_run_counts_only_time_under_training() -> None:
    resumed = dataclasses.replace(STARTED, step=2)
    state = RunState.of(
        [*records_of(COURSE[:9], 100.0), *records_of([resumed, *COURSE[9:14]], 10_000.0)]
    )
    assert (state.sessions, state.state, state.step) == (2, "running", 4)
    assert state.seconds == 8 + 5
    assert state.best_epoch == 1


@pytest.mark.parametrize(
    ("owner", "life"),
    [
        (None, "interrupted"),
        (Owner("a", 1, True, 0.0), "running"),
        (Owner("a", 1, True, 1e6), "running"),
        (Owner("a", 1, False, 0.0), "interrupted"),
        (Owner("b", 1, None, 5.0), "running"),
        (Owner("b", 1, None, 500.0), "silent"),
    ],
)
def test_life_is_the_state_and_the_lock_together(owner: Owner | None, life: str) -> None:
    assert RunState.of(records_of(COURSE[:3])).life(owner) == life
    assert RunState.of(records_of(COURSE)).life(owner) == "finished"
    assert RunState().life(None) == "new"


def test_tables_hold_what_the_events_say(tmp_path: Path) -> None:
    history = RunHistory.read(run_with(tmp_path, records_of(COURSE)))
    steps = history.steps()
    assert list(steps.columns) == [
        "seq", "time", "epoch", "step", "loss", "accuracy", "examples", "learning_rate",
        "gradient_norm",
    ]  # fmt: skip
    assert steps["step"].tolist() == [1, 2, 3, 4]
    assert steps["step"].dtype == "int64"
    assert steps["loss"].dtype == steps["gradient_norm"].dtype == "float64"
    assert steps["loss"].isna().tolist() == [False, False, True, False]
    assert steps["gradient_norm"].tolist()[2] == math.inf
    epochs = history.epochs()
    assert epochs["epoch"].tolist() == [1, 2]
    assert epochs["is_best"].dtype == "bool"
    assert epochs["valid_accuracy"].isna().tolist() == [False, True]
    assert history.evaluations()["split"].tolist() == ["valid", "test"]


def test_tables_of_nothing_have_the_same_columns(tmp_path: Path) -> None:
    empty = RunHistory.read(Run(tmp_path))
    full = RunHistory.read(run_with(tmp_path, records_of(COURSE)))
    for name in ("steps", "epochs", "evaluations"):
        none, some = getattr(empty, name)(), getattr(full, name)()
        assert len(none) == 0
        assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_a_step_that_stands_twice_counts_once_and_the_later_wins() -> None:
    again = StepEnded(1, 1, 0.1, 0.5, 32, 1e-3, 2.0)
    steps = RunHistory(tuple(records_of([*COURSE, again]))).steps()
    assert steps["step"].tolist() == [1, 2, 3, 4]
    assert steps["loss"][0] == 0.1


@pytest.mark.parametrize("table", ["steps", "epochs", "evaluations"])
def test_csv_holds_the_table(tmp_path: Path, table: str) -> None:
    history = RunHistory(tuple(records_of(COURSE)))
    history.to_csv(tmp_path / "a.csv", table)  # type: ignore[arg-type]
    read = pd.read_csv(tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read, getattr(history, table)(), check_dtype=False)


def test_runs_can_be_watched_without_pandas() -> None:
    program = (
        "import sys, cnnlib.runs, cnnlib.events\n"
        "loaded = {'pandas', 'matplotlib', 'tomli_w'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
