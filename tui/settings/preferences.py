"""The user's own settings of the app: config.toml in the platform's place for configuration.

    [ui]
    theme = "light"            # dark, light, colour-blind, terminal
    glyphs = "ascii"           # auto, half, ascii
    refresh = 2                # looks at a run in a second, 1 to 10
    mouse = false              # leave the mouse to the terminal, which marks text with it

    [keys]
    "train.pause" = "p, F5"    # by the id of the command; what is not named keeps its keys

Without the file everything is as it is. A word in it that is not known is an error that names the
file and what is expected: it is never passed over.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from cnnlib.errors import SpecificationError
from tui.keys.commands import COMMANDS, DENIED, PLACES, Command
from tui.keys.labels import LABELS, key_label
from tui.settings.layering import read_toml

THEMES = ("dark", "light", "colour-blind", "terminal")
GLYPHS = ("auto", "half", "ascii")
REFRESH = (1.0, 10.0)
_MODIFIERS = ("ctrl", "shift", "alt")


@dataclass(frozen=True)
class Preferences:
    """What the user prefers; `commands` is the table with the user's keys."""

    theme: str = "dark"
    glyphs: str = "auto"
    refresh: float | None = None
    """Looks in a second; None: as the terminal allows."""
    mouse: bool = True
    """Whether the app takes the mouse."""
    commands: tuple[Command, ...] = COMMANDS


def config_path() -> Path:
    """Where the file is, whether or not it is there; CNN_TUI_CONFIG names another place."""
    named = os.environ.get("CNN_TUI_CONFIG")
    return Path(named).expanduser() if named else user_config_path("cnn-tui") / "config.toml"


def load(path: Path | None = None) -> Preferences:
    """The preferences in the file, or the usual ones where there is none.

    Raises:
        SpecificationError: the file cannot be read, or something in it is not known.
    """
    path = path or config_path()
    try:
        if not path.is_file():
            return Preferences()
    except OSError:
        return Preferences()
    tables = read_toml(path)
    _known(path, "the file", tables, ("ui", "keys"))
    ui, keys = (_table(path, tables, name) for name in ("ui", "keys"))
    _known(path, "[ui]", ui, ("theme", "glyphs", "refresh", "mouse"))
    refresh = ui.get("refresh")
    if refresh is not None and not (
        isinstance(refresh, int | float)
        and not isinstance(refresh, bool)
        and REFRESH[0] <= refresh <= REFRESH[1]
    ):
        raise _wrong(path, "[ui] refresh", "a number from 1 to 10, looks in a second", refresh)
    return Preferences(
        theme=_one_of(path, ui, "theme", THEMES),
        glyphs=_one_of(path, ui, "glyphs", GLYPHS),
        refresh=None if refresh is None else float(refresh),
        mouse=_switch(path, ui, "mouse"),
        commands=remapped(keys, path),
    )


def remapped(keys: Mapping[str, Any], path: Path) -> tuple[Command, ...]:
    """The table of commands with other keys.

    Raises:
        SpecificationError: an unknown command, a key that is none or gets lost on the way, or one
            that two commands of one place would share.
    """
    _known(path, "[keys]", keys, [entry.id for entry in COMMANDS])
    table = tuple(
        replace(entry, keys=_keys(path, entry.id, keys[entry.id])) if entry.id in keys else entry
        for entry in COMMANDS
    )
    for pane, _ in PLACES:
        taken: dict[str, str] = {}
        for entry in (each for each in table if each.pane in (None, pane)):
            for key in entry.keys:
                if key in taken:
                    where = entry.id if entry.id in keys else taken[key]
                    other = taken[key] if where == entry.id else entry.id
                    raise SpecificationError(
                        f"{path}: [keys] {where}",
                        expected="a key that no other command has there",
                        received=f"{key_label(key)!r}, which is {other}'s",
                        advice=f"Give {other} another key too, or choose another one here.",
                    )
                taken[key] = entry.id
    return table


def key_name(label: str) -> str | None:
    """The name by which Textual knows a key that is written as on the help page; None: no key."""
    names = {label.lower(): name for name, label in LABELS.items()}
    text = label.strip()
    if text.lower() in names:
        return names[text.lower()]
    *modifiers, base = text.split("+") if text not in ("", "+") else [text]
    if modifiers:
        inner = key_name(base) if len(base) != 1 else base.lower()
        if inner is None or "+" in inner:
            return None
        lower = [each.lower() for each in modifiers]
        return "+".join([*lower, inner]) if all(each in _MODIFIERS for each in lower) else None
    if len(text) == 1 and text.isascii() and text.isalnum():
        return text
    if text.lower() in LABELS:
        return text.lower()
    is_function = text[:1] in "fF" and text[1:].isdigit() and 1 <= int(text[1:]) <= 12
    return text.lower() if is_function else None


def _keys(path: Path, command_id: str, value: Any) -> tuple[str, ...]:
    where = f"[keys] {command_id}"
    if not isinstance(value, str) or not value.strip():
        raise _wrong(path, where, 'keys separated by commas, such as "p, F5"', value)
    labels = value.split(",") if value.strip() != "," else [value]
    found = []
    for label in labels:
        key = key_name(label)
        if key is None:
            raise _wrong(
                path, where, 'a key as the help page writes it, such as "p" or "F5"', label
            )
        if key in DENIED:
            expected = "a key that arrives: terminals and multiplexers keep this one or change it"
            raise _wrong(path, where, expected, label.strip())
        found.append(key)
    return tuple(dict.fromkeys(found))


def _table(path: Path, tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, Mapping):
        raise _wrong(path, name, f"a table [{name}]", table)
    return table


def _switch(path: Path, table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, True)
    if not isinstance(value, bool):
        raise _wrong(path, f"[ui] {name}", "true or false", value)
    return value


def _one_of(path: Path, table: Mapping[str, Any], name: str, known: Sequence[str]) -> str:
    value = table.get(name, known[0])
    if value not in known:
        raise _wrong(path, f"[ui] {name}", f"one of {', '.join(known)}", value)
    return str(value)


def _known(path: Path, where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    names = list(known)
    for name in table:
        if name not in names:
            near = difflib.get_close_matches(name, names, 3 if len(names) > 9 else 1, 0.5)
            expected = ", ".join(names) if len(names) <= 9 else "the id of a command"
            advice = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise SpecificationError(
                f"{path}: {where}",
                expected=f"one of {expected}" if len(names) <= 9 else expected,
                received=repr(name),
                advice=advice,
            )


def _wrong(path: Path, where: str, expected: str, value: Any) -> SpecificationError:
    return SpecificationError(f"{path}: {where}", expected=expected, received=repr(value))
