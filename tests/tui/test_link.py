"""The line to the terminal: what is under way, how long it takes, and that nothing piles up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.terminal.link import PATIENCE, WINDOW, Link


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def link(clock: Clock) -> Link:
    """A link whose terminal answers."""
    made = Link(clock)
    assert made.sent(1)
    clock.now += 0.03
    made.answered()
    return made


def test_a_terminal_that_never_answers_is_asked_once_and_never_waited_for() -> None:
    link = Link()
    assert [link.sent(50_000) for _ in range(4)] == [True, False, False, False]
    assert link.is_idle
    assert not link.is_full
    assert not link.is_overdue()
    assert link.label() == ""


def test_a_window_of_bytes_may_be_under_way(link: Link) -> None:
    for _ in range(WINDOW // 512):
        assert not link.is_full
        assert link.sent(512)
    assert link.is_full
    link.answered()
    assert not link.is_full
    assert not link.is_idle


@given(st.lists(st.one_of(st.integers(1, 60_000), st.just(0)), max_size=200))
def test_what_is_under_way_is_bounded_by_a_window_and_a_frame(steps: list[int]) -> None:
    """Numbers are frames that want to be painted, zeros are answers."""
    link, under_way = Link(), [1]
    link.sent(1)
    link.answered()
    under_way.clear()
    for size in steps:
        if size == 0:
            link.answered()
            del under_way[:1]
        elif not link.is_full:
            link.sent(size)
            under_way.append(size)
        assert sum(under_way[:-1]) < WINDOW
        assert link.is_idle is not bool(under_way)


def test_the_round_trip_is_the_shortest_of_the_last(link: Link, clock: Clock) -> None:
    for seconds in (0.9, 0.04, 0.5):
        link.sent(1000)
        clock.now += seconds
        link.answered()
    assert link.round_trip == pytest.approx(0.03)
    for _ in range(8):
        link.sent(10)
        clock.now += 0.2
        link.answered()
    assert link.round_trip == pytest.approx(0.2)


def test_an_answer_that_is_lost_is_asked_for_again_ever_more_rarely(
    link: Link, clock: Clock
) -> None:
    link.sent(WINDOW)
    assert not link.is_overdue()
    asked = []
    for second in range(1, 120):
        clock.now += 1
        if link.is_overdue():
            asked.append(second)
    assert asked == [PATIENCE, 2 * PATIENCE, 4 * PATIENCE, 8 * PATIENCE, 16 * PATIENCE]
    link.answered()
    assert link.is_idle
    link.answered()  # those that come late answer nothing
    assert link.is_idle
    assert link.round_trip == pytest.approx(0.03), "a stalled line says nothing of its length"


def test_the_label_is_steady_while_the_line_is(link: Link, clock: Clock) -> None:
    told = set()
    for seconds in (0.030, 0.033, 0.029, 0.034, 0.031) * 4:
        link.sent(10)
        clock.now += seconds
        link.answered()
        told.add(link.label())
    assert told == {"30 ms"}


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0004, "<5 ms"), (0.0379, "38 ms"), (0.6, "600 ms"), (2.31, "2.3 s")]
)
def test_the_label_is_read_by_people(clock: Clock, seconds: float, words: str) -> None:
    link = Link(clock)
    link.sent(10)
    clock.now += seconds
    link.answered()
    assert link.label() == words
