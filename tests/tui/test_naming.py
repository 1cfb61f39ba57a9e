"""Names in places that are too small for them still tell things apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.report import Mistake
from cnnlib.runs import RunSummary
from tui.render.cells import text_width
from tui.render.mistake_list import mistake_list
from tui.render.naming import data_name, distinct, run_names
from tui.render.number_tables import Sheet
from tui.render.palette import DARK
from tui.render.prediction import prediction
from tui.render.run_list import run_list
from tui.terminal.abilities import Terminal

DAY = "2026-11-22T23-22-1"


def listed(width: int, *runs: tuple[str, str, str]) -> list[str]:
    made = [
        RunSummary(i, Path(i), "interrupted", data, "lenet", 3, 10, 0.9, 0.9, 4.0, 1.0, "", name)
        for i, name, data in runs
    ]
    sheet = Sheet(width, len(made) + 1, Terminal(), DARK)
    return run_list(made, [" "] * len(made), 0, 0, sheet).text().split("\n")[1:]


@pytest.mark.parametrize("width", [58, 78, 118, 158])
def test_runs_are_told_apart_beside_a_long_path_of_data(width: int) -> None:
    data = "/tmp/newcomer/many/folders/of/pictures/flowers"
    rows = listed(width, (f"{DAY}5-lenet", "lenet", data), (f"{DAY}6-tiny", "tiny", data))
    assert "23-22-15-lenet" in rows[0]
    assert "23-22-16-tiny" in rows[1]
    assert width < 70 or "…/flowers" in rows[0]


@pytest.mark.parametrize("width", [66, 78, 158])
def test_a_name_that_was_given_stands_in_the_list(width: int) -> None:
    row = listed(width, (f"{DAY}5-lenet", "batch norm", "mnist-5k"))[0]
    assert "23-22-15 batch norm" in row
    assert "lenet" not in row[:40]


def test_the_name_of_a_run_has_its_day_its_time_or_neither() -> None:
    assert run_names(f"{DAY}5-lenet-2", "lenet") == (
        f"{DAY}5-lenet-2",
        "23-22-15-lenet-2",
        "lenet-2",
    )
    assert run_names(f"{DAY}5-two-words", "two words")[2] == "two-words"
    assert run_names(f"{DAY}5-lenet", "my own") == (f"{DAY}5 my own", "23-22-15 my own", "my own")
    assert run_names("foreign") == ("foreign", "foreign", "foreign")
    assert run_names("foreign", "mine") == ("foreign mine", "mine", "mine")


def test_of_a_path_the_last_part_is_told() -> None:
    assert data_name("mnist-5k", ellipsis="…") == "mnist-5k"
    assert data_name("/tmp/newcomer/many", ellipsis="…") == "…/many"
    assert data_name("/tmp/newcomer/many/", ellipsis="..") == "../many"
    assert data_name("/tmp/a-name-of-twenty-x", ellipsis="…") == "…e-of-twenty-x"


MANY = [f"class number {i:02d} with a really quite long name" for i in range(47)]


@given(
    names=st.lists(
        st.text("ab c", min_size=1).map(str.strip).filter(bool), min_size=2, unique=True
    ),
    width=st.integers(2, 12),
)
def test_names_stay_distinct_in_their_place(names: list[str], width: int) -> None:
    found = distinct(names, width, ellipsis="…")
    assert len(set(found)) == len({" ".join(name.split()) for name in names}) or found == [
        str(i) for i in range(len(names))
    ]
    assert all(0 < text_width(name) <= width for name in found)


def test_classes_lose_what_they_share_and_then_their_middle() -> None:
    assert distinct(MANY, 60) == MANY
    assert distinct(MANY, 8, ellipsis="…")[:2] == ["00", "01"]
    assert distinct(["a green bottle", "a green bag"], 6, ellipsis="…") == ["bottle", "bag"]
    assert distinct(["alphabetical", "numerical"], 7, ellipsis="…") == ["alp…cal", "num…cal"]
    assert distinct(["class a1", "b class 2", "class a3"], 2) == ["0", "1", "2"]


@pytest.mark.parametrize("width", [36, 56, 76])
def test_a_mistake_among_long_names_keeps_its_figures(width: int) -> None:
    ends = [f"{name} or {i * i} more" for i, name in enumerate(MANY)]
    found = Mistake(917, 7, 8, 0.9284, 4.78, tuple([1 / 47] * 47))
    row = mistake_list([found], ends, {}, 0, 0, Sheet(width, 2, Terminal(), DARK)).text()
    for word in ("917", "07", "08", ".928", "4.78"):
        assert word in row


def test_bars_of_long_names_are_told_apart() -> None:
    shares = [0.0] * 42 + [0.3, 0.25, 0.2, 0.15, 0.1]
    grid, _ = prediction(None, 3, shares, MANY, 32, 9, Terminal(), classes=5)
    bars = grid.text().split("\n")[1:]
    for number in range(42, 47):
        assert any(line.startswith(str(number)) for line in bars)
