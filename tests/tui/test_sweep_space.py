"""The text of a search space: read back as it was, its samples within, its errors in words."""

from __future__ import annotations

import keyword

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.errors import SpecificationError
from tui.sweep.space import (
    Distribution,
    choice,
    combinations,
    format_space,
    integer,
    log_uniform,
    parse_space,
    uniform,
)

finite = st.floats(-1e12, 1e12)
rates = st.floats(1e-300, 1e12)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | finite | texts
names = st.from_regex(r"[a-z_]{1,8}(\.[a-z]{1,8})?", fullmatch=True).filter(
    lambda name: not any(map(keyword.iskeyword, name.split(".")))
)


def pairs(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1])


@st.composite
def integers(draw: st.DrawFn) -> integer:
    low = draw(st.integers(-(10**6), 10**6))
    step = draw(st.integers(1, 1000))
    return integer(low, low + step * draw(st.integers(1, 1000)), step)


def distributions() -> st.SearchStrategy[Distribution]:
    return st.one_of(
        pairs(finite).map(lambda pair: uniform(*pair)),
        pairs(rates).map(lambda pair: log_uniform(*pair)),
        integers(),
        st.lists(values, min_size=1, max_size=5, unique=True).map(lambda all: choice(tuple(all))),
    )


@given(st.dictionaries(names, distributions(), min_size=1, max_size=4))
def test_a_space_is_read_back_as_it_was_written(space: dict[str, Distribution]) -> None:
    again = parse_space(format_space(space))
    assert again == space
    assert list(again) == list(space)
    assert repr(again) == repr(space)  # the types too: 1 is not True, and not 1.0


@given(distributions(), st.integers(0, 2**32))
def test_samples_stay_within(distribution: Distribution, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        assert distribution.contains(distribution.sample(rng))


@given(distributions(), st.integers(1, 7))
def test_a_grid_stays_within_and_repeats_nothing(distribution: Distribution, points: int) -> None:
    grid = distribution.grid(points)
    assert grid
    assert all(distribution.contains(value) for value in grid)
    if isinstance(distribution, integer | choice):
        assert len(set(map(repr, grid))) == len(grid)
    if not isinstance(distribution, choice):
        assert len(grid) <= points
        assert list(grid) == sorted(grid)


def test_a_choice_tells_values_of_other_types_apart() -> None:
    assert choice((1, "1", None)).contains(None)
    assert not choice((1, 2)).contains(True)
    assert not choice((0.5,)).contains("0.5")


def test_a_grid_has_both_ends() -> None:
    assert uniform(0.0, 1.0).grid(3) == (0.0, 0.5, 1.0)
    assert log_uniform(1e-4, 1.0).grid(3) == pytest.approx((1e-4, 1e-2, 1.0))
    assert integer(16, 64, 16).grid(5) == (16, 32, 48, 64)
    assert integer(0, 100).grid(3) == (0, 50, 100)


def test_combinations_are_all_there_once() -> None:
    space = parse_space("a = choice(1, 2)\nb = choice('x', 'y', 'z')")
    found = [tuple(each.values()) for each in combinations(space, 5)]
    assert found == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "log_uniform"),
        ("lr = log_uniform(1e-4)", 1, "high"),
        ("\nlr = log_uniform(0, 1)", 2, "0 < low < high"),
        ("lr = uniform(2, 1)", 1, "low below high"),
        ("lr = log_unifrm(1e-4, 1e-1)", 1, "Did you mean 'log_uniform'?"),
        ("lr = uniform('a', 'b')", 1, "a number"),
        ("lr: uniform(1, 2)", 1, "received lr: uniform(1, 2)"),
        ("lr = uniform(1, 2)\nlr = uniform(1, 2)", 2, "once"),
        ("lr = __import__('os').system('true')", 1, "expected a call"),
        ("batch_size = integer(16, 65, step=16)", 1, "steps that lead"),
        ("arch = choice()", 1, "values to choose among"),
        ("arch = choice('a', 'a')", 1, "each value once"),
        ("arch = choice(1, True)", 1, "each value once"),
        ("lr = uniform(1, 2", 1, "a line such as"),
        ("a.b.c = uniform(1, 2)", 1, "a line such as"),
        ("lr = uniform(1e999, 2)", 1, "a number"),
    ],
)
def test_a_wrong_line_is_named(text: str, line: int | None, said: str) -> None:
    with pytest.raises(SpecificationError) as told:
        parse_space(text)
    assert told.value.line == line
    assert str(told.value).startswith("space")
    assert said in str(told.value)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read_or_refused_in_words(text: str) -> None:
    try:
        space = parse_space(text)
    except SpecificationError as error:
        told = str(error)
    else:
        told = format_space(space)
        assert parse_space(told) == space
    assert told.startswith("space") or " = " in told
