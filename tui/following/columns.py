"""Columns of numbers that grow, with summaries: a million are drawn as fast as a thousand.

A chart has some hundred columns of cells. Whole blocks of 16, 256, 4096 ... values are summed up
once (lowest, highest, sum, count of the finite ones) when they are first looked at; drawing then
reads a few thousand blocks at the most, however long the training was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FAN = 16
"""Blocks of one level that make a block of the next."""


@dataclass(frozen=True)
class Pieces:
    """Consecutive stretches of a column; what is not finite is in none of the figures.

    Attributes:
        first: index of the first value of each stretch.
        low, high: the least and the greatest value, NaN where none is finite.
        total: sum of the finite values.
        count: how many there are.
    """

    first: NDArray[np.int64]
    low: Numbers
    high: Numbers
    total: Numbers
    count: Numbers


class _Level:
    """The summaries of the whole blocks of one size."""

    def __init__(self) -> None:
        self.table = np.empty((4, 64))  # low, high, total, count
        self.length = 0

    def extend(self, table: Numbers) -> None:
        needed = self.length + table.shape[1]
        if needed > self.table.shape[1]:
            grown = np.empty((4, max(needed, 2 * self.table.shape[1])))
            grown[:, : self.length] = self.table[:, : self.length]
            self.table = grown
        self.table[:, self.length : needed] = table
        self.length = needed


class Column:
    """Numbers that are only ever appended, in a buffer that doubles.

    One thread appends; one other may read. What was read stays valid.
    """

    def __init__(self, values: Numbers | None = None) -> None:
        self._length = 0 if values is None else int(values.size)
        self._buffer = np.empty(max(256, 2 * self._length))
        if values is not None:
            self._buffer[: self._length] = values
        self._levels: list[_Level] = []

    def append(self, value: float) -> None:
        """Add one number."""
        if self._length == self._buffer.size:
            self._buffer = np.concatenate([self._buffer, np.empty_like(self._buffer)])
        self._buffer[self._length] = value
        self._length += 1

    def kept(self, length: int) -> Column:
        """A column of its own with the first numbers alone."""
        return Column(self.values[:length])

    @property
    def values(self) -> Numbers:
        """The numbers so far, as a view."""
        length = self._length  # first: the buffer may be replaced by a longer one meanwhile
        return self._buffer[:length]

    def pieces(self, start: int, stop: int, least: int) -> Pieces:
        """The values from `start` to `stop` as at least `least` stretches where there are as many.

        There are at most `FAN` times as many, and one more. Where stretches are blocks they begin
        at multiples of their size, so the first may begin before `start`, and a new value moves
        none but the last.
        """
        values = self.values
        start, stop = max(0, start), min(stop, values.size)
        if stop <= start:
            nothing = np.empty(0)
            return Pieces(nothing.astype(np.int64), *(nothing,) * 4)
        level, size = 0, 1
        while (stop - start) >= least * size * FAN:
            level, size = level + 1, size * FAN
        begin, end = start // size, stop // size
        table = self._table(values, level)[:, begin:end] if level else _ones(values[start:stop])
        first = (begin + np.arange(table.shape[1])) * size if level else np.arange(start, stop)
        rest = values[end * size : stop]
        if level and rest.size:
            table = np.concatenate([table, _summed(_ones(rest), rest.size)], axis=1)
            first = np.append(first, end * size)
        return Pieces(first, *table)

    def _table(self, values: Numbers, level: int) -> Numbers:
        """The summaries of the whole blocks of a level, brought up to date."""
        while len(self._levels) < level:
            self._levels.append(_Level())
        for number, each in enumerate(self._levels[:level], start=1):
            ready = values.size // FAN**number
            if ready > each.length:
                part = slice(each.length * FAN, ready * FAN)
                below = (
                    _ones(values[part]) if number == 1 else self._levels[number - 2].table[:, part]
                )
                each.extend(_summed(below, FAN))
        found = self._levels[level - 1]
        return found.table[:, : found.length]


def _ones(values: Numbers) -> Numbers:
    """Every value as a block of its own."""
    is_finite = np.isfinite(values)
    shown = np.where(is_finite, values, np.nan)
    return np.stack([shown, shown, np.where(is_finite, values, 0.0), is_finite.astype(float)])


def _summed(table: Numbers, size: int) -> Numbers:
    """Each `size` neighbouring blocks as one."""
    low, high, total, count = table.reshape(4, -1, size)
    return np.stack(
        [
            np.fmin.reduce(low, axis=1),
            np.fmax.reduce(high, axis=1),
            total.sum(axis=1),
            count.sum(axis=1),
        ]
    )
