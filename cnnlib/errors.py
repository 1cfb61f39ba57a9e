"""What went wrong, so that the reader can mend it: where, what was expected, received, to do."""

from __future__ import annotations


class CnnError(Exception):
    """Base of every error that this library raises on purpose.

    Args:
        where: the place in the user's own words: a layer, a file, a line, an option.
        expected: what would have been right.
        received: what was found instead.
        advice: what the user can do about it.

    ``str(error)`` is one line.
    """

    def __init__(
        self, where: str, *, expected: str = "", received: str = "", advice: str = ""
    ) -> None:
        self.where = where
        self.expected = expected
        self.received = received
        self.advice = advice
        super().__init__(where, expected, received, advice)

    def __str__(self) -> str:
        parts = []
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.received:
            parts.append(f"received {self.received}")
        text = self.where + (": " + ", ".join(parts) if parts else "")
        if self.advice:
            text += f". {self.advice}"
        return " ".join(text.split())


class SpecificationError(CnnError):
    """The words or the configuration are wrong: nothing was started.

    Attributes:
        line: the line of the text that is wrong, counted from 1, where it is known.
    """

    def __init__(
        self,
        where: str,
        *,
        expected: str = "",
        received: str = "",
        advice: str = "",
        line: int | None = None,
    ) -> None:
        super().__init__(where, expected=expected, received=received, advice=advice)
        self.line = line


class ShapeError(SpecificationError):
    """An array or a layer does not fit the shape that it is given."""


class CheckpointError(CnnError):
    """A checkpoint is damaged, or does not fit the model that it is loaded into."""


class RunError(CnnError):
    """A run directory is absent, damaged, or owned by another trainer."""


class RankError(CnnError):
    """One of the processes that share a training has gone."""


class DivergedError(CnnError):
    """Training left the finite numbers."""
