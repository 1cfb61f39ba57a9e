"""What leaves the house: a trained network with the words that a stranger needs to use it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cnnlib.arrays import Shape
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.layers import Layer
from cnnlib.layers.base import show
from cnnlib.layers.chain import names_of, shapes_of
from cnnlib.model import Sequential


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network, and what its numbers mean.

    Args:
        model: the network, with the weights to export.
        classes: the name of each output.
        run: the run that trained it, "" where there is none.
        data: the data set that it learned from, "" where nobody knows.

    Raises:
        ShapeError: the network does not end in one number a class.
    """

    model: Sequential
    classes: tuple[str, ...]
    run: str = ""
    data: str = ""

    def __post_init__(self) -> None:
        if self.model.output_shape != (len(self.classes),):
            raise ShapeError(
                "the export",
                expected=f"a network with an output for each of {len(self.classes)} classes",
                received=f"one whose output is {show(self.model.output_shape)}",
                advice="End the network with Flatten() and Dense(classes).",
            )

    @property
    def title(self) -> str:
        """One line that says what it is."""
        shape = show(self.model.input_shape)
        name = self.run or "a network"
        learned = f", trained on {self.data}" if self.data else ""
        return f"{name}: {len(self.classes)} classes of {shape} images (C×H×W){learned}"

    def words(self) -> dict[str, str]:
        """The same for a file format that stores texts by name; lists are JSON."""
        found = {
            "producer": "cnn-tui",
            "run": self.run,
            "data": self.data,
            "classes": json.dumps(self.classes, ensure_ascii=False),
            "input_shape": json.dumps(self.model.input_shape),
            "architecture": self.model.text(),
        }
        return {name: text for name, text in found.items() if text}


class Placed(NamedTuple):
    """A layer where it stands.

    Attributes:
        name: as in its parameters, such as "residual1.conv2".
        layer: its hyper-parameters.
        input_shape, output_shape: (C, H, W) or (D,).
    """

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape


def placed(layers: Sequence[Layer], input_shape: Shape, prefix: str = "") -> list[Placed]:
    """The layers with their names and shapes; those inside a Residual are not gone into."""
    shapes = shapes_of(layers, input_shape)
    return [
        Placed(prefix + name, layer, before, after)
        for name, layer, before, after in zip(
            names_of(layers), layers, shapes[:-1], shapes[1:], strict=True
        )
    ]


def no_counterpart(format: str, place: Placed) -> SpecificationError:
    """The error that says that a format has nothing like a layer."""
    return SpecificationError(
        f"{place.name} ({type(place.layer).__name__})",
        expected=f"a layer that {format} has a counterpart of",
        received=repr(place.layer),
        advice="Export another format: --to safetensors stores the weights of every layer.",
    )
