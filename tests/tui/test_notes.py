"""Laws of notes, of the orders of the list and of its CSV file."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.errors import RunError
from cnnlib.explain import MNIST_TEST_ERRORS
from cnnlib.report import Mistake, evaluate
from cnnlib.runs import Run
from data.dataset import Split
from tui.inspection.inspector import predicted_by
from tui.mistakes.listing import (
    LABEL_ERRORS,
    ORDERS,
    as_csv,
    export_mistakes,
    label_error_words,
    ordered,
)
from tui.mistakes.notes import LONGEST, Note, Notes, notes_path

DIGITS = tuple("0123456789")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A directory for notes."""
    (tmp_path / "a-run").mkdir()
    return Run(tmp_path / "a-run")


def test_what_is_noted_is_read_again(run):
    notes = (
        Notes.read(run, "hash").mark(7).write(7, "  two  #ugly\n strokes #thin-ink ").write(3, "x")
    )
    notes.save()
    again = Notes.read(run, "hash")
    assert again[7] == Note(True, "two #ugly strokes #thin-ink")
    assert again[7].tags == ("ugly", "thin-ink")
    assert again[3] == Note(False, "x")
    assert again[4] == Note()
    assert len(again) == 2


def test_what_says_nothing_is_not_kept(run):
    notes = Notes.read(run, "hash").mark(7).mark(7).write(3, "x").write(3, " ")
    assert len(notes) == 0
    notes.save()
    assert json.loads(notes_path(run).read_text()) == {"hash": {"test": {}}}


def test_notes_on_other_data_and_other_splits_stay(run):
    Notes.read(run, "one").mark(1).save()
    Notes.read(run, "other").mark(2).save()
    Notes.read(run, "one", "train").write(9, "here").save()
    assert Notes.read(run, "one")[1].marked
    assert not Notes.read(run, "one")[2].marked
    assert Notes.read(run, "other")[2].marked
    assert Notes.read(run, "one", "train")[9].text == "here"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"hash": 3}', '{"hash": {"test": {"x": {}}}}', '{"hash": {"test": [1]}}']
)
def test_damaged_notes_are_refused_and_left_alone(run, text):
    notes_path(run).write_text(text)
    with pytest.raises(RunError, match="notes"):
        Notes.read(run, "hash").mark(1).save()
    assert notes_path(run).read_text() == text


def test_a_failed_save_says_why(run, tmp_path):
    notes = Notes.read(run, "hash").mark(1)
    run.path.rename(tmp_path / "gone")
    with pytest.raises(RunError, match="could not be written"):
        notes.save()


def test_long_notes_are_cut(run):
    assert len(Notes.read(run, "h").write(1, "a" * 9999)[1].text) == LONGEST


mistakes = st.lists(
    st.builds(
        Mistake,
        index=st.integers(0, 999),
        label=st.integers(0, 9),
        predicted=st.integers(0, 9),
        confidence=st.floats(0, 1),
        loss=st.floats(0, 36),
        probabilities=st.just((0.1,) * 10),
    ),
    unique_by=lambda m: m.index,
    max_size=30,
)


@given(mistakes, st.integers(0, len(ORDERS) - 1), st.booleans())
def test_every_order_is_a_permutation(found, order, backwards):
    assert {m.index for m in ordered(found, order, backwards=backwards)} == {m.index for m in found}


@given(mistakes)
def test_pairs_stand_together_the_most_frequent_first(found):
    pairs = [(m.label, m.predicted) for m in ordered(found, ORDERS.index("class pair"))]
    sizes = [pairs.count(pair) for pair in pairs]
    assert sizes == sorted(sizes, reverse=True)
    first = [i for i, pair in enumerate(pairs) if i == 0 or pair != pairs[i - 1]]
    assert len(first) == len(set(pairs))


def test_the_csv_file_is_read_back(run):
    notes = Notes.read(run, "h").mark(947).write(947, 'so "9", #clear')
    found = [
        Mistake(947, 8, 9, 0.75, 1.5, tuple(i / 45 for i in range(10))),
        Mistake(5, 1, 2, 0.5, 0.7, (0.1,) * 10),
    ]
    path = export_mistakes(run, as_csv(found, DIGITS, notes.__getitem__, LABEL_ERRORS))
    assert path == run.exports / "mistakes.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["index"] for row in rows] == ["947", "5"]
    assert rows[0]["label_error"] == "relabelled"
    assert rows[0]["tags"] == "clear"
    assert rows[0]["note"] == 'so "9", #clear'
    assert rows[0]["marked"] == "1"
    assert float(rows[0]["p(9)"]) == 0.2
    assert rows[1]["label_error"] == rows[1]["note"] == ""


def test_every_label_error_has_its_words():
    words = [label_error_words(error, DIGITS) for error in MNIST_TEST_ERRORS]
    assert words[0] == "label error: 0 say 8, 5 say 9, 0 neither"
    for error, each in zip(MNIST_TEST_ERRORS, words, strict=True):
        numbers = [int(number) for number in re.findall(r"\d+", each)]
        given, label, guess, seen, neither = numbers
        assert (given, guess, neither) == error.votes
        assert (label, seen) == (error.given, error.guess)


@pytest.mark.parametrize("keep", [0, 3, 500])
def test_predictions_follow_from_a_report_that_lists_all_mistakes(keep):
    rng = np.random.default_rng(keep)
    p = rng.dirichlet(np.ones(4), 60).astype(np.float32)
    labels = rng.integers(0, 4, 60).astype(np.uint8)
    split = Split(np.zeros((60, 1, 2, 2), np.uint8), labels)
    found = predicted_by(evaluate(p, labels, "abcd", keep=keep), split)
    if keep < 60:
        assert found is None
    else:
        np.testing.assert_array_equal(found, p.argmax(axis=1))
    other = Split(split.images, (labels + 1) % 4)
    assert predicted_by(evaluate(p, labels, "abcd"), other) is None
