"""Lines as dots: every point is there, lines have no gaps, and what is outside is cut off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.render.cells import Grid
from tui.render.raster import BRAILLE, Box, Codes, lay, raster
from tui.terminal.abilities import Marker

MARKERS = st.sampled_from(["braille", "half", "ascii"])
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
values = st.floats(-3.0, 4.0)
boxes = st.builds(
    lambda width, height: Box(width, height, (0.0, 1.0), (0.0, 1.0)),
    st.integers(1, 30),
    st.integers(1, 12),
)


def dots_of(codes: Codes, marker: Marker) -> set[tuple[int, int]]:
    """(column, row) of every dot, read off the characters."""
    found = set()
    for y, row in enumerate(codes.tolist()):
        for x, code in enumerate(row):
            char = chr(code)
            if marker == "braille" and code >= BRAILLE:
                bits = code - BRAILLE
                found |= {
                    (2 * x + i, 4 * y + j) for j in range(4) for i in range(2) if bits & BITS[j][i]
                }
            elif marker == "half":
                found |= {(x, 2 * y + j) for j, signs in enumerate(("▀█", "▄█")) if char in signs}
            elif char == "*":
                found.add((x, y))
    return found


def size_of(box: Box, marker: Marker) -> tuple[int, int]:
    across, down = {"braille": (2, 4), "half": (1, 2), "ascii": (1, 1)}[marker]
    return box.width * across, box.height * down


def dot(x: float, y: float, width: int, height: int) -> tuple[int, int]:
    return round(x * (width - 1)), height - 1 - round(y * (height - 1))


@given(st.lists(st.tuples(values, values), max_size=20), boxes, MARKERS)
def test_points_are_drawn_where_they_are_and_nowhere_else(points, box, marker) -> None:
    x, y = (np.array(each, dtype=float) for each in zip(*points, strict=True)) if points else (
        np.empty(0),
        np.empty(0),
    )  # fmt: skip
    drawn = dots_of(raster(x, y, box, marker, connected=False), marker)
    width, height = size_of(box, marker)
    rows = (height - 1) - y * (height - 1)
    wanted = {
        (int(c), int(r)) for c, r in zip(np.rint(x * (width - 1)), np.rint(rows), strict=True)
    }
    assert drawn == {(c, r) for c, r in wanted if 0 <= c < width and 0 <= r < height}


inside = st.floats(0.0, 1.0)


@given(st.tuples(inside, inside), st.tuples(inside, inside), boxes, MARKERS)
def test_a_line_has_no_gaps_and_both_ends(one, other, box, marker) -> None:
    x, y = np.array([one[0], other[0]]), np.array([one[1], other[1]])
    drawn = dots_of(raster(x, y, box, marker, connected=True), marker)
    ends = dots_of(raster(x, y, box, marker, connected=False), marker)
    assert ends <= drawn
    longest = max(abs(a - b) for a, b in zip(max(ends), min(ends), strict=True))
    assert longest + 1 <= len(drawn) <= longest + 2
    reached, edge = set(), {min(drawn)}
    while edge:
        reached |= edge
        edge = {d for d in drawn - reached if any(_touch(d, e) for e in edge)}
    assert reached == drawn


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) == 1


@given(st.tuples(values, values), st.tuples(values, values), boxes, MARKERS)
def test_what_is_inside_is_the_same_line_as_without_edges(one, other, box, marker) -> None:
    """Every dot is near the line, and where the line is inside there is a dot near."""
    x, y = np.array([one[0], other[0]]), np.array([one[1], other[1]])
    drawn = dots_of(raster(x, y, box, marker, connected=True), marker)
    width, height = size_of(box, marker)
    share = np.linspace(0, 1, 400)
    along_x = (one[0] + share * (other[0] - one[0])) * (width - 1)
    along_y = (height - 1) * (1 - (one[1] + share * (other[1] - one[1])))
    step = max(np.ptp(along_x), np.ptp(along_y)) / 399
    for column, row in drawn:
        near = np.maximum(np.abs(along_x - column), np.abs(along_y - row)).min()
        assert near <= 0.5 + step
    within = (along_x >= 0) & (along_x <= width - 1) & (along_y >= 0) & (along_y <= height - 1)
    for column, row in zip(along_x[within], along_y[within], strict=True):
        assert any(max(abs(c - column), abs(r - row)) <= 1.0 for c, r in drawn)


@pytest.mark.parametrize("marker", ["braille", "half", "ascii"])
def test_what_is_very_far_away_costs_nothing(marker: Marker) -> None:
    box = Box(10, 4, (0.0, 1.0), (0.0, 1.0))
    x, y = np.array([0.0, 0.5, 1.0]), np.array([-1e300, 1e300, -1e300])
    drawn = dots_of(raster(x, y, box, marker, connected=True), marker)
    _, height = size_of(box, marker)
    assert {row for _, row in drawn} == set(range(height))


def test_braille_dots_are_joined_and_others_overwritten() -> None:
    grid = Grid.blank(3, 1)
    grid.put(0, 0, "│x ")
    lay(grid, 0, 0, np.array([[BRAILLE + 1, ord(" "), BRAILLE + 2]], dtype=np.uint32), 5)
    assert grid.text() == "⠁x⠂"
    lay(grid, 0, 0, np.array([[BRAILLE + 2, BRAILLE + 4, BRAILLE + 4]], dtype=np.uint32), 7)
    assert grid.text() == "⠃⠄⠆"
    assert grid.fg[0].tolist() == [7, 7, 7]
    lay(grid, 2, 0, np.full((3, 3), ord("*"), dtype=np.uint32), 9)
    assert grid.text() == "⠃⠄*"
