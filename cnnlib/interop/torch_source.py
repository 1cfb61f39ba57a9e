"""A network as PyTorch source: a row of modules with our names, which takes our weights unchanged.

``network()`` is an ``nn.Sequential`` whose ``state_dict`` has exactly the names and shapes of
:func:`cnnlib.interop.weights.to_safetensors`; ``load()`` reads that file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from cnnlib.interop.source_text import in_docstring, indented, list_literal, literal, options
from cnnlib.interop.subject import Placed, TrainedModel, no_counterpart, placed
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
from cnnlib.layers.base import show

_FILE = '''\
"""{title}.

    python {file} images.npy        images: bytes, (N, {shape})

Needs PyTorch, NumPy and safetensors; the weights are in {weights} beside this file.
Written by cnn-tui.
"""

import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

CLASSES = {classes}


{residual}def network():
    """Pixels in [0, 1], (N, {shape}), to logits (N, {classes_count})."""
    return nn.Sequential(
        OrderedDict(
{modules}
        )
    )


def load(weights=Path(__file__).with_suffix(".safetensors")):
    """The trained network, ready to infer."""
    net = network()
    net.load_state_dict(load_file(weights))
    return net.eval()


@torch.inference_mode()
def predict(net, images):
    """Probabilities (N, {classes_count}) for images (N, {shape}): bytes, or floats in [0, 1]."""
    pixels = torch.as_tensor(images)
    if pixels.dtype == torch.uint8:
        pixels = pixels / 255
    return net(pixels.float()).softmax(dim=1)


if __name__ == "__main__":
    for number, row in enumerate(predict(load(), np.load(sys.argv[1], allow_pickle=False))):
        best = int(row.argmax())
        print(number, CLASSES[best], f"{{row[best]:.6f}}", sep="\\t")
'''
_RESIDUAL = '''\
class Residual(nn.Module):
    """f(x) + g(x): modules f one after another, and g, or x itself where there is none."""

    def __init__(self, modules, shortcut=()):
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)
        self.row = list(modules)
        self.shortcut = nn.Sequential(OrderedDict(shortcut))

    def forward(self, x):
        y = x
        for name in self.row:
            y = getattr(self, name)(y)
        return y + self.shortcut(x)


'''


def to_torch(trained: TrainedModel, file: str = "network.py") -> str:
    """The source of the network in PyTorch.

    Args:
        trained: the network.
        file: what the source will be called; the weights have the same name.

    Raises:
        SpecificationError: a layer is unknown here.
    """
    model = trained.model
    modules = _modules(placed(model.layers, model.input_shape))
    return _FILE.format(
        title=in_docstring(trained.title),
        file=in_docstring(file),
        weights=in_docstring(file.removesuffix(".py") + ".safetensors"),
        shape=", ".join(map(str, model.input_shape)),
        classes=list_literal(trained.classes),
        classes_count=model.classes,
        residual=_RESIDUAL if any(isinstance(layer, Residual) for layer in model.layers) else "",
        modules=indented(modules, 12),
    )


def _modules(places: Sequence[Placed]) -> list[str]:
    """``name=nn.Module(...),  # output shape`` for each layer."""
    lines = []
    for place in places:
        name = place.name.rpartition(".")[2]
        comment = f"  # {show(place.output_shape)}"
        if isinstance(place.layer, Residual):
            lines += _residual(name, place, place.layer, comment)
            continue
        write = _WRITERS.get(type(place.layer))
        if write is None:
            raise no_counterpart("the PyTorch source", place)
        lines.append(f"{name}={write(place)},{comment}")
    return lines


def _residual(name: str, place: Placed, layer: Residual, comment: str) -> list[str]:
    def inside(prefix: str, layers: Sequence[Layer]) -> list[str]:
        found = _modules(placed(layers, place.input_shape, f"{place.name}.{prefix}"))
        return indented(found, 8).split("\n")

    lines = [f"{name}=Residual({comment}", "    OrderedDict(", *inside("", layer.layers), "    ),"]
    if layer.shortcut:
        lines += ["    shortcut=OrderedDict(", *inside("shortcut.", layer.shortcut), "    ),"]
    return [*lines, "),"]


def _call(module: str, *arguments: object, **optional: tuple[object, object]) -> str:
    return f"nn.{module}({', '.join([*map(literal, arguments), *options(optional)])})"


def _conv(place: Placed) -> str:
    layer = cast("Conv2d", place.layer)
    return _call(
        "Conv2d",
        place.input_shape[0],
        layer.filters,
        layer.kernel,
        stride=(layer.stride, 1),
        padding=(layer.border, 0),
        dilation=(layer.dilation, 1),
        groups=(layer.groups, 1),
        bias=(layer.bias, True),
    )


def _dense(place: Placed) -> str:
    layer = cast("Dense", place.layer)
    return _call("Linear", place.input_shape[0], layer.units, bias=(layer.bias, True))


def _pool(module: str) -> Callable[[Placed], str]:
    def write(place: Placed) -> str:
        layer = cast("MaxPool2d | AvgPool2d", place.layer)
        return _call(module, layer.kernel, stride=(layer.step, layer.kernel))

    return write


def _batch_norm(place: Placed) -> str:
    layer = cast("BatchNorm2d", place.layer)
    return _call(
        "BatchNorm2d",
        place.input_shape[0],
        eps=(layer.eps, 1e-5),
        momentum=(layer.momentum, 0.1),
    )


def _layer_norm(place: Placed) -> str:
    layer = cast("LayerNorm", place.layer)
    return _call("LayerNorm", list(place.input_shape), eps=(layer.eps, 1e-5))


_WRITERS: dict[type[Layer], Callable[[Placed], str]] = {
    Conv2d: _conv,
    Dense: _dense,
    Flatten: lambda place: "nn.Flatten()",
    MaxPool2d: _pool("MaxPool2d"),
    AvgPool2d: _pool("AvgPool2d"),
    GlobalAvgPool2d: lambda place: "nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())",
    BatchNorm2d: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: lambda place: _call("Dropout", cast("Dropout", place.layer).rate),
    ReLU: lambda place: "nn.ReLU()",
    LeakyReLU: lambda place: _call("LeakyReLU", cast("LeakyReLU", place.layer).slope),
    GELU: lambda place: 'nn.GELU(approximate="tanh")',
    SiLU: lambda place: "nn.SiLU()",
    Tanh: lambda place: "nn.Tanh()",
    Sigmoid: lambda place: "nn.Sigmoid()",
}
