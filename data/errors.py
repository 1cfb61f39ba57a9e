"""What is wrong with data, said so that the reader can mend it: where, expected, received, advice.

Every error of this package is a `DataError`, and ``str(error)`` is always a single printable line,
whatever a damaged file has in it.
"""

from __future__ import annotations

from typing import ClassVar


class DataError(Exception):
    """Base of every error that this package raises on purpose.

    Args:
        where: the place in the user's own words: a file, a file and a line, a data set's name.
        expected: what would have been right.
        received: what was found instead.
        advice: what the user can do about it; what helps most often, where nothing is said.

    Attributes:
        exit_code: what a command line should exit with: 1 for "it failed", 2 for "the words or
            the configuration are wrong".
    """

    exit_code: ClassVar[int] = 1
    usual_advice: ClassVar[str] = ""

    def __init__(
        self, where: str, expected: str = "", received: str = "", advice: str = ""
    ) -> None:
        self.where = where
        self.expected = expected
        self.received = received
        self.advice = advice or self.usual_advice
        super().__init__(where, expected, received, self.advice)

    def __str__(self) -> str:
        wanted = f"expected {self.expected}" if self.expected else ""
        found = f"received {self.received}" if self.received else ""
        reason = ", ".join(part for part in (wanted, found) if part)
        text = f"{self.where}: {reason}" if reason else self.where
        if self.advice:
            text = f"{text.rstrip('.')}. {self.advice}"
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class UnknownDataset(DataError):
    """The name is in no catalogue and there is no such file or directory."""

    exit_code = 2
    usual_advice = "`cnn-tui data list` shows the names; a path may be a file or a folder."


class BadRequest(DataError):
    """An argument is out of its range: a share of a split, a seed, a size."""

    exit_code = 2


class DamagedFile(DataError):
    """A file is truncated, lies about its size, or holds what its format does not allow."""

    usual_advice = "Get the file again, mend it there, or choose another one."


class NotAvailable(DataError):
    """The data are not here and cannot be had now: no network, no file, no permission."""

    usual_advice = "Correct the path, or make the file readable."


def shorten(text: object, limit: int = 40) -> str:
    """A piece of a file as it can stand in a message: quoted, and cut to ``limit`` characters."""
    shown = repr(text)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
