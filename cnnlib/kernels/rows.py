"""Rows in parts that stay in the cache while several things are done to them."""

from __future__ import annotations

_PART = 1 << 16  # numbers of a part: 256 KiB


def parts(rows: int, numbers: int) -> list[slice]:
    """``rows`` of ``numbers`` each, in parts; the first is the longest.

    >>> parts(5, 30_000)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, min(rows, _PART // numbers))
    return [slice(first, min(first + step, rows)) for first in range(0, rows, step)]
