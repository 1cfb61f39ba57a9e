"""What one number is made of: plain arrays and numbers, one dataclass for each way to make one.

All are float64 copies. Each class says how its parts give ``value``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnlib.explain.places import Place, Region

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Arithmetic:
    """What made one number.

    Attributes:
        place: which number.
        layer: the layer's text, such as "Conv2d(8, kernel=3)".
        formula: how the parts give the value, in words that fit a line of ASCII.
        value: the number, computed from the parts in float64.
        sources: what was read, of which layers; a screen walks back along them to the image.
    """

    place: Place
    layer: str
    formula: str
    value: float
    sources: tuple[Region, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Pixel(Arithmetic):
    """A pixel of the image, where every walk ends. ``byte`` is what the file holds, if bytes."""

    byte: int | None


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedWindow(Arithmetic):
    """Conv2d: value = sum of channel_sums + bias, channel_sums[c] = sum of products[c].

    Attributes:
        patch: the input under the kernel, (C, K, K), C the channels of the filter's group.
        inside: where the patch lies in the input, (K, K); elsewhere it is padded with zeros.
        kernel: the filter's weights, (C, K, K).
        products: patch * kernel.
        channel_sums: (C,).
        bias: None where the layer has none.
    """

    patch: Numbers
    inside: NDArray[np.bool_]
    kernel: Numbers
    products: Numbers
    channel_sums: Numbers
    bias: float | None


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedSum(Arithmetic):
    """Dense: value = sum of products + rest + bias.

    Attributes:
        units: the inputs that contribute most, the largest |product| first, (T,).
        inputs, weights: their numbers and weights, (T,).
        products: inputs * weights.
        rest: the sum of all other products.
        rest_count: how many those are.
        bias: None where the layer has none.
    """

    units: NDArray[np.int64]
    inputs: Numbers
    weights: Numbers
    products: Numbers
    rest: float
    rest_count: int
    bias: float | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Applied(Arithmetic):
    """An activation: value = f(x), f as ``formula`` says."""

    x: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Copied(Arithmetic):
    """Flatten, and Dropout when inferring: value = x, from where ``sources`` says."""

    x: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Largest(Arithmetic):
    """MaxPool2d: value = window[winner].

    Attributes:
        window: the numbers that were compared, (K, K).
        winner: row and column in the window of the first largest in reading order.
        winner_place: where that number stands in the layer before.
    """

    window: Numbers
    winner: tuple[int, int]
    winner_place: Place


@dataclass(frozen=True, eq=False, kw_only=True)
class Mean(Arithmetic):
    """AvgPool2d and GlobalAvgPool2d: value = total / count, total = sum of the window."""

    window: Numbers
    total: float
    count: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Normalized(Arithmetic):
    """BatchNorm2d and LayerNorm: value = weight * normalized + bias.

        normalized = (x - mean) / sqrt(var + eps)

    Attributes:
        statistics: whose mean and var: "running", or "of this example".
    """

    x: float
    mean: float
    var: float
    eps: float
    normalized: float
    weight: float
    bias: float
    statistics: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Summed(Arithmetic):
    """Residual: value = main + shortcut; sources[0] is the main way, sources[1] the shortcut."""

    main: float
    shortcut: float
