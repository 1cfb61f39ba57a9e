"""Laws of the grid of cells."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.render.cells import DEFAULT, Grid, char_width, text_width

COLOURS = st.sampled_from([DEFAULT, 0x000000, 0x5FAFFF, 0xFF875F])
TEXTS = st.text(
    st.sampled_from(["a", "b", " ", "▀", "█", "⣿", "字", "e", "\u0301", "\t", "\x1b"]), max_size=8
)
PUTS = st.lists(
    st.tuples(st.integers(-4, 14), st.integers(-2, 6), TEXTS, COLOURS, COLOURS, st.booleans()),
    max_size=12,
)


def drawn(puts: list[tuple[int, int, str, int, int, bool]]) -> Grid:
    grid = Grid.blank(12, 5)
    for x, y, text, fg, bg, bold in puts:
        grid.put(x, y, text, fg, bg, bold)
    return grid


@given(PUTS, PUTS, st.integers(0, 8))
@settings(max_examples=200, deadline=None)
def test_applying_the_changed_regions_gives_the_new_grid(old_puts, new_puts, gap):
    old, new = drawn(old_puts), drawn(new_puts)
    shown = old.copy()
    for x, y, width, height in new.changed_regions(old, gap):
        here = (slice(y, y + height), slice(x, x + width))
        for mine, theirs in zip(shown._planes(), new._planes(), strict=True):
            mine[here] = theirs[here]
    assert shown.equals(new)
    assert shown.text() == new.text()


@given(PUTS)
def test_nothing_changed_means_no_region(puts):
    assert drawn(puts).changed_regions(drawn(puts)) == []


@given(PUTS)
@settings(max_examples=200, deadline=None)
def test_every_row_is_as_wide_as_the_grid(puts):
    grid = drawn(puts)
    for line in grid.text().split("\n"):
        assert text_width(line) == grid.width
        assert "\x1b" not in line


@given(PUTS)
def test_the_segments_of_a_row_are_its_text_and_are_merged(puts):
    grid = drawn(puts)
    for y, line in enumerate(grid.text().split("\n")):
        runs = list(grid.row_segments(y))
        assert "".join(run.text for run in runs) == line
        looks = [(run.fg, run.bg, run.bold) for run in runs]
        assert all(a != b for a, b in itertools.pairwise(looks))


@given(PUTS, st.integers(-14, 14), st.integers(-6, 6))
@settings(max_examples=200, deadline=None)
def test_pasting_keeps_the_width_and_what_lies_inside(puts, x, y):
    pasted = Grid.blank(9, 4)
    other = drawn(puts)
    pasted.paste(other, x, y)
    for line in pasted.text().split("\n"):
        assert text_width(line) == 9
    for row in range(4):
        for column in range(9):
            there = (row - y, column - x)
            if 0 <= there[0] < other.height and 0 <= there[1] < other.width:
                assert pasted.fg[row, column] == other.fg[there]
            else:
                assert pasted.chars[row, column] == " "


def test_a_changed_cell_is_a_small_region():
    old, new = Grid.blank(80, 24), Grid.blank(80, 24)
    new.put(40, 12, "x")
    assert new.changed_regions(old) == [(40, 12, 1, 1)]


def test_near_changes_in_a_row_are_one_region_and_far_ones_two():
    old, new = Grid.blank(80, 1), Grid.blank(80, 1)
    for x in (10, 14, 50):
        new.put(x, 0, "x")
    assert new.changed_regions(old, gap=6) == [(10, 0, 5, 1), (50, 0, 1, 1)]


def test_another_size_repaints_everything():
    assert Grid.blank(5, 2).changed_regions(Grid.blank(4, 2)) == [(0, 0, 5, 2)]


def test_put_returns_where_it_ended_even_outside():
    grid = Grid.blank(4, 1)
    assert grid.put(2, 0, "abcd") == 6
    assert grid.put(0, 7, "字") == 2
    assert grid.text() == "  ab"


def test_wide_characters_are_never_halved():
    grid = Grid.blank(4, 1)
    grid.put(1, 0, "字")
    assert grid.text() == " 字 "
    grid.put(2, 0, "x")
    assert grid.text() == "  x "
    grid.put(3, 0, "字")
    assert grid.text() == "  x "
    assert char_width("字") == 2


def test_grid_of_text_is_just_large_enough():
    grid = Grid.of("ab\nc")
    assert grid.size == (2, 2)
    assert np.array_equal(grid.chars, [["a", "b"], ["c", " "]])


def test_fill_recolours_a_region_only():
    grid = Grid.blank(3, 2)
    grid.fill((1, 0, 1, 1), bg=0x123456)
    assert grid.bg.tolist() == [[DEFAULT, 0x123456, DEFAULT], [DEFAULT] * 3]
    assert (grid.fg == DEFAULT).all()
