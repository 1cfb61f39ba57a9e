"""Tables and lists as cells: aligned columns, one row marked, the part of it that fits.

A list is a window on its rows: `window` says which row stands first so that the selected one is
seen. The selected row is marked by ``>`` as well as by its colour. Where the place is too narrow,
columns give way in the order of their ``keep``; text is cut with an ellipsis, figures never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.render.cells import DEFAULT, Grid, Region, text_width
from tui.render.format import Align, fit
from tui.render.palette import DARK, Palette
from tui.terminal.abilities import Terminal


@dataclass(frozen=True)
class Column:
    """A column: its title, its side, and how it gives way.

    ``stretch`` columns take the room that is left and are cut where there is too little.
    ``keep`` ranks columns: where the table is too narrow the one with the least goes first.
    """

    title: str
    align: Align = "left"
    stretch: bool = False
    keep: int = 100


@dataclass(frozen=True)
class Cell:
    """A text with a colour and a weight of its own."""

    text: str
    fg: int = DEFAULT
    bold: bool = False


Row = Sequence[str | Cell]


def window(selected: int, first: int, rows: int, height: int) -> int:
    """The row to show first so that ``selected`` is seen, moving the window as little as it can."""
    height = max(height, 1)
    selected = min(max(selected, 0), max(rows - 1, 0))
    first = min(max(first, selected - height + 1), selected)
    return min(max(first, 0), max(rows - height, 0))


def table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    width: int,
    height: int,
    terminal: Terminal,
    *,
    first: int = 0,
    selected: int | None = None,
    palette: Palette = DARK,
    head: bool = True,
) -> Grid:
    """Columns under their titles, the rows from ``first`` on, as a grid of ``width`` x ``height``.

    With ``selected`` (also ``-1``: none yet) two cells on the left are kept for the mark.
    """
    grid = Grid.blank(width, height)
    margin = 0 if selected is None else 2
    texts = [[_text(cell) for cell in row] for row in rows]
    wide = [
        max([text_width(column.title) if head else 0, *(text_width(row[i]) for row in texts)])
        for i, column in enumerate(columns)
    ]
    places = _places(columns, wide, width - margin)
    ellipsis = ellipsis_of(terminal)
    top = 0
    if head and height > 0:
        for i, (x, cells) in places.items():
            title = fit(columns[i].title, cells, columns[i].align, ellipsis=ellipsis)
            grid.put(x + margin, 0, title, fg=palette.muted)
        top = 1
    for y, row in enumerate(rows[first : first + max(height - top, 0)], start=top):
        index = first + y - top
        for i, (x, cells) in places.items():
            text = fit(texts[index][i], cells, columns[i].align, ellipsis=ellipsis)
            cell = row[i]
            fg, bold = (cell.fg, cell.bold) if isinstance(cell, Cell) else (DEFAULT, False)
            grid.put(x + margin, y, text, fg=fg, bold=bold)
        if index == selected:
            grid.put(0, y, ">", fg=palette.accent, bold=True)
            select(grid, (0, y, width, 1), palette)
    return grid


def select(grid: Grid, region: Region, palette: Palette) -> None:
    """Show that this region is chosen."""
    x, y, width, height = region
    grid.fill(region, fg=palette.on_selected, bg=palette.selected)
    grid.bold[y : y + height, x : x + width] = True


def _text(cell: str | Cell) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _places(columns: Sequence[Column], wide: list[int], width: int) -> dict[int, tuple[int, int]]:
    """Where the columns that fit stand: index -> (x, cells)."""
    shown = list(range(len(columns)))
    least = [min(cells, 6) if columns[i].stretch else cells for i, cells in enumerate(wide)]
    while len(shown) > 1 and sum(least[i] for i in shown) + len(shown) - 1 > width:
        shown.remove(min(shown, key=lambda i: (columns[i].keep, -i)))
    gap = 2 if sum(wide[i] for i in shown) + 2 * (len(shown) - 1) <= width else 1
    spare = width - gap * (len(shown) - 1) - sum(least[i] for i in shown)
    cells = {i: least[i] for i in shown}
    for i in shown:
        more = min(max(spare, 0), wide[i] - cells[i])
        cells[i] += more
        spare -= more
    stretch = [i for i in shown if columns[i].stretch]
    if stretch and spare > 0:
        cells[stretch[-1]] += spare
    places, x = {}, 0
    for i in shown:
        places[i] = (x, max(min(cells[i], width - x), 0))
        x += cells[i] + gap
    return places


def facts(
    pairs: Mapping[str, str] | Sequence[tuple[str, str | Cell]],
    width: int,
    height: int,
    terminal: Terminal,
    *,
    palette: Palette = DARK,
) -> Grid:
    """Names and what they are, one a line; a name of ``""`` leaves a gap or goes on below."""
    grid = Grid.blank(width, height)
    lines = list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs)
    names = min(max((text_width(name) for name, _ in lines), default=0), max(width // 2, 0))
    ellipsis = ellipsis_of(terminal)
    for y, (name, value) in enumerate(lines[: max(height, 0)]):
        grid.put(0, y, fit(name, names, ellipsis=ellipsis), fg=palette.muted)
        room = width - names - 2
        text = fit(_text(value), room, ellipsis=ellipsis)
        fg, bold = (value.fg, value.bold) if isinstance(value, Cell) else (DEFAULT, False)
        grid.put(names + 2, y, text, fg=fg, bold=bold)
    return grid


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells, broken between words where that is possible."""
    if width <= 0:
        return []
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            while text_width(word) > width:
                if line:
                    lines.append(line)
                    line = ""
                head = fit(word, width).rstrip()
                lines.append(head)
                word = word[len(head) :]
            if not line:
                line = word
            elif text_width(line) + 1 + text_width(word) <= width:
                line += " " + word
            else:
                lines.append(line)
                line = word
        lines.append(line)
    return lines


def note(text: str, width: int, height: int, *, fg: int = DEFAULT) -> Grid:
    """A message in the middle of an empty place: what is missing here, and what to do about it."""
    grid = Grid.blank(width, height)
    lines = wrap(text, max(width - 2, 1))[: max(height, 0)]
    top = max((height - len(lines)) // 2, 0)
    for y, line in enumerate(lines, start=top):
        grid.put(max((width - text_width(line)) // 2, 0), y, line, fg=fg)
    return grid


def ellipsis_of(terminal: Terminal) -> str:
    """The mark of a text that was cut."""
    return "…" if terminal.unicode else ".."
