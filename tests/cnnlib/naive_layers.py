"""Every layer by its definition, one number at a time: slow, plain, and independent of the engine.

Images are (N, C, H, W), features (N, D), all of float64. ``run`` follows a list of layers;
``conv2d`` and ``max_pool`` also give the gradients, term by term.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

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

Tensors = Mapping[str, np.ndarray]


class Convolved(NamedTuple):
    """A convolution, its gradients for a given dy, and how many products it took."""

    y: np.ndarray
    dx: np.ndarray
    d_weight: np.ndarray
    products: int


def same_padding(layer: Conv2d) -> int:
    """Zeros on each side of the image."""
    if layer.padding == "same":
        return (layer.dilation * (layer.kernel - 1)) // 2
    return int(layer.padding)


def conv2d(layer: Conv2d, x: np.ndarray, weight: np.ndarray, dy: np.ndarray | None) -> Convolved:
    """Without bias: for every output number, every product that makes it."""
    padding = same_padding(layer)
    count, channels, height, width = x.shape
    filters, depth, kernel, _ = weight.shape
    per_group = filters // layer.groups
    reach = layer.dilation * (kernel - 1) + 1
    rows = (height + 2 * padding - reach) // layer.stride + 1
    columns = (width + 2 * padding - reach) // layer.stride + 1
    assert depth * layer.groups == channels
    y = np.zeros((count, filters, rows, columns))
    dx, d_weight, products = np.zeros_like(x), np.zeros_like(weight), 0
    for n, f, i, j in product(range(count), range(filters), range(rows), range(columns)):
        d = 0.0 if dy is None else dy[n, f, i, j]
        for k, p, q in product(range(depth), range(kernel), range(kernel)):
            products += 1
            c = f // per_group * depth + k
            row = layer.stride * i + layer.dilation * p - padding
            column = layer.stride * j + layer.dilation * q - padding
            if 0 <= row < height and 0 <= column < width:
                y[n, f, i, j] += weight[f, k, p, q] * x[n, c, row, column]
                d_weight[f, k, p, q] += d * x[n, c, row, column]
                dx[n, c, row, column] += d * weight[f, k, p, q]
    return Convolved(y, dx, d_weight, products)


def _windows(layer: MaxPool2d | AvgPool2d, x: np.ndarray) -> tuple[int, int]:
    step = layer.kernel if layer.stride is None else layer.stride
    assert step == layer.step
    return tuple((side - layer.kernel) // step + 1 for side in x.shape[2:])


def max_pool(
    layer: MaxPool2d, x: np.ndarray, dy: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The largest number of each window; dy goes to the first of the largest in reading order."""
    rows, columns = _windows(layer, x)
    y, dx = np.zeros((*x.shape[:2], rows, columns)), np.zeros_like(x)
    for n, c, i, j in np.ndindex(y.shape):
        best, at = -math.inf, (0, 0)
        for p, q in product(range(layer.kernel), range(layer.kernel)):
            place = (layer.step * i + p, layer.step * j + q)
            if x[n, c][place] > best:
                best, at = x[n, c][place], place
        y[n, c, i, j] = best
        dx[n, c][at] += 0.0 if dy is None else dy[n, c, i, j]
    return y, dx


def avg_pool(layer: AvgPool2d, x: np.ndarray) -> np.ndarray:
    """The mean of each window."""
    rows, columns = _windows(layer, x)
    y = np.zeros((*x.shape[:2], rows, columns))
    for n, c, i, j in np.ndindex(y.shape):
        for p, q in product(range(layer.kernel), range(layer.kernel)):
            y[n, c, i, j] += x[n, c, layer.step * i + p, layer.step * j + q] / layer.kernel**2
    return y


