"""The table of networks on which every law of the layers is held, and the bench they are put on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cnnlib.arrays import Draw, Shape
from cnnlib.layers import Layer
from cnnlib.parameters import ParameterStore
from cnnlib.plan import Plan, examples_first
from cnnlib.text import parse_lines


class Case(NamedTuple):
    """A network with what is known of it, worked out by hand."""

    text: str
    input_shape: Shape
    output_shape: Shape
    parameters: int
    multiply_adds: int

    @property
    def layers(self) -> tuple[Layer, ...]:
        return tuple(layer for _, layer in parse_lines(self.text, Layer))

    @property
    def has_dropout(self) -> bool:
        return "Dropout" in self.text

    @property
    def mixes_examples(self) -> bool:
        return "BatchNorm2d" in self.text

    def __str__(self) -> str:
        return f"{self.text} on {'x'.join(map(str, self.input_shape))}".replace("\n", "; ")


def _case(text: str, input_shape: Shape, output_shape: Shape, *counts: int) -> Case:
    parameters, multiply_adds = counts or (0, 0)
    return Case(text.replace("; ", "\n"), input_shape, output_shape, parameters, multiply_adds)


CASES: list[Case] = [
    # one layer each
    _case("Conv2d(3)", (2, 5, 6), (3, 3, 4), 57, 648),
    _case("Conv2d(2, stride=2, padding=1)", (3, 6, 5), (2, 3, 3), 56, 486),
    _case("Conv2d(4, kernel=2, groups=2, bias=False)", (4, 4, 3), (4, 3, 2), 32, 192),
    _case('Conv2d(3, padding="same", groups=3)', (3, 4, 4), (3, 4, 4), 30, 432),
    _case('Conv2d(2, dilation=2, padding="same")', (1, 5, 5), (2, 5, 5), 20, 450),
    _case("Conv2d(2, kernel=2, stride=2, dilation=2, padding=1)", (2, 5, 6), (2, 3, 3), 18, 144),
    _case("Conv2d(2, kernel=1, stride=3)", (2, 7, 5), (2, 3, 2), 6, 24),
    _case("Conv2d(2, kernel=2, padding=3)", (1, 2, 1), (2, 7, 6), 10, 336),
    _case("Flatten()", (2, 3, 4), (24,)),
    _case("Flatten(); Dense(4)", (2, 3, 2), (4,), 52, 48),
    _case("Flatten(); Dense(3, bias=False)", (1, 2, 3), (3,), 18, 18),
    _case("ReLU()", (2, 3, 4), (2, 3, 4)),
    _case("LeakyReLU(slope=0.2)", (2, 3, 4), (2, 3, 4)),
    _case("GELU()", (2, 3, 4), (2, 3, 4)),
    _case("SiLU()", (2, 3, 4), (2, 3, 4)),
    _case("Tanh()", (2, 3, 4), (2, 3, 4)),
    _case("Sigmoid()", (2, 3, 4), (2, 3, 4)),
    _case("MaxPool2d(2)", (2, 5, 4), (2, 2, 2)),
    _case("MaxPool2d(3, stride=2)", (2, 7, 6), (2, 3, 2)),
    _case("MaxPool2d(3, stride=1)", (1, 5, 4), (1, 3, 2)),
    _case("MaxPool2d(2, stride=3)", (1, 5, 6), (1, 2, 2)),
    _case("AvgPool2d()", (2, 5, 4), (2, 2, 2)),
    _case("AvgPool2d(3, stride=2)", (2, 6, 7), (2, 2, 3)),
    _case("GlobalAvgPool2d()", (3, 3, 4), (3,)),
    _case("BatchNorm2d()", (3, 3, 2), (3, 3, 2), 6, 0),
    _case("BatchNorm2d(momentum=0.3, eps=0.01)", (2, 2, 4), (2, 2, 4), 4, 0),
    _case("BatchNorm2d(ghost=2)", (2, 3, 3), (2, 3, 3), 4, 0),
    _case("LayerNorm()", (2, 3, 2), (2, 3, 2), 24, 0),
    _case("Flatten(); LayerNorm(eps=0.01)", (2, 2, 3), (12,), 24, 0),
    _case("Dropout(0.4)", (2, 3, 4), (2, 3, 4)),
    _case('Residual([Conv2d(2, padding="same")])', (2, 3, 4), (2, 3, 4), 38, 432),
    _case(
        "Residual([Conv2d(4, stride=2, padding=1), ReLU()],"
        " shortcut=[Conv2d(4, kernel=1, stride=2, bias=False)])",
        (2, 5, 4),
        (4, 3, 2),
        84,
        480,
    ),
    _case("Flatten(); Residual([Dense(6), Tanh()])", (1, 2, 3), (6,), 42, 36),
    # layers that share a kernel, and pixels that nobody reads
    _case("Conv2d(3); ReLU()", (2, 4, 5), (3, 2, 3), 57, 324),
    _case("Conv2d(3); ReLU(); MaxPool2d(2)", (2, 7, 6), (3, 2, 2), 57, 1080),
    _case('Conv2d(2, padding="same"); MaxPool2d(2)', (1, 6, 5), (2, 3, 2), 20, 540),
    _case("Conv2d(2, bias=False); MaxPool2d(2); ReLU()", (1, 6, 7), (2, 2, 2), 18, 360),
    _case(
        "Conv2d(4, stride=2, padding=1, groups=2); ReLU(); MaxPool2d(2)",
        (2, 9, 11),
        (4, 2, 3),
        40,
        1080,
    ),
    _case("Conv2d(2); ReLU(); MaxPool2d(3, stride=2)", (1, 8, 8), (2, 2, 2), 20, 648),
    # enough channels for Winograd's way, whole and cropped, behind another pooling and at the image
    _case("Conv2d(16, padding=1); ReLU(); MaxPool2d(2)", (16, 5, 4), (16, 2, 2), 2320, 46080),
    _case(
        'Conv2d(16, kernel=1); ReLU(); MaxPool2d(2); Conv2d(16, padding="same", bias=False);'
        " MaxPool2d(2)",
        (1, 6, 9),
        (16, 1, 2),
        32 + 2304,
        16 * 6 * 9 + 16 * 3 * 4 * 9 * 16,
    ),
    _case("Conv2d(2); Tanh(); AvgPool2d(2)", (1, 7, 6), (2, 2, 2), 20, 360),
    _case("Conv2d(2); ReLU(); Conv2d(3, kernel=2); MaxPool2d(2)", (1, 6, 8), (3, 1, 2), 47, 792),
    _case("Conv2d(2); ReLU(); ReLU(); MaxPool2d(2); MaxPool2d(2)", (1, 8, 9), (2, 1, 1), 20, 756),
    _case("ReLU(); Conv2d(2); Dropout(0.0); ReLU()", (1, 4, 4), (2, 2, 2), 20, 72),
    _case("Flatten(); Dense(5); ReLU(); Dense(3)", (1, 3, 3), (3,), 68, 60),
    _case("MaxPool2d(2); Residual([ReLU()]); Conv2d(2, kernel=2)", (1, 7, 7), (2, 2, 2), 10, 32),
    _case(
        'Conv2d(2); Residual([Conv2d(2, padding="same"), Dropout(0.3), ReLU()]); MaxPool2d(2)',
        (1, 7, 7),
        (2, 2, 2),
        58,
        1350,
    ),
    _case("BatchNorm2d(); ReLU()", (2, 3, 4), (2, 3, 4), 4, 0),
    _case('Residual([Conv2d(2, padding="same")]); ReLU()', (2, 3, 4), (2, 3, 4), 38, 432),
    _case(
        "Residual([BatchNorm2d(), ReLU(), Conv2d(3, kernel=1)], shortcut=[Conv2d(3, kernel=1)]);"
        " ReLU()",
        (2, 3, 4),
        (3, 3, 4),
        4 + 9 + 9,
        144,
    ),
    _case(
        'Residual([Conv2d(2, padding="same"), Residual([Dropout(0.0)])])',
        (2, 3, 4),
        (2, 3, 4),
        38,
        432,
    ),
    _case(
        "Residual([Residual([BatchNorm2d(), SiLU()], shortcut=[LayerNorm()]), GELU()])",
        (2, 3, 3),
        (2, 3, 3),
        40,
        0,
    ),
    _case(
        "Conv2d(3, bias=False); BatchNorm2d(); LeakyReLU(); MaxPool2d(2);"
        " Conv2d(3, padding=1, groups=3); SiLU(); GlobalAvgPool2d(); LayerNorm(); Dense(2)",
        (1, 7, 8),
        (2,),
        27 + 6 + 30 + 6 + 8,
        3 * 5 * 6 * 9 + 3 * 2 * 3 * 9 + 6,
    ),
]

SMOOTH, FLAT = "smooth", "flat"


def images(case: Case, n: int, kind: str = SMOOTH, dtype: type = np.float64) -> np.ndarray:
    """Numbers without ties, at least 0.01 from 0; or strokes of bright pixels on a flat ground."""
    rng = np.random.default_rng([len(case.text), *case.input_shape, n])
    x = rng.normal(size=(n, *case.input_shape))
    x += np.copysign(0.01, x)
    if kind == FLAT:
        x = np.where(rng.random(x.shape) < 0.3, np.round(2 * np.abs(x)) / 2, 0.0)
    return x.astype(dtype)


class Bench:
    """A network planned for n examples, with parameters that are nowhere trivial.

    Args:
        case: the network.
        n: examples in a micro-batch.
        fuse, train, dtype: as for a Plan.
    """

    def __init__(
        self,
        case: Case,
        n: int,
        *,
        fuse: bool = True,
        train: bool = True,
        dtype: type = np.float64,
        input_gradient: bool = True,
    ) -> None:
        self.layers = case.layers
        self.store = ParameterStore(self.layers, case.input_shape, 0, np.dtype(dtype))
        rng = np.random.default_rng(len(case.text))
        for array in self.store.public.values():
            array[...] = rng.normal(0.3, 0.6, array.shape)
        for array in self.store.buffers.values():
            array[...] = rng.uniform(0.5, 2.0, array.shape)
        self.plan = Plan(
            self.layers,
            case.input_shape,
            n,
            self.store,
            train=train,
            fuse=fuse,
            input_gradient=input_gradient,
        )
        self.draw = Draw(3, "laws", (1,), 0, n)

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """Parameters and buffers, by public name."""
        return {**self.store.public, **self.store.buffers}

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x to y, both with the examples first."""
        return examples_first(self.plan.forward(x, self.draw))

    def backward(self, dy: np.ndarray) -> dict[str, np.ndarray]:
        """Copies of the gradients of the parameters by name, and of the input as "x"."""
        self.store.flat_gradients.fill(0)
        dx = self.plan.backward(batch_last(dy))
        gradients = {name: array.copy() for name, array in self.store.public_gradients.items()}
        return gradients if dx is None else {"x": examples_first(dx), **gradients}


