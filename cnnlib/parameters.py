"""All that a model learns, on one flat buffer, with a named view for each array.

The optimizer, the sum over processes and the checkpoint see one vector; kernels see their arrays in
the order in which they read them; users see them as PyTorch shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from cnnlib import initializers
from cnnlib.arrays import Array, Shape, stream
from cnnlib.errors import CheckpointError
from cnnlib.layers import Layer
from cnnlib.layers.base import Parameter
from cnnlib.layers.chain import names_of, shapes_of


class _Views(NamedTuple):
    stored: dict[str, Array]
    public: dict[str, Array]


class ParameterStore:
    """Parameters, their gradients, and the buffers that training updates without a gradient.

    Args:
        layers: the layers of a model.
        input_shape: (C, H, W).
        seed: of the first values; parameter number i is drawn at the address (seed, "init", i).
        dtype: of all numbers.

    Attributes:
        flat, flat_gradients: 1-D buffers that hold everything.
        stored, stored_gradients: views in the order of the kernels, by name ("conv1.weight").
        public, public_gradients: the same memory in the order of PyTorch.
        buffers: running statistics, by name.
    """

    def __init__(
        self, layers: Iterable[Layer], input_shape: Shape, seed: int, dtype: np.dtype
    ) -> None:
        layers = tuple(layers)
        shapes = shapes_of(layers, input_shape)
        self._specifications: dict[str, Parameter] = {}
        self.buffers: dict[str, Array] = {}
        for name, layer, shape in zip(names_of(layers), layers, shapes, strict=False):
            for key, parameter in layer.parameters(shape).items():
                self._specifications[f"{name}.{key}"] = parameter
            for key, value in layer.buffers(shape).items():
                self.buffers[f"{name}.{key}"] = value.astype(dtype)
        size = sum(parameter.size for parameter in self._specifications.values())
        self.flat = np.zeros(size, dtype)
        self.flat_gradients = np.zeros(size, dtype)
        self.stored, self.public = self._views(self.flat)
        self.stored_gradients, self.public_gradients = self._views(self.flat_gradients)
        for number, (name, parameter) in enumerate(self._specifications.items()):
            initialise = getattr(initializers, parameter.initial)
            values = initialise(
                parameter.stored,
                parameter.fan_in,
                parameter.fan_out,
                stream(seed, "init", number),
                dtype,
            )
            self.stored[name][...] = values

    def _views(self, flat: Array) -> _Views:
        views = _Views({}, {})
        start = 0
        for name, parameter in self._specifications.items():
            stored = flat[start : start + parameter.size].reshape(parameter.stored)
            views.stored[name] = stored
            views.public[name] = stored.transpose(parameter.public)
            start += parameter.size
        return views

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Copy public parameters and buffers from ``arrays``.

        Raises:
            CheckpointError: names are missing or too many, or shapes differ; nothing is changed.
        """
        own = {**self.public, **self.buffers}
        missing = [name for name in own if name not in arrays]
        extra = [name for name in arrays if name not in own]
        wrong = [
            f"{name} is {arrays[name].shape}, not {own[name].shape}"
            for name in own
            if name in arrays and arrays[name].shape != own[name].shape
        ]
        if missing or extra or wrong:
            problems = []
            if missing:
                problems.append("without " + ", ".join(missing))
            if extra:
                problems.append("with " + ", ".join(extra))
            raise CheckpointError(
                "the weights",
                expected="those of this architecture",
                received="; ".join(problems + wrong),
                advice="Load them into the architecture that they were trained with.",
            )
        for name, array in own.items():
            array[...] = arrays[name]
