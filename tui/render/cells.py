"""A grid of character cells, and the little that changed between two of them.

A terminal over a slow line must be sent only what changed. Charts, images, maps and matrices are
therefore drawn into a `Grid`; the widget that shows it asks `changed_regions` what to repaint.
A cell holds one character, two colours and a weight. A character two cells wide stands in its left
cell and leaves the empty string in its right one, so a row's text always has the row's width.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEFAULT = -1
"""The colour that stands for the terminal's (or the theme's) own."""

Region = tuple[int, int, int, int]
"""x, y, width, height in cells."""


@dataclass(frozen=True)
class Segment:
    """A run of cells of one look: what a terminal is told in one go."""

    text: str
    fg: int
    bg: int
    bold: bool


@dataclass(eq=False)
class Grid:
    """`height` rows of `width` cells. Colours are 0xRRGGBB or `DEFAULT`."""

    chars: NDArray[np.str_]
    fg: NDArray[np.int32]
    bg: NDArray[np.int32]
    bold: NDArray[np.bool_]

    @classmethod
    def blank(cls, width: int, height: int, bg: int = DEFAULT) -> Grid:
        """Spaces, in the default colours. Negative sizes count as zero."""
        shape = (max(0, height), max(0, width))
        return cls(
            np.full(shape, " ", dtype="<U1"),
            np.full(shape, DEFAULT, dtype=np.int32),
            np.full(shape, bg, dtype=np.int32),
            np.zeros(shape, dtype=np.bool_),
        )

    @classmethod
    def of(cls, text: str, fg: int = DEFAULT, bg: int = DEFAULT, bold: bool = False) -> Grid:
        """Just large enough for these lines of text."""
        lines = text.split("\n")
        grid = cls.blank(max(text_width(line) for line in lines), len(lines), bg)
        for y, line in enumerate(lines):
            grid.put(0, y, line, fg, bg, bold)
        return grid

    @property
    def width(self) -> int:
        """Cells in a row."""
        return int(self.chars.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.chars.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.width, self.height

    def copy(self) -> Grid:
        """A grid of its own with the same cells."""
        return Grid(self.chars.copy(), self.fg.copy(), self.bg.copy(), self.bold.copy())

    def put(
        self,
        x: int,
        y: int,
        text: str,
        fg: int = DEFAULT,
        bg: int = DEFAULT,
        bold: bool = False,
    ) -> int:
        """Write one line of text from cell (x, y) on; what does not fit is cut off.

        Returns the x after the text. Control characters show as spaces, zero-width ones vanish.
        """
        if not 0 <= y < self.height:
            return x + text_width(text)
        if text.isascii() and text.isprintable():
            self._put_ascii(x, y, text, fg, bg, bold)
            return x + len(text)
        for char in text:
            wide = char_width(char)
            if wide == 0:
                continue
            if x >= 0 and x + wide <= self.width:
                self._set(x, y, char if char.isprintable() else " ", wide)
                span = slice(x, x + wide)
                self.fg[y, span], self.bg[y, span], self.bold[y, span] = fg, bg, bold
            x += wide
        return x

    def _put_ascii(self, x: int, y: int, text: str, fg: int, bg: int, bold: bool) -> None:
        """`put` for characters of one cell each, in one go."""
        start, stop = max(x, 0), min(x + len(text), self.width)
        if start >= stop:
            return
        row = self.chars[y]
        if row[start] == "" and start > 0:
            row[start - 1] = " "
        if stop < self.width and row[stop] == "":
            row[stop] = " "
        row[start:stop] = list(text[start - x : stop - x])
        span = slice(start, stop)
        self.fg[y, span], self.bg[y, span], self.bold[y, span] = fg, bg, bold

    def _set(self, x: int, y: int, char: str, wide: int) -> None:
        row = self.chars[y]
        if row[x] == "" and x > 0:  # the right half of a wide character loses its left half
            row[x - 1] = " "
        after = x + wide
        if after < self.width and row[after] == "":
            row[after] = " "
        row[x] = char
        row[x + 1 : after] = ""

    def paste(self, other: Grid, x: int, y: int) -> None:
        """Lay another grid over this one with its corner at (x, y); what does not fit is cut."""
        left, top = max(0, x), max(0, y)
        right, bottom = min(self.width, x + other.width), min(self.height, y + other.height)
        if left >= right or top >= bottom:
            return
        here = (slice(top, bottom), slice(left, right))
        there = (slice(top - y, bottom - y), slice(left - x, right - x))
        for mine, theirs in zip(self._planes(), other._planes(), strict=True):
            mine[here] = theirs[there]
        self._mend(top, bottom)

    def fill(self, region: Region, *, fg: int | None = None, bg: int | None = None) -> None:
        """Recolour a region; a colour of None stays as it is."""
        x, y, width, height = region
        here = (slice(max(0, y), max(0, y + height)), slice(max(0, x), max(0, x + width)))
        if fg is not None:
            self.fg[here] = fg
        if bg is not None:
            self.bg[here] = bg

    def _mend(self, top: int, bottom: int) -> None:
        """Replace halves of wide characters that were cut in two by spaces, in these rows."""
        codes = np.ascontiguousarray(self.chars[top:bottom]).view(np.uint32)
        drawn = ((codes >= 0x2500) & (codes < 0x25FD)) | ((codes >= 0x2800) & (codes < 0x2900))
        suspects = (codes == 0) | ((codes >= 0x1100) & ~drawn)  # lines, blocks, braille are narrow
        for y in np.flatnonzero(suspects.any(axis=1)) + top:
            row = self.chars[y]
            for x, char in enumerate(row):
                follower = row[x + 1] if x + 1 < self.width else None
                if char == "":
                    if x == 0 or char_width(str(row[x - 1] or " ")) != 2:
                        row[x] = " "
                elif char_width(str(char)) == 2 and follower != "":
                    row[x] = " "

    def _planes(self) -> tuple[NDArray[np.generic], ...]:
        return self.chars, self.fg, self.bg, self.bold

    def text(self) -> str:
        """The characters alone, a line a row, trailing spaces kept."""
        return "\n".join("".join(row) for row in self.chars.tolist())

    def equals(self, other: Grid) -> bool:
        """Whether both show the same."""
        return self.size == other.size and not self.changed_cells(other).any()

    def changed_cells(self, other: Grid) -> NDArray[np.bool_]:
        """(height, width): where two grids of one size differ."""
        changed: NDArray[np.bool_] = self.chars != other.chars
        for mine, theirs in zip(self._planes()[1:], other._planes()[1:], strict=True):
            changed |= mine != theirs
        return changed

    def changed_regions(self, other: Grid, gap: int = 6) -> list[Region]:
        """The regions to repaint when `other` was shown last; everything when the sizes differ.

        Runs of changed cells no more than `gap` cells apart are one region: moving the cursor
        costs about as many bytes. Equal runs in neighbouring rows are joined.
        """
        if self.size != other.size:
            return [(0, 0, self.width, self.height)] if self.chars.size else []
        changed = self.changed_cells(other)
        open_runs: dict[tuple[int, int], int] = {}  # (start, stop) -> first row
        regions: list[Region] = []
        for y in range(self.height + 1):
            runs = set(_runs(changed[y], gap)) if y < self.height else set()
            for run in [run for run in open_runs if run not in runs]:
                top = open_runs.pop(run)
                regions.append((run[0], top, run[1] - run[0], y - top))
            for run in runs:
                open_runs.setdefault(run, y)
        return sorted(regions, key=lambda region: (region[1], region[0]))

    def row_segments(self, y: int) -> Iterator[Segment]:
        """The row as runs of one look, from left to right."""
        if not self.width:
            return
        fg, bg, bold = self.fg[y], self.bg[y], self.bold[y]
        breaks = (fg[1:] != fg[:-1]) | (bg[1:] != bg[:-1]) | (bold[1:] != bold[:-1])
        edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), self.width]
        chars = self.chars[y].tolist()
        for start, stop in itertools.pairwise(edges):
            text = "".join(chars[start:stop])
            yield Segment(text, int(fg[start]), int(bg[start]), bool(bold[start]))


def _runs(changed: NDArray[np.bool_], gap: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of the runs of true values, runs at most `gap` apart joined."""
    where = np.flatnonzero(changed)
    if not where.size:
        return
    ends = np.flatnonzero(np.diff(where) > gap + 1)
    starts = [int(where[0]), *where[ends + 1].tolist()]
    stops = [*where[ends].tolist(), int(where[-1])]
    for start, stop in zip(starts, stops, strict=True):
        yield start, stop + 1


def char_width(char: str) -> int:
    """The number of cells a character takes: 0, 1 or 2 (control characters count as 1)."""
    if char < "\u0300":
        return 1
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def text_width(text: str) -> int:
    """The number of cells a line of text takes."""
    return len(text) if text.isascii() else sum(char_width(char) for char in text)
