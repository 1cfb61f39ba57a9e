"""A walk through a network, one number at a time: from a map back to the pixels of the image.

Where a number was made of others, a cursor stands on one of them; `enter` goes to that one and
`back` returns. The numbers themselves come from `cnnlib.explain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cnnlib.explain import IMAGE, Place, Trace, explain_place, onward
from cnnlib.explain.parts import (
    Arithmetic,
    Largest,
    Mean,
    Pixel,
    Summed,
    WeightedSum,
    WeightedWindow,
)
from cnnlib.explain.places import as_images

TOP = 64
"""How many contributions of a dense layer can be walked to."""


class Spot(NamedTuple):
    """One of the numbers that another was made of: a channel, and a row and column of the window.

    Of the inputs of a dense layer ``row`` counts those that contribute most.
    """

    channel: int = 0
    row: int = 0
    column: int = 0


def extent(parts: Arithmetic) -> tuple[int, int, int]:
    """How many channels, rows and columns a cursor can walk over; all 0 where there is nothing."""
    match parts:
        case WeightedWindow():
            channels, rows, columns = parts.patch.shape
            return channels, rows, columns
        case Largest() | Mean():
            return 1, *_sides(parts)
        case WeightedSum():
            return 1, len(parts.units), 1
        case Summed():
            return 1, 2, 1
        case Pixel():
            return 0, 0, 0
    return 1, 1, 1


def _sides(parts: Largest | Mean) -> tuple[int, int]:
    rows, columns = parts.window.shape
    return rows, columns


def beginning(parts: Arithmetic) -> Spot:
    """Where the cursor stands first: the winner of a pool, the middle of the weightiest channel."""
    if isinstance(parts, Largest):
        return Spot(0, *parts.winner)
    if isinstance(parts, WeightedWindow):
        _, rows, columns = parts.patch.shape
        weightiest = int(np.abs(parts.channel_sums).argmax())
        return Spot(weightiest, rows // 2, columns // 2)
    return Spot()


def source(parts: Arithmetic, spot: Spot) -> Place | None:
    """Where the number under the cursor stands; None for a zero of the padding."""
    match parts:
        case Pixel():
            return None
        case WeightedSum():
            (region,) = parts.sources
            sides = (len(region.channels), len(region.rows), len(region.columns))
            found = np.unravel_index(int(parts.units[spot.row]), sides)
            return region.at(int(found[0]), int(found[1]), int(found[2]))
        case Summed():
            return parts.sources[spot.row].at(0, 0, 0)
    return parts.sources[0].at(*spot)


@dataclass
class _Stop:
    place: Place
    spot: Spot


class Walk:
    """A walk that begins at a place of a trace."""

    def __init__(self, trace: Trace, place: Place) -> None:
        self._trace = trace
        self._stops = [_Stop(place, beginning(explain_place(trace, place, top=TOP)))]
        self._look()

    def _look(self) -> None:
        self.parts = explain_place(self._trace, self.place, top=TOP)
        self.onward = onward(self._trace, self.place)
        self._stops[-1].spot = self._inside(self.spot)

    def retrace(self, trace: Trace) -> bool:
        """Look at the same places of another trace; False where it has no such places."""
        for place, _ in ((stop.place, stop.spot) for stop in self._stops):
            if place.layer not in trace.outputs:
                return False
            sides = as_images(trace.outputs[place.layer].shape)
            if any(at >= side for at, side in zip(place[1:], sides, strict=True)):
                return False
        self._trace = trace
        self._look()
        return True

    @property
    def trace(self) -> Trace:
        """What is walked through."""
        return self._trace

    @property
    def place(self) -> Place:
        """Which number is looked at."""
        return self._stops[-1].place

    @property
    def spot(self) -> Spot:
        """Where the cursor stands among the numbers that made it."""
        return self._stops[-1].spot

    @property
    def way(self) -> tuple[Place, ...]:
        """The places from the first one to this one."""
        return tuple(stop.place for stop in self._stops)

    @property
    def ahead(self) -> Place | None:
        """The place under the cursor."""
        return source(self.parts, self.spot)

    @property
    def at_image(self) -> bool:
        """Whether the walk has reached the image."""
        return self.place.layer == IMAGE

    def _inside(self, spot: Spot) -> Spot:
        limits = extent(self.parts)
        held = (max(0, min(at, limit - 1)) for at, limit in zip(spot, limits, strict=True))
        return Spot(*held)

    def move(self, right: int, down: int) -> None:
        """The cursor moves over the numbers of the window."""
        channel, row, column = self.spot
        self._stops[-1].spot = self._inside(Spot(channel, row + down, column + right))

    def channel(self, step: int) -> None:
        """The cursor moves to another channel, round the ends."""
        channel, row, column = self.spot
        channels = max(extent(self.parts)[0], 1)
        self._stops[-1].spot = Spot((channel + step) % channels, row, column)

    def enter(self) -> bool:
        """Go to the number under the cursor; False where there is none."""
        ahead = self.ahead
        if ahead is None:
            return False
        self._stops.append(_Stop(ahead, beginning(explain_place(self._trace, ahead, top=TOP))))
        self._look()
        return True

    def back(self) -> bool:
        """Return to where the last step came from; False at the beginning."""
        if len(self._stops) == 1:
            return False
        self._stops.pop()
        self._look()
        return True
