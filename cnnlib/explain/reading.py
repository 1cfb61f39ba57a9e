"""One number of a layer, with what the layer reads for it: input, parameters, buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array
from cnnlib.explain.parts import Numbers
from cnnlib.explain.places import Place, Region
from cnnlib.explain.trace import Station, Trace
from cnnlib.explain.windows import Unit, window


class Header(TypedDict):
    place: Place
    layer: str
    formula: str
    sources: tuple[Region, ...]


@dataclass(frozen=True)
class Reading:
    """A number of a station, and what stands around it."""

    trace: Trace
    station: Station
    place: Place
    top: int

    def region(self, source: int = 0) -> Region:
        """What the layer reads of the output of one of its sources."""
        station, (_, channel, row, column) = self.station, self.place
        read = window(station.layer, Unit(station.input_shape, channel, row, column))
        name = station.sources[source]
        _, height, width = self.trace.images(name).shape
        return Region(name, *read, (height, width))

    def patch(self, region: Region) -> tuple[Numbers, NDArray[np.bool_]]:
        """The numbers of a region with zeros beyond the edges, and where it lies inside."""
        x = self.trace.images(region.layer)
        rows, columns = (
            np.array([place for place in places if 0 <= place < side], np.int64)
            for places, side in zip((region.rows, region.columns), region.size, strict=True)
        )
        row_in = np.array([0 <= place < region.size[0] for place in region.rows])
        column_in = np.array([0 <= place < region.size[1] for place in region.columns])
        inside = np.logical_and.outer(row_in, column_in)
        patch = np.zeros((len(region.channels), *inside.shape))
        patch[:, inside] = x[np.ix_(np.array(region.channels), rows, columns)].reshape(
            len(patch), -1
        )
        return patch, inside

    def tensor(self, name: str) -> Array:
        """One of the layer's parameters or buffers."""
        model, key = self.trace.model, f"{self.station.name}.{name}"
        return model.parameters[key] if key in model.parameters else model.buffers[key]

    def number(self, name: str, *index: int) -> float:
        """One number of a parameter or buffer."""
        return float(self.tensor(name)[index])

    def header(self, formula: str, *sources: Region) -> Header:
        """What every answer begins with; without ``sources`` the one region that is read."""
        return Header(
            place=self.place,
            layer=repr(self.station.layer),
            formula=formula,
            sources=sources or (self.region(),),
        )

    def x(self) -> float:
        """The one number of the input that stands where this one does."""
        return float(self.patch(self.region())[0].item())
