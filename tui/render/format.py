"""Numbers and words as a screen wants them: short, aligned, never longer than their place.

Every function is pure and returns text. A value that is no number (NaN, infinity, ``None``) is
shown as a dash, because a screen that hides a broken number behind ``0.00`` lies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from tui.render.cells import char_width, text_width
from tui.terminal.abilities import Terminal

Align = Literal["left", "right", "centre"]

NOTHING = "-"
_IN_ASCII = str.maketrans({"→": ">", "·": ",", "…": "...", "×": "x", "²": "2"})


def fit(text: str, width: int, align: Align = "left", *, ellipsis: str = "") -> str:
    """``text`` in exactly ``width`` terminal cells: padded, or cut with ``ellipsis`` at the end."""
    if width <= 0:
        return ""
    text = " ".join(text.splitlines()).replace("\t", " ")
    if text_width(text) > width:
        ellipsis = ellipsis if text_width(ellipsis) < width else ""
        text = cut(text, width - text_width(ellipsis)) + ellipsis
    room = width - text_width(text)
    left = {"left": 0, "right": room, "centre": room // 2}[align]
    return " " * left + text + " " * (room - left)


def cut(text: str, width: int) -> str:
    """As many whole characters from the start as fit into ``width`` cells."""
    used = 0
    for i, char in enumerate(text):
        used += char_width(char)
        if used > width:
            return text[:i]
    return text


def count(value: int | None) -> str:
    """A count with its thousands apart: ``60000`` -> ``60 000``."""
    return NOTHING if value is None else f"{value:,}".replace(",", " ")


def short_count(value: float | None) -> str:
    """A count in at most five characters: ``1234567`` -> ``1.23M``."""
    if value is None or not math.isfinite(value):
        return NOTHING
    for limit, divisor, unit in ((1e4, 1.0, ""), (1e6, 1e3, "k"), (1e9, 1e6, "M")):
        if abs(value) < limit * (0.9995 if unit else 1.0):
            return f"{value:.0f}" if not unit else _three_digits(value / divisor) + unit
    return _three_digits(value / 1e9) + "G"


def _three_digits(value: float) -> str:
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{digits}f}"


def number(value: float | None, digits: int = 4) -> str:
    """A number with a fixed count of decimals; four significant digits where that says nothing."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value and abs(value) < 0.5 * 10.0**-digits:
        return f"{value:.1e}"
    return f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.3e}"


def probability(value: float | None, digits: int = 3) -> str:
    """A probability without its leading zero: ``0.974`` -> ``.974``; one stays ``1.00``."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0.") else text[: digits + 1]


def percent(share: float | None, digits: int = 1) -> str:
    """A share between 0 and 1 as ``12.3%``."""
    if share is None or not math.isfinite(share):
        return NOTHING
    return f"{100 * share:.{digits}f}%"


def shape(axes: Sequence[int], *, times: str = "x") -> str:
    """The axes of an array: ``(32, 26, 26)`` -> ``32x26x26``."""
    return times.join(str(axis) for axis in axes)


def duration(seconds: float | None) -> str:
    """A length of time: ``259`` -> ``4:19``; hours appear when there are any."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def size(octets: float | None) -> str:
    """A count of bytes: ``3670016`` -> ``3.5 MiB``."""
    if octets is None or not math.isfinite(octets):
        return NOTHING
    if abs(octets) < 1024:
        return f"{octets:.0f} B"
    power = min(int(math.log(abs(octets), 1024)), 3)
    return f"{octets / 1024**power:.1f} {('B', 'KiB', 'MiB', 'GiB')[power]}"


def plain(text: str, terminal: Terminal) -> str:
    """The signs of the library's own messages as this terminal can show them."""
    return text if terminal.unicode else text.translate(_IN_ASCII)


def plural(amount: int, noun: str, nouns: str | None = None) -> str:
    """``1 image``, ``60 000 images``."""
    return f"{count(amount)} {noun if amount == 1 else nouns or noun + 's'}"
