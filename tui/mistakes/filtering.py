"""The filter line of a list of mistakes: ``t=2 p=7 conf>0.9 tag=ink`` as a test.

The words are ``t`` (true class), ``p`` (predicted class), ``conf`` (confidence), ``loss``, ``tag``
(a #word of the note) and ``is`` (``marked``, ``noted``, or ``error``: its label is known to be
wrong). A class is written by its name or its number. All conditions must hold.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnnlib.errors import SpecificationError
from cnnlib.report import Mistake
from tui.mistakes.notes import NOTHING, Note

EXAMPLE = "t=2 p=7 conf>0.9 loss<3 tag=ink is=marked"
_ODD = re.compile(r"\s(\w+\s*[=<>].*)", re.DOTALL)
_TERM = re.compile(r"(?<!\S)(t|p|conf|loss|tag|is)\s*(=|<|>)\s*", re.IGNORECASE)
_TESTS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_STATES = ("marked", "noted", "error")


@dataclass(frozen=True)
class Term:
    """One condition: on a number, or for ``tag`` and ``is`` on a word."""

    word: str
    sign: str
    value: float | str

    def holds(self, mistake: Mistake, note: Note = NOTHING, *, wrong_label: bool = False) -> bool:
        """Whether the mistake is wanted, with what is noted and known about its image."""
        if isinstance(self.value, str):
            if self.word == "tag":
                return self.value in (tag.lower() for tag in note.tags)
            return {"marked": note.marked, "noted": bool(note.text), "error": wrong_label}[
                self.value
            ]
        found = {
            "t": mistake.label,
            "p": mistake.predicted,
            "conf": mistake.confidence,
            "loss": mistake.loss,
        }[self.word]
        return _TESTS[self.sign](float(found), self.value)


def parse_filter(text: str, classes: Sequence[str]) -> tuple[Term, ...]:
    """The conditions of a filter line; all must hold. An empty line has none.

    Raises:
        SpecificationError: a word, a class or a number is not understood.
    """
    text = text.strip()
    if not text:
        return ()
    found = list(_TERM.finditer(text))
    if not found or found[0].start() > 0:
        raise SpecificationError("filter", expected=f"terms such as {EXAMPLE}", received=text)
    ends = [match.start() for match in found[1:]] + [len(text)]
    terms = []
    for match, end in zip(found, ends, strict=True):
        word, sign, value = match[1].lower(), match[2], text[match.end() : end].strip()
        odd = _ODD.search(value)
        if odd is not None and value.lower() not in map(str.lower, classes):
            raise SpecificationError("filter", expected=f"terms such as {EXAMPLE}", received=odd[1])
        terms.append(Term(word, sign, _value(word, sign, value, classes)))
    return tuple(terms)


def _value(word: str, sign: str, value: str, classes: Sequence[str]) -> float | str:
    received = f"{word}{sign}{value}"
    if word == "tag":
        tag = value.removeprefix("#").lower()
        if sign == "=" and tag and not re.search(r"\s", tag):
            return tag
        raise SpecificationError("filter", expected="tag= and one word", received=received)
    if word == "is":
        if sign == "=" and value.lower() in _STATES:
            return value.lower()
        expected = f"is= and one of {', '.join(_STATES)}"
        raise SpecificationError("filter", expected=expected, received=received)
    if word in ("t", "p"):
        names = [name.lower() for name in classes]
        if value.lower() in names and sign == "=":
            return float(names.index(value.lower()))
        if value.isdecimal() and int(value) < len(classes) and sign == "=":
            return float(value)
        expected = f"{word}= and one of {', '.join(classes)}"
        raise SpecificationError("filter", expected=expected, received=received)
    try:
        return float(value)
    except ValueError:
        raise SpecificationError(
            "filter", expected=f"a number after {word}{sign}", received=value or "nothing"
        ) from None
