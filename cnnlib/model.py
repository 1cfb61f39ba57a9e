"""Sequential: layers one after another, with their parameters."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cnnlib import text as described
from cnnlib.arrays import Array, Draw, Shape
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.html import table
from cnnlib.layers import Layer
from cnnlib.layers.base import show
from cnnlib.layers.chain import names_of, shapes_of
from cnnlib.layers.residual import strictest
from cnnlib.parameters import ParameterStore
from cnnlib.plan import Plan, examples_first, micro_batch_in_cache

_PLANS_KEPT = 4
MAX_PARAMETERS = 1 << 27  # of one layer: half a gigabyte of float32
MAX_OUTPUTS = 1 << 25  # numbers of one layer's output for one image
NO_DRAW = Draw(seed=0, purpose="forward")


class LayerRow(NamedTuple):
    """One line of a model's summary."""

    line: int
    name: str
    text: str
    output_shape: Shape
    parameters: int
    multiply_adds: int


class Sequential:
    """Layers one after another.

    Args:
        layers: the layers.
        input_shape: (C, H, W) of one image.
        seed: of the first weights.
        dtype: float32, or float64 to check gradients.

    Raises:
        ShapeError: a layer does not fit the output of the one before.

    >>> from cnnlib.layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU
    >>> model = Sequential([Conv2d(8), ReLU(), MaxPool2d(2), Flatten(), Dense(10)], (1, 28, 28))
    >>> model.names
    ('conv1', 'relu1', 'pool1', 'flatten1', 'dense1')
    >>> model.parameters["conv1.weight"].shape
    (8, 1, 3, 3)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape,
        *,
        seed: int = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.layers = tuple(layers)
        self.input_shape = tuple(input_shape)
        if not self.layers:
            raise SpecificationError(
                "the network",
                expected="at least one layer",
                received="none",
                advice="Begin with Flatten() and Dense(10).",
            )
        if len(self.input_shape) != 3:
            raise ShapeError(
                "the network",
                expected="an input of (channels, height, width)",
                received=f"{self.input_shape}",
                advice="Gray images have one channel: (1, height, width).",
            )
        self.names = names_of(self.layers)
        self.output_shape = self.summary()[-1].output_shape  # and so every layer is looked at
        self.store = ParameterStore(self.layers, self.input_shape, seed, np.dtype(dtype))
        self._plans: OrderedDict[tuple[int, bool], Plan] = OrderedDict()
        self._pending: Plan | None = None

    @classmethod
    def parse(
        cls, text: str, input_shape: Shape, *, seed: int = 0, dtype: DTypeLike = np.float32
    ) -> Sequential:
        """The model that an architecture text describes, one layer a line.

        Raises:
            SpecificationError: the text is wrong; it names the line.
        """
        layers = [layer for _, layer in described.parse_lines(text, Layer)]
        return cls(layers, input_shape, seed=seed, dtype=dtype)

    def text(self) -> str:
        """The architecture, one layer a line, as ``parse`` reads it."""
        return "".join(f"{layer!r}\n" for layer in self.layers)

    @property
    def classes(self) -> int:
        """Number K of outputs."""
        return self.output_shape[0]

    @property
    def parameters(self) -> dict[str, Array]:
        """Everything that is learned, by name, shaped as in PyTorch; views of one buffer."""
        return self.store.public

    @property
    def gradients(self) -> dict[str, Array]:
        """The gradients that ``backward`` left, named and shaped as the parameters."""
        return self.store.public_gradients

    @property
    def buffers(self) -> dict[str, Array]:
        """Running statistics, by name."""
        return self.store.buffers

    @property
    def flat_parameters(self) -> Array:
        """All parameters as one vector, for an optimizer."""
        return self.store.flat

    @property
    def flat_gradients(self) -> Array:
        """All gradients as one vector."""
        return self.store.flat_gradients

    @property
    def micro_batch(self) -> int | None:
        """Examples that must pass together: None any number, 0 the whole batch (batch norm)."""
        return strictest(layer.micro_batch for layer in self.layers)

    def tensors(self) -> dict[str, Array]:
        """Parameters and buffers by name: what a checkpoint stores."""
        return {**self.parameters, **self.buffers}

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Take parameters and buffers from ``tensors``.

        Raises:
            CheckpointError: they are not those of this architecture; nothing is changed.
        """
        self.store.load(tensors)

    def forward(self, x: Array, *, train: bool = False, draw: Draw = NO_DRAW) -> Array:
        """Logits (N, K) for images x (N, C, H, W).

        With ``train`` noise is applied, running statistics move, and ``backward`` may follow.
        """
        self._require_images(x)
        plan = self.plan(len(x), train=train)
        logits = plan.forward(x, Draw(draw.seed, draw.purpose, draw.index, draw.first, len(x)))
        self._pending = plan if train else self._pending
        return examples_first(logits)

    def backward(self, d_logits: Array) -> None:
        """Set the gradients, given that of the loss by the logits (N, K).

        Raises:
            ShapeError: no ``forward(x, train=True)`` came before, or of another size.
        """
        if self._pending is None or self._pending.n != len(d_logits):
            raise ShapeError(
                "backward",
                expected="forward(x, train=True) on as many examples before it",
                received="none" if self._pending is None else f"{self._pending.n} examples",
                advice="Call forward and backward in turn, on the same examples.",
            )
        plan, self._pending = self._pending, None
        self.flat_gradients.fill(0)
        plan.backward(np.ascontiguousarray(d_logits.T, dtype=self.flat_gradients.dtype))

    def predict(
        self, images: NDArray[np.uint8] | Array, *, micro_batch: int | None = None
    ) -> Array:
        """Probabilities (N, K) of the classes for images (N, C, H, W), bytes or in [0, 1].

        ``micro_batch`` images pass at once; None: what fits the cache.
        """
        self._require_images(images)
        micro_batch = micro_batch or micro_batch_in_cache(self.layers, self.input_shape)
        probabilities = np.empty((len(images), *self.output_shape), self.flat_parameters.dtype)
        for start in range(0, len(images), micro_batch):
            part = images[start : start + micro_batch]
            logits = self.plan(len(part), train=False).forward(part, NO_DRAW)
            probabilities[start : start + len(part)] = softmax(logits, axis=0).T
        return probabilities

    def activations(self, image: NDArray[np.uint8] | Array) -> list[tuple[str, Array]]:
        """Every layer's output for one image (C, H, W): (C, H, W) or (D,), by the layer's name."""
        self._require_images(image[None])
        plan = Plan(self.layers, self.input_shape, 1, self.store, train=False, fuse=False)
        outputs = plan.outputs(image[None], NO_DRAW.part(0, 1))
        return [(name, examples_first(y)[0]) for name, y in outputs]

    def summary(self) -> tuple[LayerRow, ...]:
        """Shape, parameters and multiply-adds of every layer."""
        shapes = shapes_of(self.layers, self.input_shape)
        return tuple(
            layer_row(line, name, layer, shape)
            for line, (name, layer, shape) in enumerate(
                zip(self.names, self.layers, shapes, strict=False), 1
            )
        )

    def __repr__(self) -> str:
        return f"Sequential([{', '.join(map(repr, self.layers))}], {self.input_shape})"

    def _repr_html_(self) -> str:
        rows = self.summary()
        cells: list[tuple[str, ...]] = [
            (row.name, row.text, show(row.output_shape), f"{row.parameters:,}",
             f"{row.multiply_adds:,}")
            for row in rows
        ]  # fmt: skip
        sums = (sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows))
        cells.append(("", "all layers", show(self.output_shape), *(f"{n:,}" for n in sums)))
        header = ("name", f"layer, on {show(self.input_shape)}", "output", "parameters", "MACs")
        return table(header, cells, left=3)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.layers, self.input_shape, self.flat_parameters.dtype, self.tensors())

    def plan(self, n: int, *, train: bool) -> Plan:
        """The plan for micro-batches of n examples; the latest few are kept."""
        key = (n, train)
        if key not in self._plans:
            self._plans[key] = Plan(self.layers, self.input_shape, n, self.store, train=train)
            if len(self._plans) > _PLANS_KEPT:
                self._plans.popitem(last=False)
        self._plans.move_to_end(key)
        return self._plans[key]

    def _require_images(self, x: NDArray[np.uint8] | Array) -> None:
        if x.ndim != 4 or tuple(x.shape[1:]) != self.input_shape:
            raise ShapeError(
                "the network",
                expected=f"images of shape (N, {', '.join(map(str, self.input_shape))})",
                received=f"{x.shape}",
                advice="The axes are examples, channels, rows, columns.",
            )


