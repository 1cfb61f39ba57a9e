"""Random networks: every layer of the registry with random options, as far as shapes allow."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from cnnlib.arrays import Shape
from cnnlib.layers import (
    GELU,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
)
from cnnlib.model import Sequential
from cnnlib.text import family

REGISTRY = [cls for cls in family(Layer).values() if cls.__module__.startswith("cnnlib.")]
Maker = Callable[[np.random.Generator, Shape], Layer]


def convolution(rng: np.random.Generator, shape: Shape) -> Layer:
    channels = shape[0]
    groups = int(rng.choice([g for g in (1, 2, 3) if channels % g == 0]))
    kernel, dilation = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    reach = dilation * (kernel - 1) + 1
    least = max(0, -(-(reach - min(shape[1:])) // 2))
    same = reach % 2 == 1 and rng.random() < 0.4
    return Conv2d(
        groups * int(rng.integers(1, 4)),
        kernel=kernel,
        stride=int(rng.integers(1, 3)),
        padding="same" if same else least + int(rng.integers(0, 3)),
        dilation=dilation,
        groups=groups,
        bias=bool(rng.random() < 0.7),
    )


def pooling(cls: type[MaxPool2d] | type[AvgPool2d]) -> Maker:
    def make(rng: np.random.Generator, shape: Shape) -> Layer:
        kernel = int(rng.integers(1, min(3, *shape[1:]) + 1))
        return cls(kernel, stride=None if rng.random() < 0.5 else int(rng.integers(1, 4)))

    return make


def residual(rng: np.random.Generator, shape: Shape) -> Layer:
    if len(shape) == 1:
        return Residual([Dense(shape[0]), ReLU()], [Dropout(0.2)] if rng.random() < 0.5 else ())
    filters = int(rng.integers(1, 4))
    if rng.random() < 0.5:
        inner = Residual([Conv2d(shape[0], padding="same", bias=False), BatchNorm2d()])
        return Residual([inner, Tanh()])
    step = int(rng.integers(1, 3))
    return Residual(
        [Conv2d(filters, stride=step, padding=1), SiLU()], [Conv2d(filters, kernel=1, stride=step)]
    )


MAKERS: dict[type[Layer], Maker] = {
    Conv2d: convolution,
    MaxPool2d: pooling(MaxPool2d),
    AvgPool2d: pooling(AvgPool2d),
    GlobalAvgPool2d: lambda rng, shape: GlobalAvgPool2d(),
    BatchNorm2d: lambda rng, shape: BatchNorm2d(eps=float(rng.choice([1e-5, 0.1]))),
    LayerNorm: lambda rng, shape: LayerNorm(),
    Dropout: lambda rng, shape: Dropout(float(rng.choice([0.0, 0.4]))),
    Flatten: lambda rng, shape: Flatten(),
    Dense: lambda rng, shape: Dense(int(rng.integers(1, 30)), bias=bool(rng.random() < 0.7)),
    ReLU: lambda rng, shape: ReLU(),
    LeakyReLU: lambda rng, shape: LeakyReLU(float(rng.uniform(0, 0.5))),
    GELU: lambda rng, shape: GELU(),
    SiLU: lambda rng, shape: SiLU(),
    Tanh: lambda rng, shape: Tanh(),
    Sigmoid: lambda rng, shape: Sigmoid(),
    Residual: residual,
}
FOR_IMAGES = {Conv2d, MaxPool2d, AvgPool2d, GlobalAvgPool2d, BatchNorm2d, Flatten}
TO_FEATURES = {GlobalAvgPool2d, Flatten}


def random_layers(rng: np.random.Generator, shape: Shape, wanted: type[Layer]) -> list[Layer]:
    """Some layers, one of which is ``wanted``, that end in classes."""
    images = [cls for cls in MAKERS if cls is not Dense and cls not in TO_FEATURES]
    features = [cls for cls in MAKERS if cls not in FOR_IMAGES]
    first = [images[i] for i in rng.integers(0, len(images), int(rng.integers(1, 4)))]
    last = [features[i] for i in rng.integers(0, len(features), int(rng.integers(1, 4)))]
    bridge = [Flatten, GlobalAvgPool2d][int(rng.integers(0, 2))]
    if wanted in TO_FEATURES:
        bridge = wanted
    elif wanted in FOR_IMAGES or (wanted is not Dense and rng.random() < 0.5):
        first.insert(int(rng.integers(0, len(first) + 1)), wanted)
    else:
        last.insert(int(rng.integers(0, len(last) + 1)), wanted)
    layers: list[Layer] = []
    for cls in [*first, bridge, *last, Dense]:
        layers.append(MAKERS[cls](rng, shape))
        shape = layers[-1].output_shape(shape)
    return layers


def random_model(
    seed: int, wanted: type[Layer], dtype: type[np.floating] = np.float32
) -> Sequential:
    """A random network with ``wanted`` in it, and parameters that are nowhere trivial."""
    rng = np.random.default_rng([seed, REGISTRY.index(wanted)])
    shape = tuple(int(side) for side in (rng.integers(1, 4), *rng.integers(5, 13, 2)))
    model = Sequential(random_layers(rng, shape, wanted), shape, seed=seed, dtype=dtype)
    for name, array in model.tensors().items():
        if re.search(r"norm\d+\.|bias", name):
            array[...] = rng.uniform(0.3, 1.5, array.shape)
    return model


def random_image(model: Sequential, seed: int) -> np.ndarray:
    """Bytes with a flat ground, as pictures have."""
    rng = np.random.default_rng([seed, 5])
    image = rng.integers(0, 256, model.input_shape)
    return np.where(rng.random(image.shape) < 0.4, 0, image).astype(np.uint8)
