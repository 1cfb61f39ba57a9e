"""Words, figures, bars, tables and matrices in cells: golden text and laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.render import format as say
from tui.render import matrix as matrices
from tui.render.bars import Bar, bar, bars
from tui.render.cells import DEFAULT, Grid, text_width
from tui.render.frame import tab_bar
from tui.render.matrix import shares
from tui.render.naming import short_names
from tui.render.palette import DARK, LIGHT
from tui.render.tables import Cell, Column, facts, note, table, window, wrap
from tui.terminal.abilities import Terminal

ASCII = Terminal(utf8=False)
UTF8 = Terminal()
NO_COLOUR = Terminal(colours=0)
TERMINALS = [ASCII, UTF8, NO_COLOUR, Terminal(colours=16)]


def test_without_colour_the_tab_that_is_shown_stands_in_brackets():
    for width in (120, 80, 60, 40):
        bare, _ = tab_bar("train", "", width, NO_COLOUR, DARK)
        coloured, places = tab_bar("train", "", width, UTF8, DARK)
        assert "[3 Train]" in bare.text()
        assert bare.text().replace("[", " ").replace("]", " ") == coloured.text()
        start, stop, _ = next(place for place in places if place[2] == "train")
        assert bare.text()[start:stop] == "[3 Train]"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (say.count(60000), "60 000"),
        (say.count(None), "-"),
        (say.short_count(0), "0"),
        (say.short_count(9999), "9999"),
        (say.short_count(10000), "10.0k"),
        (say.short_count(1_234_567), "1.23M"),
        (say.short_count(999_960), "1.00M"),
        (say.short_count(math.nan), "-"),
        (say.number(0.28741), "0.2874"),
        (say.number(math.inf), "-"),
        (say.number(0.00001), "1.0e-05"),
        (say.number(0.0), "0.0000"),
        (say.probability(0.9744), ".974"),
        (say.probability(1.0), "1.00"),
        (say.probability(0.0), ".000"),
        (say.percent(0.1234), "12.3%"),
        (say.shape((32, 26, 26)), "32x26x26"),
        (say.duration(259), "4:19"),
        (say.duration(3723), "1:02:03"),
        (say.duration(-1), "-"),
        (say.size(3_670_016), "3.5 MiB"),
        (say.size(12), "12 B"),
        (say.plural(1, "image"), "1 image"),
        (say.plural(2000, "image"), "2 000 images"),
    ],
)
def test_figures_are_short(shown: str, expected: str) -> None:
    assert shown == expected


@given(st.text(max_size=30), st.integers(0, 40), st.sampled_from(["left", "right", "centre"]))
def test_fit_is_exact(text: str, width: int, align: say.Align) -> None:
    assert text_width(say.fit(text, width, align, ellipsis="…")) == width


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 40))
def test_bars_are_exactly_as_wide_as_their_place(share: float, width: int) -> None:
    for terminal in (ASCII, UTF8):
        assert text_width(bar(share, width, terminal)) == width


def test_what_is_more_than_nothing_is_seen() -> None:
    assert bar(1e-9, 10, UTF8) == "▏" + " " * 9
    assert bar(1e-9, 10, ASCII) == "#" + " " * 9
    assert bar(0.0, 10, UTF8) == bar(math.nan, 10, UTF8) == " " * 10
    assert bar(0.5, 5, Terminal(name="linux")) == "██▌  "
    assert bar(7.0, 3, ASCII) == "###"


def test_bars_stand_in_columns() -> None:
    lines = [Bar("7", 0.9, ".900"), Bar("12", 0.1, ".1"), Bar("3", math.nan, "-")]
    assert bars(lines, 20, 9, ASCII).text() == (
        "7  ###########  .900\n12 #              .1\n3                  -"
    )
    assert bars(lines, 20, 2, ASCII).height == 2
    assert bars([], 20, 2, ASCII).height == 0


COLUMNS = [
    Column("#", "right"),
    Column("name", stretch=True),
    Column("p", "right"),
    Column("note", keep=1),
]
ROWS = [["321", "a long name", ".911", "x"], ["7", Cell("b", 0xFF0000), ".1", "hello"]]


def test_a_table_has_columns() -> None:
    assert table(COLUMNS, ROWS, 40, 4, ASCII).text() == (
        "  #  name                       p  note \n"
        "321  a long name             .911  x    \n"
        "  7  b                         .1  hello\n" + " " * 40
    )


def test_a_narrow_table_drops_the_least_column_and_cuts_words() -> None:
    assert table(COLUMNS, ROWS, 18, 3, ASCII).text() == (
        "  # name         p\n321 a long .. .911\n  7 b           .1"
    )


def test_the_selected_row_is_marked_without_colour() -> None:
    grid = table(COLUMNS, ROWS, 30, 3, NO_COLOUR, selected=1)
    assert [line[0] for line in grid.text().split("\n")] == [" ", " ", ">"]
    assert (grid.bg[2] == DARK.selected).all()
    assert (grid.bg[1] == DEFAULT).all()


def test_a_table_starts_at_its_first_row() -> None:
    text = table(COLUMNS, ROWS, 30, 3, ASCII, first=1, selected=1).text()
    assert "321" not in text
    assert text.split("\n")[1].startswith(">   7")


@given(
    width=st.integers(0, 60),
    height=st.integers(0, 8),
    words=st.lists(st.text(max_size=12), max_size=6),
    first=st.integers(0, 6),
)
def test_tables_are_exactly_as_large_as_their_place(
    width: int, height: int, words: list[str], first: int
) -> None:
    rows = [[str(i), word, "1.0", word] for i, word in enumerate(words)]
    assert table(COLUMNS, rows, width, height, UTF8, first=first, selected=0).size == (
        width,
        height,
    )


@given(st.integers(-2, 50), st.integers(-2, 50), st.integers(0, 50), st.integers(1, 20))
def test_the_window_shows_the_selected_row(
    selected: int, first: int, rows: int, height: int
) -> None:
    start = window(selected, first, rows, height)
    assert 0 <= start <= max(rows - height, 0)
    if 0 <= selected < rows:
        assert start <= selected < start + height


def test_facts_and_notes() -> None:
    grid = facts([("name", "mnist-5k"), ("licence", Cell("CC0", 0x00FF00))], 24, 3, ASCII)
    assert grid.text() == "name     mnist-5k       \nlicence  CC0            \n" + " " * 24
    assert note("no run yet, r starts one", 14, 4).text() == (
        "              \n no run yet,  \n r starts one \n              "
    )


@given(st.text(max_size=80), st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_no_word(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(text_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def confusion(*args: object, **options: object) -> Grid:
    """The picture alone."""
    return matrices.confusion(*args, **options)[0]


COUNTS = np.array([[98, 2, 0], [1, 97, 12], [0, 5, 95]])
NAMES = ["0", "1", "2"]


def test_the_matrix_is_aligned_and_its_cursor_is_in_brackets() -> None:
    assert confusion(COUNTS, NAMES, 12, 4, ASCII, cursor=(1, 2)).text() == (
        "   0  1  2  \n0 98  2  .  \n1  1 97[12] \n2  .  5 95  "
    )


def test_shares_of_rows_and_columns() -> None:
    np.testing.assert_allclose(shares(COUNTS, "rows").sum(axis=1), 1.0)
    np.testing.assert_allclose(shares(COUNTS, "columns").sum(axis=0), 1.0)
    empty = shares(np.zeros((2, 2), dtype=int), "rows")
    assert np.isnan(empty).all()
    rows = confusion(COUNTS, NAMES, 12, 4, UTF8, mode="rows").text().split("\n")
    assert rows[2] == "1  1 88 11  "


def test_ten_classes_of_a_thousand_fit_beside_a_table() -> None:
    counts = np.diag(np.full(10, 1135))
    grid = confusion(counts, [str(i) for i in range(10)], 52, 11, ASCII)
    assert grid.text().count("1135") == 10


def test_what_does_not_fit_follows_the_cursor() -> None:
    counts = np.arange(62 * 62).reshape(62, 62)
    names = [f"letter {i}" for i in range(62)]
    far = confusion(counts, names, 50, 12, ASCII, cursor=(61, 61)).text()
    assert "[3843]" in far
    near = confusion(counts, names, 50, 12, ASCII, cursor=(0, 1)).text()
    assert "[1]" in near


def test_the_heat_is_dark_for_nothing_and_readable_everywhere() -> None:
    for palette in (DARK, LIGHT):
        grid = confusion(COUNTS, NAMES, 20, 4, UTF8, palette=palette)
        assert (grid.fg != grid.bg)[grid.chars != " "].all()
    plain = confusion(COUNTS, NAMES, 20, 4, NO_COLOUR)
    assert (plain.bg == DEFAULT).all()


def test_every_figure_is_found_where_it_stands() -> None:
    counts = np.arange(100, 225).reshape(25, 5)[:5]
    for width, height in ((24, 6), (60, 20), (14, 4)):
        grid, place = matrices.confusion(counts, ["a", "b", "c", "d", "e"], width, height, ASCII)
        lines = grid.text().split("\n")
        found = set()
        for y, line in enumerate(lines):
            for x in range(width):
                if (cell := place.cell_at(x, y)) is not None and line[x].isdigit():
                    start = x - len(line[:x]) + len(line[:x].rstrip("0123456789"))
                    assert line[start : start + 3] == str(counts[cell])
                    found.add(cell)
        assert found == {(r, c) for r in place.rows for c in place.columns}
        assert place.cell_at(0, 0) is None
        assert place.bottom <= height


def test_names_lose_what_all_of_them_share() -> None:
    assert short_names(["class 1", "class 2"]) == ["1", "2"]
    assert short_names(["red car", "red bus"]) == ["car", "bus"]
    assert short_names(["cat", "dog"]) == ["cat", "dog"]
    assert short_names(["class"]) == ["class"]


@given(
    classes=st.integers(1, 30),
    width=st.integers(0, 80),
    height=st.integers(0, 30),
    terminal=st.sampled_from(TERMINALS),
    seed=st.integers(0, 9),
)
def test_a_matrix_is_exactly_as_large_as_its_place(
    classes: int, width: int, height: int, terminal: Terminal, seed: int
) -> None:
    counts = np.random.default_rng(seed).integers(0, 2000, (classes, classes))
    names = [f"name {i}" for i in range(classes)]
    cursor = (classes - 1, seed % classes)
    grid = confusion(counts, names, width, height, terminal, cursor=cursor)
    assert grid.size == (width, height)
