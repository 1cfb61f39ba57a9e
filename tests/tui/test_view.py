"""Laws of the view: a window stays inside the run, a cursor on its steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.render.chart_view import SMOOTHINGS, View

WHOLE = (0.0, 8.0)
STEPS = 100.0
MOVES = st.lists(
    st.tuples(st.sampled_from(["zoom", "pan", "move"]), st.floats(-2, 2), st.floats(0, 8)),
    max_size=30,
)


@given(MOVES)
def test_wherever_one_goes_the_window_stays_inside_the_run(moves):
    view = View()
    for kind, amount, done in moves:
        match kind:
            case "zoom":
                view = view.zoomed(2.0**amount, WHOLE, done, STEPS)
            case "pan":
                view = view.panned(amount, WHOLE)
            case _:
                view = view.moved(round(10 * amount), 60, WHOLE, done, 1 / STEPS)
                assert view.cursor is not None
                assert 1 / STEPS <= view.cursor <= max(done, 1 / STEPS)
        low, high = view.shown(WHOLE)
        assert WHOLE[0] - 1e-9 <= low < high <= WHOLE[1] + 1e-9
        assert high - low >= 4 / STEPS - 1e-9


def test_zooming_in_and_out_comes_back_to_the_whole():
    view = View(cursor=3.0)
    closer = view.zoomed(0.5, WHOLE, 5.0, STEPS)
    assert closer.shown(WHOLE)[0] <= 3.0 <= closer.shown(WHOLE)[1]
    assert closer.shown(WHOLE)[1] - closer.shown(WHOLE)[0] == pytest.approx(4.0)
    assert closer.zoomed(2.0, WHOLE, 5.0, STEPS) == view


def test_the_whole_follows_a_run_that_grows_and_a_window_stays():
    assert View().shown((0.0, 16.0)) == (0.0, 16.0)
    view = View(window=(2.0, 4.0))
    assert view.shown((0.0, 16.0)) == (2.0, 4.0)
    assert view.shown((0.0, 3.0)) == (1.0, 3.0)


def test_the_cursor_begins_at_the_newest_step_and_takes_the_window_along():
    view = View(window=(2.0, 4.0)).moved(-1, 60, WHOLE, 6.0, 0.01)
    assert view.cursor == 4.0
    while view.cursor > 1.0:
        view = view.moved(-20, 60, WHOLE, 6.0, 0.01)
        low, high = view.shown(WHOLE)
        assert low <= view.cursor <= high


def test_smoothing_goes_round():
    view = View()
    seen = []
    for _ in SMOOTHINGS:
        view = view.smoother()
        seen.append(view.smoothing)
    assert seen == [*SMOOTHINGS[1:], 0.0]
