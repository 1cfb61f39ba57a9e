"""What reaches the terminal: the picture that Textual paints, to the last cell."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.terminal.looks import PLAIN, Look, after, change, look_of
from tui.terminal.shadow import Shadow

WIDTH, HEIGHT = 12, 3
COLOURS = ColorSystem.EIGHT_BIT

colours = st.sampled_from([None, "#5fafff", "#121212", "#ffffff", "color(1)", "color(12)"])
styles = st.builds(
    lambda fg, bg, kind: Style(color=fg, bgcolor=bg, **({kind: True} if kind else {})),
    colours,
    colours,
    st.sampled_from(["", "bold", "underline", "reverse"]),
)
plain_styles = st.builds(lambda fg, bg: Style(color=fg, bgcolor=bg), colours, colours)
NARROW, WIDE = "ab  ▀▄█─⠿é", "ab ─漢字"


@st.composite
def strips(draw: st.DrawFn, width: int, characters: str = NARROW) -> Strip:
    """A strip of exactly this width."""
    segments, room = [], width
    while room:
        text = draw(st.text(st.sampled_from(characters), min_size=1, max_size=WIDTH))
        while cell_len(text) > room:
            text = text[:-1]
        text = text or " "
        segments.append(Segment(text, draw(st.one_of(styles, plain_styles))))
        room -= cell_len(text)
    return Strip(segments, width)


@st.composite
def whole_screens(draw: st.DrawFn, characters: str = NARROW) -> CompositorUpdate:
    """All of the screen."""
    rows = [[draw(strips(WIDTH, characters))] for _ in range(HEIGHT)]
    return LayoutUpdate(rows, Region(0, 0, WIDTH, HEIGHT))


@st.composite
def updates(draw: st.DrawFn) -> CompositorUpdate:
    """All of the screen, or one span of one row of it."""
    if draw(st.booleans()):
        return draw(whole_screens())
    y = draw(st.integers(0, HEIGHT - 1))
    cut = draw(st.integers(1, WIDTH - 1))
    chops: list[dict[int, Strip | None]] = [{} for _ in range(HEIGHT)]
    chops[y] = {0: draw(strips(cut)), cut: draw(strips(WIDTH - cut))}
    ends = [[cut, WIDTH] for _ in range(HEIGHT)]
    first, last = draw(st.sampled_from([(0, WIDTH), (0, cut), (cut, WIDTH)]))
    return ChopsUpdate(chops, [(y, first, last)], ends)


def seen(screen: pyte.Screen) -> list[list[object]]:
    """What an eye tells apart: the ink of spaces is not seen, half blocks are two colours."""

    def cell(char: pyte.screens.Char) -> object:
        fg, bg = (char.bg, char.fg) if char.reverse else (char.fg, char.bg)
        if char.data.isspace() and not char.underscore and not char.reverse:
            return ("colours", bg, bg)
        if char.data in "▀▄" and not char.reverse and not char.underscore and not char.bold:
            return ("colours", fg, bg) if char.data == "▀" else ("colours", bg, fg)
        if char.data == "█" and fg == bg and not char.bold and not char.underscore:
            return ("colours", bg, bg)
        return (char.data, char.fg, char.bg, char.bold, char.underscore, char.reverse)

    return [[cell(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def shows_the_same(painted: list[CompositorUpdate]) -> None:
    """Textual's own writing and ours lead to the same screen."""
    console = Console(color_system="256", force_terminal=True)
    theirs, ours = (pyte.Screen(WIDTH, HEIGHT) for _ in range(2))
    for screen in (theirs, ours):
        screen.reset_mode(pyte.modes.DECAWM)  # Textual switches wrapping off
        screen.set_mode(pyte.modes.LNM)
    first, second = pyte.Stream(theirs), pyte.Stream(ours)
    shadow = Shadow()
    for update in painted:
        first.feed(update.render_segments(console))
        second.feed(shadow.paint(update, COLOURS, (WIDTH, HEIGHT)))
        assert ours.cursor.attrs == ours.default_char, "what follows is written plain"
        assert seen(ours) == seen(theirs)
        assert shadow.paint(update, COLOURS, (WIDTH, HEIGHT)) == "", "it is shown already"


@settings(max_examples=100)
@given(st.lists(updates(), min_size=1, max_size=5))
def test_the_terminal_shows_what_textual_paints(painted: list[CompositorUpdate]) -> None:
    shows_the_same(painted)


@settings(max_examples=30)
@given(st.lists(whole_screens(WIDE), min_size=1, max_size=4))
def test_characters_two_cells_wide_are_never_cut(painted: list[CompositorUpdate]) -> None:
    shows_the_same(painted)


@given(st.lists(updates(), min_size=1, max_size=3))
def test_after_forgetting_all_is_sent_again(painted: list[CompositorUpdate]) -> None:
    fresh, used = Shadow(), Shadow()
    for update in painted:
        used.paint(update, COLOURS, (WIDTH, HEIGHT))
    used.forget()
    size = (WIDTH, HEIGHT)
    assert used.paint(painted[-1], COLOURS, size) == fresh.paint(painted[-1], COLOURS, size)


def test_only_cells_that_differ_are_sent() -> None:
    shadow = Shadow()
    shadow.paint(row("the loss is 0.250 now"), COLOURS, (21, 1))
    assert shadow.paint(row("the loss is 0.247 now"), COLOURS, (21, 1)) == "\x1b[1;16H47"
    assert shadow.paint(row("The loss is 0.248 now"), COLOURS, (21, 1)) == "\x1b[1;1HT\x1b[15C8"


@given(st.lists(whole_screens(WIDE + "…é→"), min_size=1, max_size=3))
def test_a_terminal_of_ascii_is_sent_ascii(painted: list[CompositorUpdate]) -> None:
    shadow = Shadow()
    shadow.ascii_only = True
    for update in painted:
        assert shadow.paint(update, COLOURS, (WIDTH, HEIGHT)).isascii()


def row(text: str) -> LayoutUpdate:
    strip = Strip([Segment(text, Style())], len(text))
    return LayoutUpdate([[strip]], Region(0, 0, len(text), 1))


@given(styles, styles)
def test_a_change_of_look_is_one_that_a_terminal_understands(old: Style, new: Style) -> None:
    now, wanted = look_of(old, COLOURS), look_of(new, COLOURS)
    said = change(now, wanted)
    assert (said == "") == (now == wanted)
    assert after(now, said[2:-1]) == wanted if said else now == wanted


def test_codes_of_all_colours_are_told_apart() -> None:
    assert after(PLAIN, "1;38;5;75;48;5;235") == Look("38;5;75", "48;5;235", frozenset("1"))
    assert after(PLAIN, "38;2;1;2;3;104") == Look("38;2;1;2;3", "104")
    assert after(Look("31", "41", frozenset("1")), "39;49") == Look(others=frozenset("1"))
    assert after(Look("91", "100", frozenset("4")), "0") == PLAIN
