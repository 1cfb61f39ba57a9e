"""Lines as dots: without gaps, from end to end, and joined where they cross."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tui.render.cells import Grid
from tui.render.raster import BRAILLE, Box, Codes, lay, raster
from tui.terminal.abilities import Marker

MARKERS = st.sampled_from(["braille", "half", "ascii"])
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
inside = st.floats(0.0, 1.0)
boxes = st.builds(
    lambda width, height: Box(width, height, (0.0, 1.0), (0.0, 1.0)),
    st.integers(2, 30),
    st.integers(2, 12),
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


def test_a_point_far_away_is_no_longer_way_to_draw() -> None:
    box = Box(10, 4, (0.0, 1.0), (0.0, 1.0))
    x = np.array([0.0, 0.5, 1.0])
    drawn = [
        raster(x, np.array([-far, far, -far]), box, "braille", connected=True)
        for far in (1e2, 1e12)
    ]
    assert np.array_equal(*drawn)
    assert len(dots_of(drawn[0], "braille")) >= 16  # up and down again
