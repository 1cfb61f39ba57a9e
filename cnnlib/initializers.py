"""How parameters begin: random enough to differ, and scaled so that signals keep their size.

``fan_in`` is how many numbers one output of the layer is summed from, ``fan_out`` how many
outputs one input takes part in: for Conv2d C/groups·K² and F/groups·K², for Dense the two sides
of its matrix. Numbers are drawn in float64 and then rounded, so a float32 and a float64 model of
the same seed begin alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from cnnlib.arrays import Array, Shape

Initializer: TypeAlias = Callable[[Shape, int, int, np.random.Generator, DTypeLike], Array]


def he_normal(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> Array:
    """Normal numbers of variance 2/fan_in, for layers before a ReLU (He et al. 2015, eq. 10)."""
    drawn: Array = rng.standard_normal(shape) * math.sqrt(2.0 / fan_in)
    return drawn.astype(dtype)


def glorot_uniform(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> Array:
    """Uniform within ±√(6/(fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16)."""
    limit = math.sqrt(6.0 / (fan_in + fan_out))
    drawn: Array = rng.uniform(-limit, limit, shape)
    return drawn.astype(dtype)


def zeros(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> Array:
    """All 0: biases and shifts. Draws nothing."""
    return np.zeros(shape, dtype)


def ones(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> Array:
    """All 1: the scales of normalisation layers. Draws nothing."""
    return np.ones(shape, dtype)