def _rebuilt(
    layers: tuple[Layer, ...], input_shape: Shape, dtype: DTypeLike, tensors: Mapping[str, Array]
) -> Sequential:
    """A model from its pickle or copy, with parameters of its own."""
    model = Sequential(layers, input_shape, dtype=dtype)
    model.load(tensors)
    return model


def layer_row(line: int, name: str, layer: Layer, input_shape: Shape) -> LayerRow:
    """The summary of one layer on an input shape.

    Raises:
        ShapeError: the layer does not fit, or is larger than any machine should be asked for.
    """
    output_shape = layer.output_shape(input_shape)
    parameters = sum(parameter.size for parameter in layer.parameters(input_shape).values())
    numbers = math.prod(output_shape)
    for what, count, most in (
        ("parameters", parameters, MAX_PARAMETERS),
        ("outputs for an image", numbers, MAX_OUTPUTS),
    ):
        if count > most:
            raise ShapeError(
                type(layer).__name__,
                expected=f"at most {most:,} {what}",
                received=f"{count:,}",
                advice="Use fewer filters or units, or a pooling before it.",
            )
    return LayerRow(
        line, name, repr(layer), output_shape, parameters, layer.multiply_adds(input_shape)
    )


def softmax(logits: Array, axis: int) -> Array:
    """exp(logits) scaled to sum 1 along ``axis``, without overflow."""
    shifted = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=axis, keepdims=True))
