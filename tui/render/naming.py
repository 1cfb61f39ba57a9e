"""Names that are longer than their place, cut so that they still tell things apart.

A run is told by its time and its name, a path by its last part, a class by where its name differs
from those of the other classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tui.render.cells import char_width, text_width
from tui.render.format import cut

_RUN = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}-\d{2}-\d{2})-(.+)", re.DOTALL)
LONGEST_DATA = 14
"""Cells that the name of a data set may take in a list of runs."""


def run_names(run_id: str, name: str = "") -> tuple[str, str, str]:
    """A run as it is shown: whole, without the day of its start, and without its time either.

    A ``name`` that the user gave it since stands where its directory has the first one.
    """
    found = _RUN.fullmatch(run_id)
    if found is None:
        other = name if name and name != run_id else run_id
        return (run_id if other == run_id else f"{run_id} {other}"), other, other
    day, time, first = found.groups()
    if not name or re.fullmatch(re.escape(_in_a_path(name)) + r"(-\d{1,3})?", first):
        return run_id, f"{time}-{first}", first
    return f"{day}T{time} {name}", f"{time} {name}", name


def is_renamed(run_id: str, name: str) -> bool:
    """Whether its directory is called otherwise."""
    return run_names(run_id, name)[0] != run_id


def data_name(text: str, width: int = LONGEST_DATA, *, ellipsis: str) -> str:
    """The name of a data set in at most ``width`` cells: of a path the last part."""
    if text_width(text) <= width:
        return text
    last = re.split(r"[/\\]", text.rstrip("/\\"))[-1]
    if last != text and text_width(f"{ellipsis}/{last}") <= width:
        return f"{ellipsis}/{last}"
    return ellipsis + end_of(last, width - text_width(ellipsis))


def end_of(text: str, width: int) -> str:
    """As many whole characters from the end as fit into ``width`` cells."""
    used = 0
    for i in range(len(text) - 1, -1, -1):
        used += char_width(text[i])
        if used > width:
            return text[i + 1 :]
    return text


def middle_cut(text: str, width: int, *, ellipsis: str) -> str:
    """Beginning and end of a text in at most ``width`` cells, an ellipsis between them."""
    if text_width(text) <= width:
        return text
    room = width - text_width(ellipsis)
    if room < 2:
        return cut(text, width)
    return cut(text, (room + 1) // 2) + ellipsis + end_of(text, room // 2)


def distinct(names: Sequence[str], width: int, *, ellipsis: str = "") -> list[str]:
    """The names in at most ``width`` cells each, so that no two of them read the same.

    Where they do not fit, the words that all of them begin with go first, then those that all of
    them end with; then each is cut in its middle, or at its end where it is very narrow. Where
    even that makes two alike, the names are the numbers of the classes.
    """
    names = [" ".join(name.split()) for name in names]
    begun = short_names(names)
    bare = [_turned(name) for name in short_names([_turned(name) for name in begun])]
    cuts: list[Callable[[str], str]] = [lambda name: cut(name, width)]
    if width >= 6:
        cuts.insert(0, lambda name: middle_cut(name, width, ellipsis=ellipsis))
    tries = [names, begun, bare, *([each(name) for name in begun] for each in cuts)]
    for found in tries:
        fits = max(map(text_width, found), default=0) <= width
        if fits and len(set(found)) == len(set(names)) and "" not in found:
            return found
    return [str(i) for i in range(len(names))]


def numbered(names: Sequence[str]) -> list[str]:
    """Each name after its number, for a place in which another one tells the numbers alone."""
    digits = len(str(max(len(names) - 1, 0)))
    return [f"{i:>{digits}} {name}" for i, name in enumerate(names)]


def short_names(names: Sequence[str]) -> list[str]:
    """The names without the words that all of them begin with: ``class 7`` -> ``7``."""
    words = [name.split(" ") for name in names]
    while len(words) > 1 and all(len(each) > 1 for each in words):
        if len({each[0] for each in words}) > 1:
            break
        words = [each[1:] for each in words]
    return [" ".join(each) for each in words]


def _turned(name: str) -> str:
    return " ".join(reversed(name.split(" ")))


def _in_a_path(name: str) -> str:
    from cnnlib.runs.directory import slug

    return slug(name)
