"""What the charts of a run show, and that a long training costs what a short one does."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest
from conftest import DIGITS

from cnnlib import events as ev
from tui.following.columns import Column
from tui.following.follower import Follower
from tui.following.series import Series
from tui.render.chart_view import SMOOTHINGS, View
from tui.render.curves import Track, curves, means, reading, whole_of
from tui.render.palette import DARK
from tui.terminal.abilities import Terminal

UTF8, ASCII = Terminal(), Terminal(utf8=False)


def followed(fake) -> Series:
    follower = Follower(fake.run)
    follower.poll()
    return follower.series


def trained(make_run, steps: int = 20, epochs: int = 3, done: int = 45, **options) -> Series:
    fake = make_run(epochs=epochs, steps=steps, **options)
    fake.begin()
    fake.train(done)
    return followed(fake)


def long_run(steps: int) -> Series:
    """A run of so many steps of 1000 an epoch."""
    series = Series()
    series.started = ev.RunStarted(
        "run", "Dense(10)", 1, 32000, 10, DIGITS, 1000, steps // 1000, 32, 1, 0, 0
    )
    series.step = steps
    rng = np.random.default_rng(0)
    series.steps = Column(np.arange(1.0, steps + 1))
    series.losses = Column(rng.random(steps))
    series.accuracies = Column(rng.random(steps))
    return series


def both(tracks, view, width=60, height=14, terminal=UTF8) -> str:
    return "\n".join(
        curves(metric, tracks, view, width, height, terminal, DARK).text()
        for metric in ("loss", "accuracy")
    )


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (10, 3), (38, 8), (80, 20), (200, 60)])
@pytest.mark.parametrize("terminal", [UTF8, ASCII])
@pytest.mark.parametrize("done", [0, 1, 30])
def test_a_chart_has_the_size_that_was_asked(make_run, size, terminal, done):
    series = trained(make_run, 10, 3, done)
    for log_y in (False, True):
        for smoothing in SMOOTHINGS:
            for metric in ("loss", "accuracy"):
                view = View((0.5, 1.0), 0.7, smoothing, log_y)
                grid = curves(metric, [Track("", series)], view, *size, terminal, DARK)
                assert grid.size == size
                assert terminal.utf8 or grid.text().isascii()


def test_a_run_without_validation_has_one_curve(make_run):
    series = trained(make_run)
    assert "valid" in both([Track("", series)], View())
    named = {name: getattr(series.started, name) for name in series.started.__slots__}
    series.started = ev.RunStarted(**{**named, "valid_examples": 0})
    assert "valid" not in both([Track("", series)], View())


def test_a_diverged_run_is_drawn(make_run):
    fake = make_run(steps=10)
    fake.begin()
    fake.train(5)
    for step, loss in ((6, float("nan")), (7, float("inf"))):
        fake.add(ev.StepEnded(1, step, loss, 0.1, 32, 6e-3, None))
    assert "train" in both([Track("", followed(fake))], View())


def test_other_runs_are_named_and_the_axis_holds_the_longest(make_run):
    short, long = trained(make_run, done=30), trained(make_run, epochs=8, done=160, name="b")
    tracks = [Track("mine", short), Track("other", long)]
    assert whole_of(tracks) == (0.0, 8.0)
    text = both(tracks, View(), width=80)
    assert "mine" in text
    assert "other" in text
    assert "mi" in both([Track("mine" * 9, short), Track("other" * 9, long)], View(), width=40)


def test_the_cursor_says_what_the_step_was(make_run):
    series = trained(make_run)
    at = reading(series, 25 / 20, "loss")
    assert at == f"step 25, epoch 2: {series.losses.values[24]:.4f}"
    assert reading(series, 99.0, "accuracy").startswith("step 45, epoch 3: ")
    assert reading(Series(), 1.0, "loss") == ""
    last = series.epochs[0].valid_loss
    chart = curves("loss", [Track("", series)], View(cursor=1.5), 80, 12, UTF8, DARK).text()
    assert f"valid {last:.4f}" in chart  # of the epoch before the cursor, not of the newest


def test_ends_of_epochs_are_marked_where_there_is_room(make_run):
    few = curves(
        "loss", [Track("", trained(make_run, 5, 4, 20))], View(log_y=True), 60, 12, UTF8, DARK
    )
    many = curves("loss", [Track("", trained(make_run, 2, 40, 80))], View(), 60, 12, UTF8, DARK)
    assert (few.fg[1] == DARK.panel).sum() == 3
    assert not (many.fg[1] == DARK.panel).any()


def test_smoothing_is_the_mean_of_what_lies_before():
    series = long_run(4000)
    pieces = series.losses.pieces(0, 4000, 4000)
    at = series.steps.values[pieces.first] / 1000
    x, y = means(at, pieces, (0.0, 4.0), 40, 1.0)
    assert x.size == y.size == 40
    np.testing.assert_allclose(y[-1], series.losses.values[-1000:].mean(), rtol=1e-9)
    np.testing.assert_allclose(y[9], series.losses.values[:999].mean(), rtol=1e-9)
    plain = means(at, pieces, (0.0, 4.0), 40, 0.0)[1]
    np.testing.assert_allclose(plain[-1], series.losses.values[-101:].mean(), rtol=0.02)


def test_a_million_steps_are_drawn_in_the_memory_of_a_few_thousand():
    def most(steps: int) -> int:
        """Bytes that are in use at once while a chart is drawn that was drawn before."""
        series = long_run(steps)
        both([Track("", series)], View())
        series.losses.append(0.5)
        gc.collect()
        tracemalloc.start()
        try:
            both([Track("", series)], View())
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert most(1_000_000) < 1.5 * most(10_000)
