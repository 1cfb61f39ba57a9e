"""What a user calls a run: a name, a note and tags, in the table [run] of its run.toml.

The identifier of a run, the name of its directory, never changes: a run that trains can be renamed
under its trainer's feet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnlib.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnlib.runs.layout import Run

LONGEST_NAME, LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 80, 2000, 40, 32


@dataclass(frozen=True)
class Labels:
    """The words of a user about a run.

    Args:
        name: how it is shown; "" for the name of its directory.
        note: a line or more.
        tags: single words, sorted, each once.
    """

    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Labels:
        """The labels in the tables of a run.toml; what is no such thing there is left out."""
        table = description.get("run")
        words = table if isinstance(table, dict) else {}
        tags = words.get("tags")
        return cls(
            name=_text(words.get("name")),
            note=_text(words.get("note")),
            tags=tuple(tag for tag in tags if isinstance(tag, str))
            if isinstance(tags, list)
            else (),
        )


def rename(run: Run, name: str) -> None:
    """Show the run under another name; its identifier stays.

    Raises:
        SpecificationError: the name is empty, too long, or cannot be printed on one line.
        RunError: run.toml is damaged or cannot be written.
    """
    _write(run, name=_checked("the name of a run", name.strip(), LONGEST_NAME))


def annotate(run: Run, note: str) -> None:
    """Set the note of the run; "" removes it.

    Raises:
        SpecificationError: the note is too long or holds control characters.
        RunError: run.toml is damaged or cannot be written.
    """
    note = note.strip()
    for line in note.splitlines():
        _checked("the note of a run", line or " ", LONGEST_NOTE)
    _write(run, note=note[:LONGEST_NOTE])


def tags_in(text: str) -> tuple[str, ...]:
    """The tags that somebody wrote: words between blanks or commas, with or without a #."""
    words = (word.lstrip("#") for word in text.replace(",", " ").split())
    return tuple(dict.fromkeys(word for word in words if word))


def tag(run: Run, add: Iterable[str] = (), remove: Iterable[str] = ()) -> tuple[str, ...]:
    """Add tags to the run and remove others; returns those it has then, sorted.

    Raises:
        SpecificationError: a tag is empty, too long or more than one word, or they are too many.
        RunError: run.toml is damaged or cannot be written.
    """
    new = {_checked("a tag", word, LONGEST_TAG) for word in add}
    for word in new:
        if len(word.split()) != 1:
            raise SpecificationError("a tag", expected="one word", received=repr(word))
    tags = sorted((set(Labels.of(run.description()).tags) | new) - set(remove))
    if len(tags) > MOST_TAGS:
        raise SpecificationError(
            "the tags of a run", expected=f"at most {MOST_TAGS}", received=str(len(tags))
        )
    _write(run, tags=tags)
    return tuple(tags)


def _write(run: Run, **words: Any) -> None:
    description = run.description()
    run.describe({**description, "run": {**description["run"], **words}})


def _checked(where: str, text: str, longest: int) -> str:
    if not text or len(text) > longest or not text.isprintable():
        raise SpecificationError(
            where,
            expected=f"1 to {longest} characters that can be printed",
            received=repr(text[: longest + 10]),
        )
    return text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
