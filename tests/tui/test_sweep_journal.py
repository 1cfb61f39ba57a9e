"""The journal of a sweep: every line counts, a torn one does not, a damaged one is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnlib.errors import RunError
from tui.sweep.journal import STATES, SweepJournal, Trial, read_trials

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | texts
trials = st.builds(
    Trial,
    number=st.just(0),
    parameters=st.dictionaries(texts, values, max_size=3),
    state=st.sampled_from(STATES),
    runs=st.lists(texts, max_size=3).map(tuple),
    value=st.none() | numbers,
    values=st.lists(numbers, max_size=3).map(tuple),
    message=texts,
)


def write(folder: Path, *told: Trial) -> list[Trial]:
    journal = SweepJournal(folder)
    written = [journal.append(trial) for trial in told]
    journal.close()
    return written


@given(st.lists(trials, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_what_was_written_is_read(tmp_path: Path, told: list[Trial]) -> None:
    (tmp_path / "sweep.jsonl").unlink(missing_ok=True)
    written = write(tmp_path, *(replace(t, number=n) for n, t in enumerate(told)))
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


def test_no_journal_is_no_trial(tmp_path: Path) -> None:
    assert read_trials(tmp_path) == []
