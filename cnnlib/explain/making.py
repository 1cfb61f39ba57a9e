"""How each kind of layer makes a number, by its definition, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch

import numpy as np

from cnnlib.errors import SpecificationError
from cnnlib.explain.parts import (
    Applied,
    Arithmetic,
    Copied,
    Largest,
    Mean,
    Normalized,
    Summed,
    WeightedSum,
    WeightedWindow,
)
from cnnlib.explain.places import Region
from cnnlib.explain.reading import Reading
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


@singledispatch
def parts_of(layer: Layer, at: Reading) -> Arithmetic:
    """The arithmetic of one kind of layer."""
    raise SpecificationError(
        f"the explanation of {type(layer).__name__}",
        expected="a layer of this library",
        received=repr(layer),
        advice="Register the layer in cnnlib/explain.",
    )


@parts_of.register
def _convolution(layer: Conv2d, at: Reading) -> WeightedWindow:
    patch, inside = at.patch(at.region())
    kernel = at.tensor("weight")[at.place.channel].astype(np.float64)
    products = patch * kernel
    sums = products.sum(axis=(1, 2))
    bias = at.number("bias", at.place.channel) if layer.bias else None
    return WeightedWindow(
        **at.header("sum(patch * kernel)" + (" + bias" if layer.bias else "")),
        value=float(sums.sum()) + (bias or 0.0),
        patch=patch,
        inside=inside,
        kernel=kernel,
        products=products,
        channel_sums=sums,
        bias=bias,
    )


@parts_of.register
def _dense(layer: Dense, at: Reading) -> WeightedSum:
    x = at.patch(at.region())[0].ravel()
    weights = at.tensor("weight")[at.place.channel].astype(np.float64)
    products = x * weights
    order = np.argsort(-np.abs(products), kind="stable")
    shown = order[: max(0, at.top)]
    rest = float(products[order[len(shown) :]].sum())
    bias = at.number("bias", at.place.channel) if layer.bias else None
    return WeightedSum(
        **at.header("sum(input * weight)" + (" + bias" if layer.bias else "")),
        value=float(products[shown].sum()) + rest + (bias or 0.0),
        units=shown.astype(np.int64),
        inputs=x[shown],
        weights=weights[shown],
        products=products[shown],
        rest=rest,
        rest_count=len(products) - len(shown),
        bias=bias,
    )


@parts_of.register
def _max_pool(layer: MaxPool2d, at: Reading) -> Largest:
    region = at.region()
    numbers = at.patch(region)[0][0]
    row, column = divmod(int(numbers.argmax()), layer.kernel)
    winner_place = region.at(0, row, column)
    if winner_place is None:  # pooling pads nothing: its windows lie inside
        raise IndexError(f"{at.place} reads beyond its input")
    return Largest(
        **at.header("max(window)"),
        value=float(numbers[row, column]),
        window=numbers,
        winner=(row, column),
        winner_place=winner_place,
    )


@parts_of.register(AvgPool2d)
@parts_of.register(GlobalAvgPool2d)
def _mean(layer: AvgPool2d | GlobalAvgPool2d, at: Reading) -> Mean:
    numbers = at.patch(at.region())[0][0]
    total = float(numbers.sum())
    return Mean(
        **at.header("sum(window) / count"),
        value=total / numbers.size,
        window=numbers,
        total=total,
        count=numbers.size,
    )


@parts_of.register(Flatten)
@parts_of.register(Dropout)
def _copy(layer: Flatten | Dropout, at: Reading) -> Copied:
    x = at.x()
    formula = "x" if isinstance(layer, Flatten) else "x (dropout rests when inferring)"
    return Copied(**at.header(formula), value=x, x=x)


@parts_of.register
def _batch_norm(layer: BatchNorm2d, at: Reading) -> Normalized:
    c = at.place.channel
    mean, var = at.number("running_mean", c), at.number("running_var", c)
    return _normalized(at, at.x(), mean, var, layer.eps, (c,), "running", at.region())


@parts_of.register
def _layer_norm(layer: LayerNorm, at: Reading) -> Normalized:
    everything = at.region()
    numbers = at.patch(everything)[0]
    mean, var = float(numbers.mean()), float(numbers.var())
    _, *place = at.place
    index = tuple(place[: len(at.station.input_shape)])
    own = everything._replace(
        channels=range(place[0], place[0] + 1),
        rows=range(place[1], place[1] + 1),
        columns=range(place[2], place[2] + 1),
    )
    x = float(numbers[tuple(place)])
    return _normalized(at, x, mean, var, layer.eps, index, "of this example", own, everything)


def _normalized(
    at: Reading,
    x: float,
    mean: float,
    var: float,
    eps: float,
    index: tuple[int, ...],
    statistics: str,
    *sources: Region,
) -> Normalized:
    weight, bias = at.number("weight", *index), at.number("bias", *index)
    normalized = (x - mean) / math.sqrt(var + eps)
    return Normalized(
        **at.header("weight * (x - mean) / sqrt(var + eps) + bias", *sources),
        value=weight * normalized + bias,
        x=x,
        mean=mean,
        var=var,
        eps=eps,
        normalized=normalized,
        weight=weight,
        bias=bias,
        statistics=statistics,
    )


@parts_of.register
def _residual(layer: Residual, at: Reading) -> Summed:
    ways = at.region(0), at.region(1)
    main, shortcut = (float(at.patch(way)[0].item()) for way in ways)
    formula = "layers(x) + shortcut(x)" if layer.shortcut else "layers(x) + x"
    return Summed(**at.header(formula, *ways), value=main + shortcut, main=main, shortcut=shortcut)


@parts_of.register
def _relu(layer: ReLU, at: Reading) -> Applied:
    return _applied(at, "max(x, 0)", lambda x: max(x, 0.0))


@parts_of.register
def _leaky_relu(layer: LeakyReLU, at: Reading) -> Applied:
    slope = layer.slope
    return _applied(at, f"x where x > 0, else {slope:g} * x", lambda x: x if x > 0 else slope * x)


@parts_of.register
def _gelu(layer: GELU, at: Reading) -> Applied:
    return _applied(
        at,
        "x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2",
        lambda x: x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))) / 2,
    )


@parts_of.register
def _silu(layer: SiLU, at: Reading) -> Applied:
    return _applied(at, "x / (1 + exp(-x))", lambda x: x * _sigmoid_of(x))


@parts_of.register
def _tanh(layer: Tanh, at: Reading) -> Applied:
    return _applied(at, "tanh(x)", math.tanh)


@parts_of.register
def _sigmoid(layer: Sigmoid, at: Reading) -> Applied:
    return _applied(at, "1 / (1 + exp(-x))", _sigmoid_of)


def _sigmoid_of(x: float) -> float:
    """1 / (1 + exp(-x)), where exp cannot overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _applied(at: Reading, formula: str, function: Callable[[float], float]) -> Applied:
    x = at.x()
    return Applied(**at.header(formula), value=function(x), x=x)
