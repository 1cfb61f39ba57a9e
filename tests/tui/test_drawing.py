"""Laws of the canvas and of the image that is made of it, and the canvas in the app."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pane_driver import WIDE, an_app, pressed, shown, the_pane, until

from data import Dataset
from tui.experiment import load_model
from tui.images.drawing import SIDE, Canvas, normalized
from tui.panes.features import FeaturesPane
from tui.terminal.abilities import Terminal

SHAPE = (1, 28, 28)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(-4, 4), st.integers(-4, 4)),
        st.tuples(st.sampled_from(["put_down", "lift", "clear", "undo"])),
        st.tuples(st.sampled_from(["place", "lead"]), st.integers(-9, 40), st.integers(-9, 40)),
    ),
    max_size=30,
)


@given(steps)
def test_whatever_is_done_the_pen_is_on_the_canvas_and_all_can_be_undone(actions):
    canvas = Canvas()
    for name, *numbers in actions:
        before, revision = canvas.ink.copy(), canvas.revision
        getattr(canvas, name)(*numbers)
        assert all(0 <= at < SIDE for at in canvas.pen)
        assert canvas.ink.shape == (SIDE, SIDE)
        assert (canvas.revision > revision) or np.array_equal(before, canvas.ink)
    while canvas.undo():
        pass
    assert canvas.is_empty


def test_only_a_pen_that_is_down_draws():
    canvas = Canvas()
    canvas.move(3, 0)
    assert canvas.is_empty
    canvas.put_down()
    canvas.move(5, 0)
    canvas.lift()
    canvas.move(0, 5)
    rows, columns = np.nonzero(canvas.ink == 255)
    assert set(rows) == {14}
    assert columns.tolist() == list(range(17, 23))


def test_a_stroke_is_undone_as_a_whole():
    canvas = Canvas()
    canvas.put_down()
    canvas.move(5, 5)
    canvas.lift()
    first = canvas.ink.copy()
    canvas.place(2, 2)
    canvas.lead(20, 3)
    canvas.undo()
    np.testing.assert_array_equal(canvas.ink, first)
    canvas.clear()
    assert canvas.is_empty
    canvas.undo()
    np.testing.assert_array_equal(canvas.ink, first)


def middle(image: np.ndarray) -> np.ndarray:
    """The centre of mass, from the upper left corner."""
    return np.array([np.average(at + 0.5, weights=image) for at in np.indices(image.shape)])


@given(st.integers(0, 2**32), st.integers(1, 5))
def test_what_is_drawn_fills_the_box_and_hangs_at_its_centre_of_mass(seed, strokes):
    rng = np.random.default_rng(seed)
    canvas = Canvas()
    for _ in range(strokes):
        canvas.place(*rng.integers(4, 24, 2))
        canvas.lead(*rng.integers(4, 24, 2))
    image = normalized(canvas.ink, SHAPE)[0]
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    sides = (np.ptp(rows) + 1, np.ptp(columns) + 1)
    assert max(sides) in (19, 20)
    touches = rows[0] == 0 or rows[-1] == 27 or columns[0] == 0 or columns[-1] == 27
    assert touches or np.abs(middle(image) - 14.5).max() <= 0.51


def test_where_it_is_drawn_makes_no_difference():
    one, other = Canvas(), Canvas()
    one.place(6, 8)
    one.lead(14, 12)
    other.place(12, 11)
    other.lead(20, 15)
    np.testing.assert_array_equal(normalized(one.ink, SHAPE), normalized(other.ink, SHAPE))


def test_a_digit_of_mnist_is_left_as_it_is(digits: Dataset) -> None:
    same = [np.array_equal(normalized(image[0], SHAPE), image) for image in digits.test.images]
    assert all(same)


def test_other_shapes_have_a_box_of_their_own():
    canvas = Canvas()
    canvas.place(4, 14)
    canvas.lead(22, 14)
    image = normalized(canvas.ink, (3, 32, 48))
    assert image.shape == (3, 32, 48)
    assert np.array_equal(image[0], image[2])
    assert np.ptp(np.flatnonzero(image[0].any(axis=1))) + 1 == round(32 * 20 / 28)
    assert not normalized(np.zeros((28, 28), np.uint8), SHAPE).any()


SEVEN = ["k"] * 8 + ["h"] * 5 + ["space"] + ["l"] * 10 + ["j", "j", "h"] * 4 + ["j"] * 5


@pytest.mark.parametrize("size", [(80, 24), WIDE])
async def test_a_digit_is_drawn_and_recognised_live(runs: Path, size: tuple[int, int]) -> None:
    async with an_app(runs, "features", size=size) as (app, pilot):
        pane = the_pane(app)
        assert isinstance(pane, FeaturesPane)
        await pressed(pilot, "D", *SEVEN)
        await until(pilot, lambda: pane.answered.drawing == pane.canvas.revision)
        await pilot.pause()
        drawn = normalized(pane.canvas.ink, SHAPE)
        p = load_model(app.session.run).predict(drawn[None])[0]
        context = shown(app, "context")
        assert "drawn by hand" in context
        assert f"predicted {p.argmax()}" in context
        assert "true" not in context
        assert f"{p.max():.3f}"[1:] in context
        assert "conv1 live" in shown(app, "maps")
        assert "pen down" in shown(app, "maps")
        await pressed(pilot, "u")
        assert pane.canvas.is_empty
        await pressed(pilot, "u")
        assert "nothing to undo" in shown(app, "status")
        await pressed(pilot, "space", "j", "j", "x")
        assert pane.canvas.is_empty
        await pressed(pilot, "u", "enter")  # the drawing stays what is looked at
        assert "conv1  1/6" in shown(app, "maps")
        assert "drawn by hand" in shown(app, "context")
        await pressed(pilot, "a")
        await pressed(pilot, "escape", "full_stop")
        await until(pilot, lambda: "test #0" in shown(app, "context"))
        assert pane.canvas is None


async def test_the_mouse_draws(runs: Path) -> None:
    async with an_app(runs, "features") as (app, pilot):
        pane = the_pane(app)
        await pressed(pilot, "D")
        await pilot.mouse_down("#maps", offset=(6, 4))
        await pilot.hover("#maps", offset=(16, 10))
        await pilot.mouse_up("#maps", offset=(16, 10))
        await pilot.pause()
        assert not pane.canvas.is_empty
        assert pane.canvas.ink[6, 5] == 255


async def test_a_sample_that_is_chosen_elsewhere_takes_the_drawings_place(runs: Path) -> None:
    async with an_app(runs, "features") as (app, pilot):
        pane = the_pane(app)
        await pressed(pilot, "D", "space", "j", "j", "j", "enter")
        await pressed(pilot, "1", "l", "l", "4")
        await until(pilot, lambda: "test #2" in shown(app, "context"))
        assert pane.canvas is None


async def test_an_ascii_terminal_has_a_canvas_too(runs: Path) -> None:
    async with an_app(runs, "features", terminal=Terminal(utf8=False)) as (app, pilot):
        await pressed(pilot, "D", "space", "j", "j", "l", "l")
        assert "@" in shown(app, "maps")
        assert app.query_one("#maps").grid.text().isascii()
