"""The filter line of a list of mistakes: ``t=2 p=7 conf>0.9`` as a test.

The words are ``t`` (true class), ``p`` (predicted class), ``conf`` (confidence) and ``loss``. A
class is written by its name or its number.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnnlib.errors import SpecificationError
from cnnlib.report import Mistake

EXAMPLE = "t=2 p=7 conf>0.9 loss<3"
_TERM = re.compile(r"(?<!\S)(t|p|conf|loss)\s*(=|<|>)\s*", re.IGNORECASE)
_TESTS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Term:
    """One condition."""

    word: str
    sign: str
    value: float

    def holds(self, mistake: Mistake) -> bool:
        """Whether the mistake is wanted."""
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
        terms.append(Term(word, sign, _value(word, sign, value, classes)))
    return tuple(terms)


def _value(word: str, sign: str, value: str, classes: Sequence[str]) -> float:
    if word in ("t", "p"):
        names = [name.lower() for name in classes]
        if value.lower() in names and sign == "=":
            return float(names.index(value.lower()))
        if value.isdecimal() and int(value) < len(classes) and sign == "=":
            return float(value)
        expected = f"{word}= and one of {', '.join(classes)}"
        raise SpecificationError("filter", expected=expected, received=f"{word}{sign}{value}")
    try:
        return float(value)
    except ValueError:
        raise SpecificationError(
            "filter", expected=f"a number after {word}{sign}", received=value or "nothing"
        ) from None
