"""Reading a dictionary that came from a file: each part is of its kind, or an error says which."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from cnnlib.errors import RunError
from cnnlib.metrics.counts import Counts

_KINDS = {dict: "an object", list: "a list", int: "an integer", float: "a number"}


class Fields:
    """Takes typed parts out of the dictionary; each method raises a RunError that names the key.

    Args:
        where: what errors call the source, such as the path of a file.
        advice: what errors say to do.
    """

    def __init__(self, where: str, advice: str = "") -> None:
        self.where = where
        self.advice = advice

    def error(self, key: str, expected: str, received: str) -> RunError:
        """The error that this part deserves."""
        return RunError(
            f"{self.where}, {key}", expected=expected, received=received, advice=self.advice
        )

    def get(self, content: Any, key: str, kind: type | tuple[type, ...]) -> Any:
        """The value of the key, of that kind."""
        if not isinstance(content, Mapping):
            raise self.error(key, "an object that holds it", f"{type(content).__name__}")
        if key not in content:
            raise self.error(key, "a value", "nothing")
        value = content[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            words = " or ".join(_KINDS.get(k, k.__name__) for k in kinds)
            raise self.error(key, words, f"{value!r:.40}")
        return value

    def number(self, content: Any, key: str) -> float:
        """A finite number of at least 0."""
        value = float(self.get(content, key, (int, float)))
        if not isfinite(value) or value < 0:
            raise self.error(key, "a finite number of at least 0", f"{value}")
        return value

    def integer(self, content: Any, key: str, below: int | None = None) -> int:
        """An integer of at least 0, and below a bound where there is one."""
        value = int(self.get(content, key, int))
        if value < 0 or (below is not None and value >= below):
            bound = "at least 0" if below is None else f"0 to {below - 1}"
            raise self.error(key, f"an integer, {bound}", f"{value}")
        return value

    def numbers(self, content: Any, key: str, count: int) -> list[float]:
        """A list of so many numbers."""
        values = self.get(content, key, list)
        if len(values) != count:
            raise self.error(key, f"{count} numbers", f"{len(values)}")
        return [self.number({key: value}, key) for value in values]

    def shares(self, content: Any, key: str) -> dict[int, float]:
        """A number for each of some integers, which JSON writes as text."""
        values = self.get(content, key, dict)
        if not all(k.isdecimal() and isinstance(v, float) for k, v in values.items()):
            raise self.error(key, "k and the accuracy among the k likeliest", f"{values!r:.40}")
        return {int(k): v for k, v in values.items()}

    def strings(self, content: Any, key: str) -> list[str]:
        """A list of different names, at least one."""
        values = self.get(content, key, list)
        if not values or not all(isinstance(v, str) for v in values):
            raise self.error(key, "a list of names", f"{values!r:.40}")
        if len(set(values)) != len(values):
            raise self.error(key, "different names", f"{values!r:.40}")
        return list(values)

    def matrix(self, content: Any, key: str, side: int) -> Counts:
        """A square matrix of counts, int64."""
        rows = self.get(content, key, list)
        if len(rows) != side or any(not isinstance(r, list) or len(r) != side for r in rows):
            raise self.error(key, f"{side} rows of {side} counts", "another shape")
        return np.array(
            [[self.integer({key: count}, key) for count in row] for row in rows], dtype=np.int64
        )
