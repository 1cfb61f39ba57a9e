"""Axes of charts: limits that move in steps, ticks at round numbers, points thinned to the screen.

Limits change rarely (to the next round number, by doubling), so a new point redraws a few cells of
a chart and not all of them. Everything here is arithmetic on plain arrays.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Limits = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what is written there."""

    value: float
    label: str


def finite(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """The points whose coordinates are both finite."""
    keep = np.isfinite(x) & np.isfinite(y)
    return x[keep], y[keep]


def thin(x: Numbers, y: Numbers, limits: Limits, columns: int) -> tuple[Numbers, Numbers]:
    """At most two points a column, the lowest and the highest, in their order: peaks survive.

    x must not decrease. The columns part the limits, so a new point moves none of the old ones.
    Fewer points than two a column are returned as they are.
    """
    if columns < 1 or x.size <= 2 * columns:
        return x, y
    keep: list[int] = []
    edges = _column_edges(x, limits, columns)
    for start, stop in itertools.pairwise(edges):
        low = start + int(np.argmin(y[start:stop]))
        high = start + int(np.argmax(y[start:stop]))
        keep += [low] if low == high else sorted((low, high))
    return x[keep], y[keep]


def average(x: Numbers, y: Numbers, limits: Limits, columns: int) -> tuple[Numbers, Numbers]:
    """The mean point of every column that has any: what is left when the noise is taken out."""
    if columns < 1 or x.size <= columns:
        return x, y
    edges = _column_edges(x, limits, columns)
    counts = np.diff(edges)
    starts = edges[:-1]
    return np.add.reduceat(x, starts) / counts, np.add.reduceat(y, starts) / counts


def _column_edges(x: Numbers, limits: Limits, columns: int) -> list[int]:
    """Indices at which a new column begins, and the end; what lies outside joins the edges."""
    low, high = limits
    column = np.clip(((x - low) * (columns / (high - low))).astype(np.int64), 0, columns - 1)
    return [0, *(np.flatnonzero(np.diff(column)) + 1).tolist(), int(x.size)]


def round_step(rough: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `rough` (> 0)."""
    power = float(10.0 ** math.floor(math.log10(rough)))
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0):
        if factor * power >= rough * (1 - 1e-9):
            return float(factor * power)
    return float(10.0 * power)


def round_limits(lowest: float, highest: float, parts: int = 4) -> Limits:
    """Round limits around the values. Where zero is near it is the lower limit."""
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        return 0.0, 1.0
    if highest <= lowest:
        margin = abs(lowest) * 0.1 or 1.0
        lowest, highest = lowest - margin, highest + margin
    if 0 < lowest < 0.4 * highest:
        lowest = 0.0
    step = round_step((highest - lowest) / parts)
    low, high = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
    return low * step, max(high, low + 1) * step


def share_limits(lowest: float) -> Limits:
    """For accuracies: up to 1, from the next lower of a few steps."""
    if not math.isfinite(lowest):
        return 0.0, 1.0
    steps = (0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0.0)
    return next((step for step in steps if lowest >= step), 0.0), 1.0


def decade_limits(lowest: float, highest: float) -> Limits:
    """For a logarithmic axis: limits at 1, 2 or 5 times a power of ten. Both arguments > 0."""

    def steps(exponent: int) -> list[float]:
        return [factor * 10.0**exponent for factor in (1, 2, 5)]

    below = steps(math.floor(math.log10(lowest)))
    above = [*steps(math.floor(math.log10(highest))), 10.0 ** (math.floor(math.log10(highest)) + 1)]
    low = max(value for value in below if value <= lowest * (1 + 1e-9))
    high = min(value for value in above if value >= highest * (1 - 1e-9))
    return (low, high) if high > low else (low / 2, high * 2)


def growing_limit(now: float, end: float) -> float:
    """The first of end/16, end/8, ..., end that is not below `now`: at most four jumps in a run."""
    for halvings in range(4, 0, -1):
        if now <= end / (1 << halvings):
            return end / (1 << halvings)
    return max(now, end)


def ticks(limits: Limits, most: int) -> list[Tick]:
    """Round numbers between the limits, at most `most` of them but two at the least."""
    low, high = limits
    step = round_step((high - low) / max(1, most - 1))
    while True:
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last > first:
            break
        step = round_step(step / 2.5)
    values = [index * step for index in range(first, last + 1)]
    return [Tick(value, text) for value, text in zip(values, labels(values, step), strict=True)]


def decade_ticks(limits: Limits, most: int) -> list[Tick]:
    """Ticks of a logarithmic axis, at 1, 2 and 5 times powers of ten."""
    low, high = limits
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 5), (1,)):
        values = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        inside = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) <= most:
            break
    if len(inside) < 2:
        inside = [low, high]
    return [Tick(value, f"{value:.6g}") for value in inside]


def labels(values: Sequence[float], step: float) -> list[str]:
    """Labels with just enough decimals for the step; large and tiny ones with an exponent."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest >= 1e6 or (largest > 0 and step < 1e-5):
        return [f"{value:.3g}" for value in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step * 10**decimals) != round(step * 10**decimals, 6):  # steps of 2.5
        decimals += 1
    return [f"{value:.{decimals}f}" for value in values]
