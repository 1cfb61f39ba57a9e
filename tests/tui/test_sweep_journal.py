"""The journal of a sweep: every line counts, a torn one does not, a damaged one is said."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnlib.errors import RunError
from tui.sweep.journal import STATES, SweepJournal, Trial, read_trials
from tui.sweep.space import parse_space

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | texts
names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)
trials = st.builds(
    Trial,
    number=st.just(0),
    parameters=st.dictionaries(texts, values, max_size=3),
    state=st.sampled_from(STATES),
    runs=st.lists(names, max_size=3).map(tuple),
    value=numbers,
    values=st.lists(numbers, max_size=3).map(tuple),
    message=texts,
)


def write(folder: Path, *begun: Trial) -> list[Trial]:
    journal = SweepJournal(folder)
    written = [journal.append(trial) for trial in begun]
    journal.close()
    return written


@given(st.lists(trials, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_what_was_written_is_read(tmp_path: Path, begun: list[Trial]) -> None:
    (tmp_path / "sweep.jsonl").unlink(missing_ok=True)
    written = write(tmp_path, *(replace(t, number=n) for n, t in enumerate(begun)))
    assert read_trials(tmp_path) == written
    assert [list(map(type, t.parameters.values())) for t in read_trials(tmp_path)] == [
        list(map(type, t.parameters.values())) for t in written
    ]


def test_the_last_line_about_a_trial_counts(tmp_path: Path) -> None:
    write(tmp_path, Trial(0, {"lr": 0.1}), Trial(1, {"lr": 0.2}))
    [done] = write(tmp_path, Trial(0, {"lr": 0.1}, "finished", ("a",), 0.9, (0.9,)))
    first, second = read_trials(tmp_path)
    assert first == done
    assert not second.over


@pytest.mark.parametrize("torn", [1, 20, 60])
def test_a_torn_line_never_was(tmp_path: Path, torn: int) -> None:
    [first] = write(tmp_path, Trial(0, {"lr": 0.1}))
    path = tmp_path / "sweep.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.replace(b'"number": 0', b'"number": 1')[:torn])
    assert read_trials(tmp_path) == [first]
    [second] = write(tmp_path, Trial(1, {"lr": 0.2}))
    assert read_trials(tmp_path) == [first, second]


@pytest.mark.parametrize(
    "line",
    [b"{}", b"[]", b"\xff", b'{"number": 7, "parameters": {}}', b'{"number": 0, "parameters": 3}'],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    write(tmp_path, Trial(0, {"lr": 0.1}))
    with open(tmp_path / "sweep.jsonl", "ab") as file:
        file.write(line + b"\n")
    with pytest.raises(RunError, match="line 2"):
        read_trials(tmp_path)


def told(**words: object) -> str:
    """A line that tells a trial, with other words than it should have."""
    return json.dumps(asdict(Trial(0, {"lr": 0.5, "arch": "b"})) | words) + "\n"


@pytest.mark.parametrize(
    "words",
    [
        {"runs": ["../../../etc"]},
        {"runs": [".."]},
        {"runs": ["/etc"]},
        {"runs": [3]},
        {"value": float("nan")},
        {"value": float("inf")},
        {"value": 10**400},
        {"value": True},
        {"values": ["high"]},
        {"values": [0.5, None]},
        {"message": 5},
        {"time": "now"},
        {"state": "finished"},
        {"parameters": {"lr": [0.1]}},
        {"parameters": {"lr": float("nan")}},
    ],
)
def test_a_line_of_wrong_kinds_is_damaged(tmp_path: Path, words: dict[str, object]) -> None:
    path = tmp_path / "sweep.jsonl"
    path.write_text(told())
    assert not read_trials(tmp_path)[0].over
    path.write_text(told(**words))
    with pytest.raises(RunError, match="line 1"):
        read_trials(tmp_path)


@pytest.mark.parametrize(
    "parameters",
    [
        {"lr": 5.0, "arch": "a"},
        {"lr": float("nan"), "arch": "a"},
        {"lr": "0.1", "arch": "a"},
        {"lr": True, "arch": "a"},
        {"lr": None, "arch": "a"},
        {"lr": 0.1, "arch": "c"},
        {"lr": 0.1, "arch": ["a"]},
        {"lr": 0.1},
        {"lr": 0.1, "arch": "a", "more": 1},
    ],
)
def test_settings_that_the_space_does_not_hold_are_damage(
    tmp_path: Path, parameters: dict[str, object]
) -> None:
    space = parse_space('lr = uniform(0.01, 1.0)\narch = choice("a", "b")\n')
    path = tmp_path / "sweep.jsonl"
    path.write_text(told())
    assert read_trials(tmp_path, space)[0].parameters == {"lr": 0.5, "arch": "b"}
    path.write_text(told(parameters=parameters))
    with pytest.raises(RunError, match="a trial of this sweep"):
        read_trials(tmp_path, space)


def test_no_journal_is_no_trial(tmp_path: Path) -> None:
    assert read_trials(tmp_path) == []