def batch_last(y: np.ndarray) -> np.ndarray:
    """A fresh batch-last array of an array with its examples first."""
    return np.ascontiguousarray(y.transpose(2, 1, 3, 0) if y.ndim == 4 else y.T)


def cotangent(y: np.ndarray) -> np.ndarray:
    """A random gradient by y: a sum would hide errors that cancel."""
    return np.random.default_rng(y.size).normal(size=y.shape).astype(y.dtype)


class Worst(NamedTuple):
    """The greatest disagreement of a gradient with central differences."""

    error: float
    array: str
    index: tuple[int, ...]


def check_gradients(
    bench: Bench, x: np.ndarray, *, parameters_only: bool = False, step: float = 1e-6
) -> Worst:
    """Compare every coordinate of every gradient of <w, y>, w random, with central differences.

    The error is |analytic - numeric| / (1 + |numeric|); a right float64 gradient stays below 1e-7.
    """
    x = x.copy()
    dy = cotangent(bench.forward(x))
    analytic = bench.backward(dy)
    arrays = {"x": x, **bench.store.public}
    assert analytic.keys() == arrays.keys()
    worst = Worst(0.0, "", ())
    for name, array in arrays.items():
        if parameters_only and name == "x":
            continue
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + step
            above = float(np.vdot(dy, bench.forward(x)))
            array[index] = value - step
            below = float(np.vdot(dy, bench.forward(x)))
            array[index] = value
            numeric = (above - below) / (2 * step)
            error = abs(float(analytic[name][index]) - numeric) / (1 + abs(numeric))
            if not error <= worst.error:
                worst = Worst(error, name, index)
    return worst
