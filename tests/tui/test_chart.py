"""Charts: degenerate series, glyphs, marks, and how little of them changes."""

from __future__ import annotations

import numpy as np
import pytest

from tui.render.cells import Grid
from tui.render.chart import Axes, ChartMark, Line, chart
from tui.render.palette import DARK
from tui.terminal.abilities import Terminal

UTF8, ASCII, CONSOLE = Terminal(), Terminal(utf8=False), Terminal(name="linux", colours=16)
TERMINALS = pytest.mark.parametrize(
    "terminal", [UTF8, ASCII, CONSOLE], ids=["utf8", "ascii", "tty"]
)


def line(x, y, style="solid", name="train") -> Line:
    return Line(name, np.array(x, dtype=float), np.array(y, dtype=float), DARK.train, style)


def draw(*lines: Line, terminal: Terminal = UTF8, width=48, height=12, **options) -> Grid:
    return chart(lines, width, height, terminal=terminal, **options)


DEGENERATE = {
    "empty": ([], []),
    "one point": ([1], [0.5]),
    "constant": ([0, 1, 2], [0.25, 0.25, 0.25]),
    "all nan": ([0, 1], [np.nan, np.nan]),
    "some nan": ([0, 1, 2], [1.0, np.nan, 0.5]),
    "infinite": ([0, 1, 2], [1.0, np.inf, -np.inf]),
    "zero": ([0, 1], [0.0, 0.0]),
    "huge": ([0, 1], [1e30, 2e30]),
    "tiny": ([0, 1], [1e-30, 2e-30]),
    "negative": ([0, 1], [-3.0, -1.0]),
    "same x": ([1, 1, 1], [1, 2, 3]),
}


@TERMINALS
@pytest.mark.parametrize("series", DEGENERATE)
@pytest.mark.parametrize("style", ["solid", "dotted"])
@pytest.mark.parametrize("log_y", [False, True])
def test_degenerate_series_are_drawn_or_said_to_be_missing(terminal, series, style, log_y):
    grid = draw(line(*DEGENERATE[series], style=style), terminal=terminal, axes=Axes(log_y=log_y))
    assert grid.size == (48, 12)
    if series in ("empty", "all nan"):
        assert "no data yet" in grid.text()


@TERMINALS
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 3), (20, 4), (24, 6), (200, 60)])
def test_every_size_is_filled_exactly(terminal, size):
    grid = draw(line([0, 1, 2], [1, 3, 2]), terminal=terminal, width=size[0], height=size[1])
    assert grid.size == size


def test_without_utf8_a_chart_is_ascii():
    grid = draw(
        line([0, 1, 2], [1, 3, 2]),
        line([0, 2], [2, 1], "dotted", "valid"),
        terminal=ASCII,
        title="Loss",
        marks=[ChartMark(1.0, "lr")],
    )
    assert grid.text().isascii()
    assert "*" in grid.text()
    assert "o" in grid.text()


def test_the_linux_console_gets_no_braille():
    text = draw(line([0, 1, 2], [1, 3, 2]), terminal=CONSOLE).text()
    assert not any("\u2800" <= char <= "\u28ff" for char in text)


@TERMINALS
def test_lines_of_two_styles_differ_without_colour(terminal):
    x, y = [0, 1, 2, 3], [1, 3, 2, 4]
    solid = draw(line(x, y), terminal=terminal)
    dotted = draw(line(x, y, "dotted"), terminal=terminal)
    assert solid.text() != dotted.text()


def test_a_rising_line_rises_and_stands_where_the_ticks_say():
    grid = draw(
        line([0, 10], [0, 10]), width=40, height=14, terminal=ASCII, axes=Axes((0, 10), (0, 10))
    )
    rows = grid.text().split("\n")
    columns = [row[3:].find("*") for row in rows[1:12]]
    assert all(column >= 0 for column in columns)
    assert columns == sorted(columns, reverse=True)
    assert rows[1].startswith("10+")
    assert rows[11].startswith(" 0+")


def test_only_a_few_cells_change_with_a_new_point():
    x = np.arange(400.0)
    y = 2.3 * np.exp(-x / 100)
    axes = Axes((0, 400), (0, 2.5))
    before = draw(line(x[:300], y[:300]), width=80, height=20, axes=axes)
    after = draw(line(x[:301], y[:301]), width=80, height=20, axes=axes)
    assert 0 <= after.changed_cells(before).sum() <= 4


def test_a_mark_says_its_word_beside_its_line():
    grid = draw(line([0, 1, 2], [1, 1, 1]), marks=[ChartMark(1.0, "resumed")], axes=Axes((0, 2)))
    assert "┊resumed" in grid.text()


def test_a_hundred_thousand_points_cost_no_more_than_the_columns_do():
    x = np.arange(100_000.0)
    y = np.sin(x / 1000) + np.random.default_rng(0).normal(0, 0.1, x.size)
    thick = draw(line(x, y), axes=Axes((0, 100_000), (-2, 2)))
    assert "⣿" in thick.text()


def test_the_legend_names_lines_and_their_newest_values():
    named = Line("valid", np.array([0.0, 1]), np.array([1.0, 2]), DARK.valid, "dotted", "0.9876")
    first = draw(named, Line("raw", named.x, named.y, listed=False), title="Loss").text()
    head = first.split("\n")[0]
    assert head.startswith("Loss")
    assert "·● valid 0.9876" in head
    assert "raw" not in head
