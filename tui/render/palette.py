"""The colours that carry meaning, for a dark and for a light background.

Every one of them stands in the 256-colour table of terminals (levels 00 5f 87 af d7 ff and the
grey ramp), because SSH rarely offers more: what is seen in review is what is seen remotely. Meaning
never rests on colour alone; the hues (blue, orange, bluish green, vermilion) stay apart for
colour-blind eyes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Named colours as 0xRRGGBB."""

    name: str
    dark: bool
    background: int
    surface: int
    panel: int
    border: int
    text: int
    muted: int
    faint: int
    accent: int
    train: int
    valid: int
    good: int
    warn: int
    bad: int
    selected: int
    series: tuple[int, ...]
    """For further lines of one chart, in order."""
    on_selected: int | None = None
    """What is written on ``selected``; None: all in its own colour."""


DARK = Palette(
    name="cnn-dark",
    dark=True,
    background=0x121212,
    surface=0x1C1C1C,
    panel=0x262626,
    border=0x444444,
    text=0xD0D0D0,
    muted=0x949494,
    faint=0x585858,
    accent=0x5FAFFF,
    train=0x5FAFFF,
    valid=0xFFAF5F,
    good=0x5FD7AF,
    warn=0xFFD75F,
    bad=0xFF875F,
    selected=0x005F87,
    series=(0x5FAFFF, 0xFFAF5F, 0x5FD7AF, 0xD787D7, 0xFFD75F, 0x87D7FF),
)

LIGHT = Palette(
    name="cnn-light",
    dark=False,
    background=0xFFFFFF,
    surface=0xEEEEEE,
    panel=0xE4E4E4,
    border=0xB2B2B2,
    text=0x262626,
    muted=0x626262,
    faint=0xA8A8A8,
    accent=0x005FAF,
    train=0x005FAF,
    valid=0xAF5F00,
    good=0x00875F,
    warn=0x875F00,
    bad=0xAF0000,
    selected=0xAFD7FF,
    series=(0x005FAF, 0xAF5F00, 0x00875F, 0x870087, 0x875F00, 0x0087AF),
)

COLOUR_BLIND = Palette(
    name="cnn-colour-blind",
    dark=True,
    background=0x121212,
    surface=0x1C1C1C,
    panel=0x262626,
    border=0x444444,
    text=0xD0D0D0,
    muted=0x949494,
    faint=0x585858,
    accent=0x5FAFFF,
    train=0x5FAFFF,
    valid=0xFFAF00,
    good=0xAFD7FF,
    warn=0xFFFF5F,
    bad=0xD75F00,
    selected=0x005F87,
    series=(0x5FAFFF, 0xFFAF00, 0xEEEEEE, 0xAF5F00, 0xFFFF5F, 0x0087AF),
)
"""The hues of Okabe and Ito (2008), without a pair of red and green."""


def ansi(number: int) -> int:
    """The terminal's own colour of this number, 0 to 15, among the colours of a palette."""
    return -2 - number


TERMINAL = Palette(
    name="cnn-terminal",
    dark=True,
    background=-1,
    surface=-1,
    panel=-1,
    border=ansi(8),
    text=-1,
    muted=-1,
    faint=ansi(8),
    accent=ansi(4),
    train=ansi(4),
    valid=ansi(3),
    good=ansi(2),
    warn=ansi(5),
    bad=ansi(1),
    selected=ansi(6),
    series=tuple(ansi(number) for number in (4, 3, 2, 5, 6, 1)),
    on_selected=ansi(0),
)
"""The sixteen colours that the terminal's user has chosen, on the terminal's own ground."""

PALETTES = {palette.name: palette for palette in (DARK, LIGHT, COLOUR_BLIND, TERMINAL)}
_ANSI_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def hex_colour(colour: int) -> str:
    """As rich writes it: `#rrggbb`, `default`, or the number of a terminal's own colour."""
    if colour < 0:
        return "default" if colour == -1 else f"color({-2 - colour})"
    return f"#{colour:06x}"


def css_colour(colour: int) -> str:
    """As a style sheet writes it."""
    if colour == -1:
        return "ansi_default"
    if colour < 0:
        bright, number = divmod(-2 - colour, 8)
        return f"ansi_{'bright_' if bright else ''}{_ANSI_NAMES[number]}"
    return hex_colour(colour)


def blend(a: int, b: int, share: float) -> int:
    """The colour that lies `share` of the way from a to b; of the terminal's own, the nearer."""
    if a < 0 or b < 0:
        return b if share >= 0.5 else a
    mixed = 0
    for shift in (16, 8, 0):
        low, high = (a >> shift) & 255, (b >> shift) & 255
        mixed |= round(low + (high - low) * share) << shift
    return mixed


def ink_on(background: int) -> int:
    """Black or white, whichever is read better on ``background``."""
    red, green, blue = background >> 16, (background >> 8) & 255, background & 255
    return 0x000000 if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else 0xFFFFFF
