"""A dataclass of plain values as JSON values and back, every field checked against its type.

Fields may be int, float, bool, str, a choice of words (Literal), one of these or None, and tuples
of any length of one of them. JSON knows no NaN and no infinity: a float that is not finite is
written as one of the words "NaN", "Infinity", "-Infinity". Reading is never lenient: ``true``
is no number, ``1e999`` is no float, a lone surrogate is no text.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class WrongValue(Exception):
    """A value is not of its type; ``str`` says what it should have been."""


def read_int(value: Any) -> int:
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    raise WrongValue("a whole number of 64 bits")


def read_float(value: Any) -> float:
    if type(value) is float and value - value == 0.0:  # 1e999 in JSON reads as infinity
        return value
    if type(value) is int and -(2**53) <= value <= 2**53:
        return float(value)
    if type(value) is str and value in _WORDS:
        return _WORDS[value]
    raise WrongValue('a number, "NaN", "Infinity" or "-Infinity"')


def _read_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise WrongValue("true or false")


def _read_str(value: Any) -> str:
    if type(value) is str and (value.isascii() or not _has_surrogate(value)):
        return value
    raise WrongValue("a text")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _write_float(value: Any) -> float | str:
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")


def _write_str(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")


Convert: TypeAlias = Callable[[Any], Any]


def _converters(hint: Any) -> tuple[Convert, Convert]:
    """(read, write) for one type of a field: from JSON with every check, and to JSON."""
    simple: dict[Any, tuple[Convert, Convert]] = {
        int: (read_int, operator.index),
        float: (read_float, _write_float),
        bool: (_read_bool, bool),
        str: (_read_str, _write_str),
    }
    if hint in simple:
        return simple[hint]
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        words = frozenset(inside)

        def read_word(value: Any) -> Any:
            if type(value) is str and value in words:
                return value
            raise WrongValue("one of " + ", ".join(sorted(words)))

        return read_word, _write_str
    if origin is tuple and inside[1:] == (...,):
        read_one, write_one = _converters(inside[0])

        def read_tuple(value: Any) -> Any:
            if type(value) is list:
                return tuple([read_one(element) for element in value])
            raise WrongValue("a list")

        return read_tuple, lambda value: [write_one(element) for element in value]
    if origin in (Union, UnionType) and NoneType in inside:
        (other,) = (kind for kind in inside if kind is not NoneType)
        read_other, write_other = _converters(other)
        return (
            lambda value: None if value is None else read_other(value),
            lambda value: None if value is None else write_other(value),
        )
    raise TypeError(f"an event cannot hold a field of type {hint}")


class Form:
    """How one class is written and read.

    Args:
        kind: a dataclass of plain values.

    Attributes:
        name: the name of the class.
        names: its fields in order.
        values: object -> the tuple of its fields.
        readers: per field (name, JSON value -> value); raises :class:`WrongValue`.
        writers: per field (name, value -> JSON value); also takes NumPy scalars.
    """

    def __init__(self, kind: type[Any]) -> None:
        hints = get_type_hints(kind)
        self.kind = kind
        self.name = kind.__name__
        self.names = tuple(field.name for field in fields(kind))
        self.values = operator.attrgetter(*self.names)
        converters = [_converters(hints[name]) for name in self.names]
        self.readers = tuple((name, c[0]) for name, c in zip(self.names, converters, strict=True))
        self.writers = tuple((name, c[1]) for name, c in zip(self.names, converters, strict=True))
