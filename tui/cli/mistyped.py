"""What is wrong with the words of a command, told as every error: where, expected, received.

Typer finds it; its own sentences are about types, such as "unable to parse string as a number".
"""

from __future__ import annotations

from typing import Any

import typer

EXPECTED = {
    "float_parsing": "a number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "yes or no",
}
"""By the kind of a mistake, as pydantic names it, of which Typer makes use."""
LIMITS = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


def describe(error: typer.TyperException) -> str:
    """One sentence about words that a command cannot take, and where its options are told."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "cnn-tui"
    told = _wrong_value(error) or error.format_message().rstrip(".")
    return f"{told}{'' if told.endswith('?') else '.'} See `{command} --help`."


def _wrong_value(error: typer.TyperException) -> str:
    """Where, expected, received: of a value that its option cannot take; else nothing."""
    cause, parameter = error.__cause__, getattr(error, "param", None)
    errors = getattr(cause, "errors", None)  # of pydantic's ValidationError
    if errors is None or parameter is None:
        return ""
    found: list[dict[str, Any]] = errors()
    expected = _expected(found[0])
    name = parameter.metavar or parameter.name.upper()  # of an argument
    where = next((word for word in parameter.opts if word.startswith("--")), name)
    return f"{where}: expected {expected}, received {found[0]['input']!r}" if expected else ""


def _expected(mistake: dict[str, Any]) -> str:
    if mistake["type"] in EXPECTED:
        return EXPECTED[mistake["type"]]
    limits = mistake.get("ctx", {})
    told = [words.format(limits[name]) for name, words in LIMITS.items() if name in limits]
    return f"a number of {told[0]}" if told else ""
