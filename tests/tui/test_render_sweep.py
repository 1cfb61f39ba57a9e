"""Laws of the pictures of a sweep: lines stay between their axes, values where they belong."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tui.render.dots import DOTS, characters, strokes
from tui.render.number_tables import Sheet
from tui.render.sweep.parallel import parallel
from tui.render.sweep.scales import of_objective, of_setting
from tui.render.sweep.summary import summary
from tui.render.sweep.words import short
from tui.sweep.journal import Trial
from tui.sweep.space import Value, parse_space
from tui.sweep.view import SweepView, TrialView
from tui.terminal.abilities import Marker, Terminal

markers = st.sampled_from(list(DOTS))
places = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(2, 4)),
    elements=st.floats(0, 1) | st.just(math.nan),
)


@given(places, st.integers(1, 12), st.integers(0, 9))
def test_a_line_touches_each_column_between_its_axes_and_leaves_them_never(
    lines: np.ndarray, height: int, margin: int
) -> None:
    axes = [margin + 7 * axis for axis in range(lines.shape[1])]
    dots = strokes(lines, axes, axes[-1] + margin + 1, height)
    assert dots.shape == (height, axes[-1] + margin + 1)
    touched = dots.any(axis=0)
    assert not touched[: axes[0]].any()
    assert not touched[axes[-1] + 1 :].any()
    for gap, (left, right) in enumerate(itertools.pairwise(axes)):
        drawn = np.isfinite(lines[:, gap : gap + 2]).all(axis=1).any()
        assert touched[left + 1 : right].all() == drawn
        assert touched[left + 1 : right].any() == drawn


@given(st.floats(0, 1), st.floats(0, 1), st.integers(2, 40))
def test_a_line_is_connected_and_ends_at_its_places(a: float, b: float, height: int) -> None:
    dots = strokes(np.array([[a, b]]), [0, 9], 10, height)
    assert dots[round((1 - a) * (height - 1)), 0]
    assert dots[round((1 - b) * (height - 1)), 9]
    rows = [np.flatnonzero(dots[:, x]) for x in range(10)]
    for left, right in itertools.pairwise(rows):
        assert left.min() <= right.max() + 1
        assert right.min() <= left.max() + 1


@given(arrays.arrays(np.bool_, (8, 6)), markers)
def test_characters_say_how_many_dots_there_are(dots: np.ndarray, marker: Marker) -> None:
    across, down = DOTS[marker]
    codes = characters(dots[:, : 6 // across * across], marker)
    assert codes.shape == (8 // down, 6 // across)
    counted = {
        "braille": lambda char: (ord(char) - 0x2800).bit_count() if char != " " else 0,
        "half": lambda char: {" ": 0, "▀": 1, "▄": 1, "█": 2}[char],
        "ascii": lambda char: int(char != " "),
    }[marker]
    assert sum(map(counted, map(chr, codes.ravel()))) == dots.sum()


SPACE = parse_space(
    "lr = log_uniform(1e-4, 1e-1)\nmomentum = uniform(0.5, 0.99)\n"
    'depth = integer(2, 8, step=2)\narch = choice("tiny", "lenet", None)\n'
)


@pytest.mark.parametrize("name", SPACE)
def test_the_values_of_a_grid_stand_evenly_from_foot_to_head(name: str) -> None:
    scale = of_setting(name, SPACE[name], [])
    found = [scale.place(value) for value in SPACE[name].grid(4)]
    assert found == pytest.approx(list(np.linspace(0, 1, len(found))))


@given(st.sampled_from(list(SPACE)), st.none() | st.booleans() | st.floats() | st.text())
def test_whatever_value_has_a_place_within_the_axis_or_none(name: str, value: Value) -> None:
    place = of_setting(name, SPACE[name], []).place(value)
    assert math.isnan(place) or 0 <= place <= 1


@given(st.lists(st.none() | st.booleans() | st.floats(0, 9) | st.text(max_size=3), max_size=5))
def test_without_a_plan_an_axis_is_made_of_the_values(values: list[Value]) -> None:
    scale = of_setting("x", None, values)
    assert all(0 <= scale.place(value) <= 1 for value in values)


@pytest.mark.parametrize(("objective", "best"), [("accuracy", 0.9), ("loss", 0.2)])
def test_the_best_stands_at_the_head(objective: str, best: float) -> None:
    scale = of_objective(objective, [0.2, 0.5, 0.9])
    assert scale.place(best) == 1
    assert scale.place({0.9: 0.2, 0.2: 0.9}[best]) == 0


def view(values: list[float | None], names: int = 4) -> SweepView:
    trials = []
    for number, value in enumerate(values):
        parameters: dict[str, Value] = {f"x.{n}": (number * (n + 3)) % 7 / 7 for n in range(names)}
        state = "finished" if value is not None else "pruned"
        trial = Trial(number, parameters, state, (), value, (), "", float(number))
        trials.append(TrialView(trial, state, value, 1, 1.0))
    return SweepView(Path("runs/rates"), "running", None, tuple(trials))


@given(
    st.lists(st.none() | st.floats(0, 1), max_size=12),
    st.integers(1, 90),
    st.integers(1, 20),
    st.integers(0, 6),
    st.sampled_from([Terminal(), Terminal(utf8=False), Terminal(colours=0)]),
)
@settings(max_examples=60)
def test_parallel_coordinates_fill_their_place_and_no_more(
    values: list[float | None], width: int, height: int, names: int, terminal: Terminal
) -> None:
    grid = parallel(view(values, names), 0, 2, Sheet(width, height, terminal))
    assert grid.size == (width, height)
    if not terminal.unicode:
        assert grid.text().isascii()


@pytest.mark.parametrize("terminal", [Terminal(), Terminal(utf8=False), Terminal(colours=0)])
def test_the_chosen_trial_is_told_from_the_best_without_colour(terminal: Terminal) -> None:
    several = view([0.1, 0.9, 0.5, 0.3])
    marks = "●○" if terminal.unicode else "@o"
    text = parallel(several, 3, 0, Sheet(70, 20, terminal)).text()
    assert [text.count(mark) for mark in marks] == [5, 5]
    assert parallel(several, 1, 0, Sheet(70, 20, terminal)).text().count(marks[0]) == 5


@given(st.lists(st.none() | st.floats(0, 1), max_size=5), st.integers(0, 120))
def test_the_summary_fits_and_begins_with_the_state(values: list[float | None], width: int) -> None:
    told = summary(view(values), width, unicode=True)
    assert len(told) <= width
    assert "running".startswith(told[:7])


def test_short_names_stay_different() -> None:
    assert short(["lr", "optimizer.beta2", "schedule.peak", "optimizer.peak"]) == [
        "lr",
        "beta2",
        "schedule.peak",
        "optimizer.peak",
    ]
