"""Laws of the walk from a number back to the pixels, and of how its arithmetic is laid out."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cnnlib.explain import Place, Trace
from cnnlib.explain.parts import Largest, WeightedWindow
from cnnlib.explain.places import as_images
from cnnlib.layers import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalAvgPool2d,
    LayerNorm,
    MaxPool2d,
    ReLU,
    Residual,
)
from cnnlib.model import Sequential
from tui.inspection.walking import Walk, extent
from tui.render.arithmetic import arithmetic
from tui.render.number_tables import Sheet, decimals_for, figure, fixed, numbers
from tui.terminal.abilities import Terminal

NETWORKS = {
    "digits": [
        Conv2d(6, padding="same"),
        BatchNorm2d(),
        ReLU(),
        MaxPool2d(2),
        Conv2d(8, kernel=5),
        AvgPool2d(2),
        Flatten(),
        Dense(12),
        LayerNorm(),
        Dense(10),
    ],
    "ways": [
        Conv2d(4, kernel=7, padding=3),
        Residual([Conv2d(4, padding="same"), ReLU()]),
        GlobalAvgPool2d(),
        Dense(10),
    ],
}
ASCII, HALF = Terminal(utf8=False), Terminal()


def a_trace(name: str, seed: int = 0) -> Trace:
    model = Sequential(NETWORKS[name], (1, 16, 16), seed=seed)
    pixels = np.random.default_rng(seed).integers(0, 256, (1, 16, 16), dtype=np.uint8)
    return Trace(model, pixels)


def places(trace: Trace, rng: np.random.Generator):
    for name, output in trace.outputs.items():
        yield Place(name, *(int(rng.integers(side)) for side in as_images(output.shape)))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(4))
def test_every_walk_ends_at_a_pixel_and_leads_back(name, seed):
    rng = np.random.default_rng(seed)
    trace = a_trace(name, seed)
    for start in places(trace, rng):
        walk = Walk(trace, start)
        for _ in range(40):
            walk.channel(int(rng.integers(-3, 4)))
            walk.move(int(rng.integers(-9, 9)), int(rng.integers(-9, 9)))
            ahead = walk.ahead
            before = walk.place
            assert walk.enter() == (ahead is not None)
            assert walk.place == (ahead or before)
            assert walk.parts.place == walk.place
            assert abs(walk.parts.value - trace.value(walk.place)) < 1e-5 * max(
                1, abs(walk.parts.value)
            )
            if walk.at_image:
                break
        assert walk.at_image or walk.ahead is None
        steps = 1
        while walk.back():
            steps += 1
        assert walk.place == start
        assert steps <= len(trace.stations) + 1


@pytest.mark.parametrize("name", NETWORKS)
def test_the_cursor_stays_on_the_numbers(name):
    rng = np.random.default_rng(3)
    trace = a_trace(name)
    for start in places(trace, rng):
        walk = Walk(trace, start)
        limits = extent(walk.parts)
        for _ in range(30):
            walk.move(int(rng.integers(-4, 5)), int(rng.integers(-4, 5)))
            walk.channel(int(rng.integers(-2, 3)))
            assert all(0 <= at < max(limit, 1) for at, limit in zip(walk.spot, limits, strict=True))


def test_a_pool_begins_at_its_winner():
    trace = a_trace("digits")
    walk = Walk(trace, Place("pool1", 2, 3, 4))
    assert isinstance(walk.parts, Largest)
    assert walk.ahead == walk.parts.winner_place
    walk.enter()
    assert abs(walk.parts.value - trace.value(Place("pool1", 2, 3, 4))) < 1e-6


def test_another_trace_is_looked_at_in_the_same_places():
    one, other = a_trace("digits", 0), a_trace("digits", 1)
    walk = Walk(one, Place("conv2", 1, 2, 3))
    walk.enter()
    way = walk.way
    assert walk.retrace(other)
    assert walk.way == way
    assert walk.trace is other
    assert abs(walk.parts.value - other.value(walk.place)) < 1e-6
    assert not walk.retrace(a_trace("ways"))


SIZES = [(78, 19), (112, 43), (58, 11), (52, 19), (30, 8), (10, 3), (1, 1)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("terminal", [ASCII, HALF, Terminal(colours=16), Terminal(colours=0)])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_number_is_drawn_in_every_place(size, terminal, name):
    rng = np.random.default_rng(0)
    trace = a_trace(name)
    for start in places(trace, rng):
        walk = Walk(trace, start)
        walk.move(int(rng.integers(-4, 5)), int(rng.integers(-4, 5)))
        grid = arithmetic(walk.parts, walk.spot, walk.onward, Sheet(*size, terminal))
        assert grid.size == size
        if not terminal.unicode:
            assert grid.text().isascii()
        if size[0] >= 52:
            assert f"= {figure(walk.parts.value)}" in grid.text()


def table_of(text: str, title: str, columns: int, rows: int) -> np.ndarray:
    """The numbers below a title."""
    lines = text.split("\n")
    top = next(y for y, line in enumerate(lines) if "x kernel" in line)
    left = lines[top].index(title)
    wide = columns * 7 + 2
    found = [lines[top + 1 + row][max(left - 1, 0) : left + wide] for row in range(rows)]
    return np.array(
        [[float(n) for n in re.findall(r"-?\d*\.\d+", line)][:columns] for line in found]
    )


def test_the_numbers_on_the_screen_add_up():
    """Of a 3x3 kernel at 80x24: what a reader sees, multiplied and added by the reader."""
    trace = a_trace("ways")
    walk = Walk(trace, Place("residual1.conv1", 2, 7, 7))
    assert isinstance(walk.parts, WeightedWindow)
    total = 0.0
    for _ in range(4):
        text = arithmetic(walk.parts, walk.spot, walk.onward, Sheet(78, 19, ASCII)).text()
        patch, kernel, products = (
            table_of(text, title, 3, 3) for title in ("patch", "x kernel", "= products")
        )
        np.testing.assert_allclose(patch * kernel, products, atol=6e-4)
        shown = float(re.search(r"sum of the products of channel \d: (\S+)", text)[1])
        assert shown == pytest.approx(products.sum(), abs=1e-3)
        total += shown
        walk.channel(1)
    whole, sign, bias, value = re.search(
        r"(\S+) of all 4 channels ([+-]) (\S+) bias = (\S+)", text
    ).groups()
    assert float(whole) == pytest.approx(total, abs=1e-3)
    assert float(whole) + float(sign + bias) == pytest.approx(float(value), abs=2e-4)
    assert float(value) == pytest.approx(trace.value(walk.place), abs=1e-4)


def test_the_number_under_the_cursor_stands_in_brackets():
    walk = Walk(a_trace("ways"), Place("residual1.conv1", 0, 5, 5))
    walk.move(1, -1)
    text = arithmetic(walk.parts, walk.spot, walk.onward, Sheet(78, 19, ASCII)).text()
    inside = re.findall(r"\[\s*(-?\d*\.\d+)\s*\]", text)
    channel, row, column = walk.spot
    expected = [
        table[channel, row, column]
        for table in (walk.parts.patch, walk.parts.kernel, walk.parts.products)
    ]
    assert [float(each) for each in inside] == pytest.approx(expected, abs=1e-4)


def test_the_arithmetic_says_who_wins_the_pool():
    trace = a_trace("digits")
    pooled = Walk(trace, Place("pool1", 0, 2, 2)).parts
    assert isinstance(pooled, Largest)
    for row in (4, 5):
        for column in (4, 5):
            walk = Walk(trace, Place("conv1", 0, row, column))
            text = arithmetic(walk.parts, walk.spot, walk.onward, Sheet(78, 19, ASCII)).text()
            won = (row, column) == pooled.winner_place[2:]
            assert ("then pool1: wins the pool of row 2, column 2" in text) == won
            assert ("then pool1: loses the pool of row 2, column 2 to row" in text) != won


def test_zeros_of_the_padding_are_dots():
    walk = Walk(a_trace("digits"), Place("conv1", 0, 0, 0))
    text = arithmetic(walk.parts, walk.spot, walk.onward, Sheet(78, 19, ASCII)).text()
    row = next(line for line in text.split("\n") if line.lstrip().startswith("."))
    assert row.split()[:3] == [".", ".", "."]
    walk.move(-1, -1)
    assert walk.ahead is None
    assert not walk.enter()


def test_numbers_round_the_cursor_are_the_maps():
    values = np.arange(400, dtype=np.float64).reshape(20, 20) / 100
    text = numbers(values, (10, 10), Sheet(20, 8, ASCII)).text()
    assert "[2.100]" in text
    assert len(re.findall(r"\d\.\d+", text)) == 3 * 7


@pytest.mark.parametrize("width", [5, 6, 7])
def test_numbers_are_as_wide_as_they_may_be(width):
    rng = np.random.default_rng(width)
    for power in range(-6, 6):
        values = rng.normal(size=20) * 10.0**power
        decimals = decimals_for(values, width)
        texts = [fixed(float(value), width, decimals) for value in values]
        assert all(len(text) <= width for text in texts)
        if power < 3:
            error = np.abs(np.array([float(text) for text in texts]) - values)
            assert error.max() <= 0.5001 * 10.0**-decimals
    assert fixed(-0.0000001, width, 4) in ("0.0000", ".0000")
    assert fixed(float("nan"), width, 4) == "-"