def batch_norm(layer: BatchNorm2d, x: np.ndarray, tensors: Tensors, train: bool) -> np.ndarray:
    """With the statistics of the batch when training, else with the running ones."""
    y = np.zeros_like(x)
    for c in range(x.shape[1]):
        numbers = [float(value) for value in x[:, c].ravel()]
        mean = math.fsum(numbers) / len(numbers)
        var = math.fsum((value - mean) ** 2 for value in numbers) / len(numbers)
        if not train:
            mean, var = tensors["running_mean"][c], tensors["running_var"][c]
        scale = tensors["weight"][c] / math.sqrt(var + layer.eps)
        y[:, c] = (x[:, c] - mean) * scale + tensors["bias"][c]
    return y


def layer_norm(layer: LayerNorm, x: np.ndarray, tensors: Tensors) -> np.ndarray:
    """Each example by its own statistics."""
    y = np.zeros_like(x)
    for n, example in enumerate(x):
        numbers = [float(value) for value in example.ravel()]
        mean = math.fsum(numbers) / len(numbers)
        var = math.fsum((value - mean) ** 2 for value in numbers) / len(numbers)
        xhat = (example - mean) / math.sqrt(var + layer.eps)
        y[n] = xhat * tensors["weight"] + tensors["bias"]
    return y


def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """Every output from every input."""
    y = np.zeros((len(x), len(weight)))
    for n, o, i in product(range(len(x)), range(len(weight)), range(x.shape[1])):
        y[n, o] += weight[o, i] * x[n, i]
    return y if bias is None else y + bias


def _sigmoid(v: float) -> float:
    return 1 / (1 + math.exp(-v))


def _gelu(v: float) -> float:
    return v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))


ELEMENTWISE: dict[type[Layer], Callable[[Layer, float], float]] = {
    ReLU: lambda _, v: max(v, 0.0),
    LeakyReLU: lambda layer, v: v if v > 0 else layer.slope * v,
    GELU: lambda _, v: _gelu(v),
    SiLU: lambda _, v: v * _sigmoid(v),
    Tanh: lambda _, v: math.tanh(v),
    Sigmoid: lambda _, v: _sigmoid(v),
}


def apply(layer: Layer, x: np.ndarray, tensors: Tensors, train: bool) -> np.ndarray:
    """One layer, dropout being the identity."""
    if type(layer) in ELEMENTWISE:
        function = ELEMENTWISE[type(layer)]
        return np.array([function(layer, float(v)) for v in x.ravel()]).reshape(x.shape)
    match layer:
        case Conv2d():
            y = conv2d(layer, x, tensors["weight"], None).y
            return y + tensors["bias"][:, None, None] if layer.bias else y
        case Dense():
            return dense(x, tensors["weight"], tensors.get("bias"))
        case Flatten():
            return np.array([[v for plane in image for row in plane for v in row] for image in x])
        case MaxPool2d():
            return max_pool(layer, x, None)[0]
        case AvgPool2d():
            return avg_pool(layer, x)
        case GlobalAvgPool2d():
            return np.array([[plane.sum() / plane.size for plane in image] for image in x])
        case BatchNorm2d():
            return batch_norm(layer, x, tensors, train)
        case LayerNorm():
            return layer_norm(layer, x, tensors)
        case Dropout():
            return x
        case Residual():
            main = run(layer.layers, x, tensors, train)[-1]
            side = run(layer.shortcut, x, _below(tensors, "shortcut"), train)
            return main + (side[-1] if side else x)
    raise NotImplementedError(f"no naive {type(layer).__name__}: write one")


def run(
    layers: Sequence[Layer], x: np.ndarray, tensors: Tensors, train: bool = True
) -> list[np.ndarray]:
    """The output of every layer; ``tensors`` by the public names of a model."""
    outputs, counts = [], {}
    for layer in layers:
        counts[layer.kind] = counts.get(layer.kind, 0) + 1
        x = apply(layer, x, _below(tensors, f"{layer.kind}{counts[layer.kind]}"), train)
        outputs.append(x)
    return outputs


def _below(tensors: Tensors, name: str) -> dict[str, np.ndarray]:
    start = f"{name}."
    return {key[len(start) :]: value for key, value in tensors.items() if key.startswith(start)}
