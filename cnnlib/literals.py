"""Whether a literal is of the type that an option asks for, and both in words."""

from __future__ import annotations

import typing
from types import UnionType
from typing import Any, Literal, Union

WRONG: Any = object()
MAX_NUMBER = 1 << 63  # beyond every option, yet products of a few such numbers can be printed


def fit(value: Any, hint: Any) -> Any:
    """``value`` as the type asks (an int becomes a float, a list a tuple), or ``WRONG``."""
    origin = typing.get_origin(hint)
    if origin in (Union, UnionType):
        for choice in typing.get_args(hint):
            fitted = fit(value, choice)
            if fitted is not WRONG:
                return fitted
        return WRONG
    if origin is Literal:
        return value if value in typing.get_args(hint) else WRONG
    if origin is tuple:
        return _fit_tuple(value, typing.get_args(hint))
    if hint is None or hint is type(None):
        return None if value is None else WRONG
    if is_too_large(value):
        return WRONG
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is int and isinstance(value, bool):
        return WRONG
    return value if isinstance(hint, type) and isinstance(value, hint) else WRONG


def is_too_large(value: Any) -> bool:
    """Whether it is a number beyond every option."""
    return isinstance(value, int | float) and not abs(value) < MAX_NUMBER


def _fit_tuple(value: Any, kinds: tuple[Any, ...]) -> Any:
    if not isinstance(value, list | tuple):
        return WRONG
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        return WRONG
    fitted = tuple(fit(item, kind) for item, kind in zip(value, kinds, strict=True))
    return WRONG if any(item is WRONG for item in fitted) else fitted


def word(value: Any) -> str:
    if isinstance(value, tuple) and value and hasattr(value[0], "_family"):
        return "[" + ", ".join(map(repr, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def type_name(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if origin in (Union, UnionType):
        return " or ".join(type_name(choice) for choice in typing.get_args(hint))
    if origin is Literal:
        return " or ".join(word(choice) for choice in typing.get_args(hint))
    if origin is tuple:
        kinds = [kind for kind in typing.get_args(hint) if kind is not Ellipsis]
        return "a list of " + type_name(kinds[0]) if kinds else "a list"
    if hasattr(hint, "_family"):
        return article(hint._family)
    names = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
    return "None" if hint in (None, type(None)) else names.get(hint, str(hint))


def article(noun: str) -> str:
    return ("an " if noun[:1] in "aeio" else "a ") + noun
