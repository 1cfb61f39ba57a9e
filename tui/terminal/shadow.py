"""What the terminal shows, cell by cell, so that only cells that differ are sent to it.

Textual sends every region that was refreshed, whether or not it looks as before: a pane is painted
when it is laid out, again when a part of it gets the focus, and again when a dialog closes over it.
Whatever Textual paints goes through here: it is compared with what the terminal shows already, and
what differs is written in as few bytes as it takes. What the screen shows is the same to the last
cell; the tests hold this against an emulator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from tui.terminal.looks import PLAIN, Look, change, look_of, upside_down

Cell = tuple[str, Look]
"""A character ("" in the right half of a wide one) and how it looks."""

NEAR = 4
"""Equal cells between two that differ: up to so many are cheaper to send than to step over."""
_NARROW = re.compile(r"[\x20-\x7e\u2010-\u2027\u2190-\u21ff\u2500-\u25ff\u2800-\u28ff\xa0-\xff]*")
"""Text of which every character takes one cell."""
_OTHER_HALF = {"▀": "▄", "▄": "▀"}
_PLAINER = {"…": ".", "·": "|", "→": ">", "×": "x", "–": "-", "’": "'"}
UNKNOWN: Cell = ("\0", PLAIN)


class Shadow:
    """The cells of the terminal."""

    def __init__(self) -> None:
        self.ascii_only = False
        """Whether the terminal shows nothing else: what is not ASCII is replaced."""
        self._rows: list[list[Cell]] = []
        self._width = 0
        self._has_wide = False
        """Whether there ever was a character two cells wide."""

    def forget(self) -> None:
        """Nobody knows what the terminal shows: all is to be sent again."""
        self._rows = []

    def paint(self, update: CompositorUpdate, colours: ColorSystem, size: tuple[int, int]) -> str:
        """What to write so that a terminal of this size shows the update, too."""
        width, height = size
        if len(self._rows) != height or self._width != width:
            self._rows, self._width = [[UNKNOWN] * width for _ in range(height)], width
        wanted: dict[int, list[Cell]] = {}
        for y, x, strip in _strips(update):
            if not 0 <= y < height:
                continue
            row = wanted.get(y)
            if row is None:
                row = wanted[y] = self._rows[y].copy()
            cells, is_narrow = _cells(strip, colours, self.ascii_only)
            self._has_wide |= not is_narrow
            row[x : x + len(cells)] = cells
            del row[width:]
            if self._has_wide:
                _mend(row)
        out: list[str] = []
        look = PLAIN
        for y, row in wanted.items():
            if row != self._rows[y]:
                look = _write(out, y, self._rows[y], row, look)
                self._rows[y] = row
        if look != PLAIN:
            out.append("\x1b[0m")
        return "".join(out)


def _mend(row: list[Cell]) -> None:
    """Halves of wide characters that were painted over in part are spaces."""
    for x, (char, look) in enumerate(row):
        if char == "":
            if not x or _width(row[x - 1][0]) != 2:
                row[x] = (" ", look.of_spaces)
        elif char > "\u10ff" and _width(char) == 2 and (x + 1 == len(row) or row[x + 1][0]):
            row[x] = (" ", look.of_spaces)


def _width(char: str) -> int:
    return get_character_cell_size(char[0]) if char > "\u10ff" else 1


def _strips(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Row, column and content of all that an update paints, in its order."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
    elif isinstance(update, ChopsUpdate):
        for y, first, last in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is None or x > last or end <= first:
                    continue
                whole = last > x >= first and end <= last
                yield y, x, strip if whole else strip.crop(0, min(end, last) - x)


def _in_ascii(text: str) -> str:
    """Text of the same width: a name that a user chose, a title that Textual cut short."""
    return "".join(
        char if char.isascii() else _PLAINER.get(char, "?") * get_character_cell_size(char)
        for char in text
    )


def _cells(strip: Strip, colours: ColorSystem, ascii_only: bool) -> tuple[list[Cell], bool]:
    """The cells of a strip, and whether none of its characters is wide."""
    cells: list[Cell] = []
    is_narrow = True
    for text, style, control in strip:
        if control:
            continue
        look = look_of(style, colours)
        if ascii_only and not text.isascii():
            text = _in_ascii(text)
        blank = (" ", look.of_spaces)
        if text.isspace() and text.isascii():
            cells += [blank] * len(text)
            continue
        is_even = bool(look.fg) and look.fg[1:] == look.bg[1:] and not look.others
        if _NARROW.fullmatch(text):
            cells += [
                blank if char == " " or (is_even and char in "█▀▄") else (char, look)
                for char in text
            ]
            continue
        for char in text:
            width = get_character_cell_size(char)
            is_narrow &= width < 2
            if width == 0 and cells:
                cells[-1] = (cells[-1][0] + char, cells[-1][1])
            elif width:
                cells.append(blank if char == " " else (char, look))
                cells += [("", look)] * (width - 1)
    return cells, is_narrow


def _write(out: list[str], y: int, old: list[Cell], new: list[Cell], look: Look) -> Look:
    """Write what differs in a row; returns the look that the terminal is left with."""
    at = -1  # the column where the terminal's cursor is; -1: in another row
    for start, stop in _differing(old, new):
        if at < 0:
            out.append(f"\x1b[{y + 1};{start + 1}H")
        elif start > at:
            out.append(f"\x1b[{start - at}C")
        at = stop
        for char, wanted in new[start:stop]:
            if wanted != look:
                other = _OTHER_HALF.get(char)
                if other is not None and (turned := _nearer(look, wanted)) is not None:
                    char, wanted = other, turned
                out.append(change(look, wanted))
                look = wanted
            out.append(char)
    return look


def _nearer(now: Look, wanted: Look) -> Look | None:
    """The same half block upside down, where fewer of its colours have to be said."""
    turned = upside_down(wanted)
    if turned is None or now.others:
        return None
    straight = (wanted.fg != now.fg) + (wanted.bg != now.bg)
    return turned if (turned.fg != now.fg) + (turned.bg != now.bg) < straight else None


def _differing(old: list[Cell], new: list[Cell]) -> Iterator[tuple[int, int]]:
    """(start, stop) of the runs of cells to write; wide characters are never cut in two."""
    different = [x for x, (a, b) in enumerate(zip(old, new, strict=False)) if a != b]
    different += range(len(old), len(new))
    start = stop = -1
    for x in different:
        while x and new[x][0] == "":
            x -= 1
        if start < 0:
            start = x
        elif x > stop + NEAR:
            yield start, stop
            start = x
        stop = max(stop, x + 1)
        while stop < len(new) and new[stop][0] == "":
            stop += 1
    if start >= 0:
        yield start, stop
