"""Checks of single settings: each returns the value as it is kept, or says what was expected.

A check takes the name of the setting, for the message, and the value.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from cnnlib.augmentations import Augmentation
from cnnlib.errors import SpecificationError
from cnnlib.text import parse, parse_pipeline

Check = Callable[[str, Any], Any]


def whole(least: int, most: int = 2**31 - 1) -> Callable[[str, Any], int]:
    """A check for a whole number within these bounds."""

    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            expected = f"a whole number of at least {least}"
            if isinstance(value, int) and not isinstance(value, bool) and value > most:
                expected = f"a whole number of at most {most}"
            raise SpecificationError(name, expected=expected, received=repr(value))
        return value

    return check


def number(
    test: Callable[[float], bool], expected: str, *, optional: bool = False
) -> Callable[[str, Any], float | None]:
    """A check for a finite number that passes the test."""

    def check(name: str, value: Any) -> float | None:
        if value is None and optional:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and math.isfinite(value) and test(value)):
            raise SpecificationError(name, expected=expected, received=repr(value))
        return float(value)

    return check


def words(name: str, value: Any) -> str:
    """A text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise SpecificationError(name, expected="a text", received=repr(value))
    return value


def size(name: str, value: Any) -> str:
    """Height and width of images as HxW, from "28x32" or "28"; or nothing."""
    if value == "":
        return ""
    match = re.fullmatch(r"\s*([0-9]{1,5})(?:\s*x\s*([0-9]{1,5}))?\s*", str(value), re.ASCII)
    height, width = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not height or not width:
        raise SpecificationError(
            name, expected="height x width in pixels, such as 28x28", received=repr(value)
        )
    return f"{height}x{width}"


def call(family: type[Any]) -> Callable[[str, Any], str]:
    """A check for one constructor call of a family, kept in its shortest form."""

    def check(name: str, value: Any) -> str:
        return repr(_read(name, lambda: parse(words(name, value), family)))

    return check


def maybe(family: type[Any]) -> Callable[[str, Any], str]:
    """The same, or nothing."""

    def check(name: str, value: Any) -> str:
        return "" if value == "" else call(family)(name, value)

    return check


def calls(name: str, value: Any) -> str:
    """Augmentations separated by commas, kept in their shortest form."""
    if not isinstance(value, str):
        raise SpecificationError(name, expected="calls separated by commas", received=repr(value))
    found = _read(name, lambda: parse_pipeline(value, Augmentation))
    return ", ".join(map(repr, found))


def unknown(where: str, word: str, known: Iterable[str]) -> SpecificationError:
    """The error of a word that is not known there."""
    names = tuple(known)
    return SpecificationError(
        where,
        expected=f"one of {', '.join(names)}",
        received=repr(word),
        advice=near(word, names),
    )


def near(word: str, known: Iterable[str]) -> str:
    """The known word that was meant, asked back; nothing where none is like it."""
    found = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f"Did you mean {found[0]!r}?" if found else ""


def _read(name: str, reader: Callable[[], Any]) -> Any:
    """What the reader reads; an error names the setting instead of a line."""
    try:
        return reader()
    except SpecificationError as error:
        where = error.where.removeprefix("line 1").lstrip(": ") if error.line == 1 else error.where
        raise SpecificationError(
            f"{name}: {where}" if where and not where.startswith("the ") else name,
            expected=error.expected,
            received=error.received,
            advice=error.advice,
        ) from None
