"""Words that every source file we write has: literals that are short, and text that stays text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

_WIDTH = 90


def in_docstring(text: str) -> str:
    """Text on one line that neither ends a docstring nor escapes anything in it."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(printable.split()).replace("\\", "/").replace('"', "'")


def literal(value: object) -> str:
    """A value as source, texts in double quotes where that is possible."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if value.isprintable() else ascii(value)
    return repr(value)


def list_literal(names: Sequence[str]) -> str:
    """A list of texts, on one line where that is short."""
    words = [literal(name) for name in names]
    short = f"[{', '.join(words)}]"
    return short if len(short) < _WIDTH else "[\n" + "".join(f"    {w},\n" for w in words) + "]"


def options(given: Mapping[str, tuple[object, object]]) -> list[str]:
    """``name=value`` for each option whose value, the first, is not the usual one, the second."""
    return [f"{name}={literal(value)}" for name, (value, usual) in given.items() if value != usual]


def indented(lines: Sequence[str], by: int) -> str:
    """The lines, each that many blanks further in."""
    return "\n".join(" " * by + line if line else "" for line in lines)
