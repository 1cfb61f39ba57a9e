"""Reading a line of a network as it is typed: its words for colouring, and what may come next.

Plain data without Textual. The layers and their options come from the classes themselves
(`Described.options`), so a new layer is completed and explained without a word here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cnnlib.layers  # noqa: F401 - registers the layers
from cnnlib.layers import Layer
from cnnlib.text import Option, family

Kind = Literal["layer", "unknown", "option", "number", "string", "constant", "comment"]

_TOKEN = re.compile(
    r"""(?P<comment>\#.*)
      | (?P<string>"[^"]*"?|'[^']*'?)
      | (?P<option>[A-Za-z_]\w*)(?=\s*=)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<number>\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?)""",
    re.VERBOSE,
)
_CONSTANTS = ("True", "False", "None")
_PREFIX = re.compile(r"[\"']?\w*$")


@dataclass(frozen=True)
class Token:
    """A word of a line and what it is."""

    start: int
    stop: int
    kind: Kind


@dataclass(frozen=True)
class Choice:
    """Something that may stand at the cursor, and what it means."""

    text: str
    about: str


@dataclass(frozen=True)
class Completion:
    """What may take the place of the characters from `start` to the cursor."""

    start: int
    choices: tuple[Choice, ...] = ()


def tokens(line: str) -> Iterator[Token]:
    """The words of a line that have a meaning."""
    known = family(Layer)
    for match in _TOKEN.finditer(line):
        kind = match.lastgroup
        if kind == "word":
            word = match.group()
            kind = "constant" if word in _CONSTANTS else "layer" if word in known else "unknown"
        yield Token(match.start(), match.end(), kind)  # type: ignore[arg-type]


def complete(line: str, column: int) -> Completion:
    """What may stand at the cursor.

    Outside a call a layer of which at least one letter is there; inside, an option that was not
    given yet, or a value of the option before the cursor.
    """
    head = line[:column]
    nothing = Completion(column)
    if "#" in head or line[column : column + 1].isalnum():
        return nothing
    match = _PREFIX.search(head)
    prefix = match.group() if match is not None else ""
    start = column - len(prefix)
    call, inside = _open_call(head[:start])
    layer = family(Layer).get(call)
    if layer is None:
        return Completion(start, _layers(prefix)) if prefix and not call else nothing
    given = _arguments(inside)
    last = given[-1].strip()
    options = layer.options()
    if last.endswith("="):
        option = next((each for each in options if each.name == last[:-1].strip()), None)
        return Completion(start, _values(option, prefix)) if option is not None else nothing
    if last:
        return nothing
    if any(each.type == "a list of a layer" for each in options) and prefix[:1].isupper():
        return Completion(start, _layers(prefix))
    used = {text.partition("=")[0].strip() for text in given if "=" in text}
    used |= {option.name for option in options[: sum("=" not in text for text in given[:-1])]}
    found = tuple(
        Choice(f"{option.name}=", _about(option))
        for option in options
        if option.name.startswith(prefix) and option.name not in used
    )
    return Completion(start, found)


def _layers(prefix: str) -> tuple[Choice, ...]:
    """Layers that begin with the letters, capitals or not."""
    found = []
    for name, cls in family(Layer).items():
        if name.lower().startswith(prefix.lower()):
            options = cls.options()
            told = (cls.__doc__ or "").strip().split("\n")[0]
            found.append(Choice(f"{name}(" if options else f"{name}()", told))
    return tuple(found)


def _values(option: Option, prefix: str) -> tuple[Choice, ...]:
    """Values that the option's type names, and its default."""
    named = re.findall(r'"\w+"|True|False|None', option.type)
    if not option.required and repr(option.default).replace("'", '"') not in named:
        named.append(repr(option.default))
    return tuple(
        Choice(value, option.help)
        for value in named
        if value.lstrip("\"'").startswith(prefix.lstrip("\"'")) and value != prefix
    )


def _about(option: Option) -> str:
    default = "" if option.required else f", {option.default!r} unless given"
    return f"{option.help} ({option.type}{default})"


def _open_call(head: str) -> tuple[str, str]:
    """The call in which the text ends and what of it is written; empty where there is none."""
    depth = 0
    for at in range(len(head) - 1, -1, -1):
        char = head[at]
        if char in ")]":
            depth += 1
        elif char in "([":
            if depth == 0 and char == "(":
                name = re.search(r"\w*$", head[:at])
                return (name.group() if name is not None else ""), head[at + 1 :]
            if depth == 0:  # a list of layers begins here: a layer stands in it
                return "", ""
            depth -= 1
    return "", ""


def _arguments(inside: str) -> list[str]:
    """What stands between the commas of a call, those of nested calls left alone."""
    parts, depth = [""], 0
    for char in inside:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts
