"""How a cell looks, as a terminal is told it: colours and weight as SGR codes, and what changes.

Textual writes the whole style before every run of characters and takes it back after it. Here only
what differs from the style that the terminal already has is said.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style

_CODES = re.compile(r"\x1b\[([\d;]*)m")
_SEEN_ON_SPACES = frozenset(("4", "7", "9", "21", "53"))
"""Underlined, reversed, struck through, underlined twice, overlined."""


class Look(NamedTuple):
    """The codes of both colours, "" for the terminal's own, and the other codes."""

    fg: str = ""
    bg: str = ""
    others: frozenset[str] = frozenset()

    @property
    def of_spaces(self) -> Look:
        """The look of a space: its ink is not seen."""
        return self if self.others & _SEEN_ON_SPACES else Look("", self.bg)


PLAIN = Look()


@lru_cache(maxsize=65536)
def look_of(style: Style | None, colours: ColorSystem) -> Look:
    """A style in the codes of a colour system."""
    look = PLAIN
    if style is not None:
        told = style.render("x", color_system=colours)
        for codes in _CODES.findall(told[: told.rindex("x")]):
            look = after(look, codes)
    return look


@lru_cache(maxsize=4096)
def after(look: Look, codes: str) -> Look:
    """The look after these codes."""
    fg, bg, others = look
    words = iter(codes.split(";"))
    for word in words:
        if word in ("", "0"):
            fg, bg, others = PLAIN
        elif word in ("38", "48"):
            kind = next(words, "")
            parts = [next(words, "") for _ in range({"5": 1, "2": 3}.get(kind, 0))]
            colour = ";".join([word, kind, *parts])
            fg, bg = (colour, bg) if word == "38" else (fg, colour)
        elif word == "39":
            fg = ""
        elif word == "49":
            bg = ""
        elif len(word) == 2 and word[0] in "39":  # 30 to 37, 90 to 97
            fg = word
        elif (len(word) == 2 and word[0] == "4") or (len(word) == 3 and word[:2] == "10"):
            bg = word
        else:
            others |= {word}
    return Look(fg, bg, others)


def upside_down(look: Look) -> Look | None:
    """The look of the other half block that shows the same; None: there is none."""
    if not (look.fg.startswith("38;") and look.bg.startswith("48;")) or look.others:
        return None
    return Look("38" + look.bg[2:], "48" + look.fg[2:])


@lru_cache(maxsize=65536)
def change(now: Look, wanted: Look) -> str:
    """The shortest sequence that turns the one look into the other."""
    if now == wanted:
        return ""
    whole = ["0", *sorted(wanted.others), *filter(None, (wanted.fg, wanted.bg))]
    words = sorted(wanted.others - now.others)
    if wanted.fg != now.fg:
        words.append(wanted.fg or "39")
    if wanted.bg != now.bg:
        words.append(wanted.bg or "49")
    if now.others - wanted.others or len(";".join(words)) > len(";".join(whole)):
        words = whole
    return f"\x1b[{';'.join(words)}m"
