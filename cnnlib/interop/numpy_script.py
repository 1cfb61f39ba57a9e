"""A network as one Python file that needs nothing but NumPy.

The file holds the functions of the layers that the network uses (copied from
:mod:`cnnlib.interop.standalone`), the network as one function a stranger can read from top to
bottom, and the weights as text at its end. It can be run on files and imported.
"""

from __future__ import annotations

import base64
import inspect
import io
import textwrap
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from cnnlib.interop import standalone
from cnnlib.interop.source_text import in_docstring, list_literal, options
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

_HEAD = '''\
#!/usr/bin/env python3
"""{title}.

    python {file} images.npy
    python {file} t10k-images-idx3-ubyte.gz --all

Needs Python 3.9 or newer and NumPy, nothing else. In Python: from {module} import predict.
Written by cnn-tui. The weights are the text at the end.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import io
import math
import os
import sys
import zlib
from collections.abc import Callable, Sequence

import numpy as np

CLASSES = {classes}
INPUT_SHAPE = {shape}  # channels, height, width

'''
_PREDICT = '''\
def predict(images):
    """Probabilities (N, {classes}) of the classes, for bytes or for floats in [0, 1]."""
    pixels = as_pixels(images, INPUT_SHAPE)
    parts = [softmax(network(pixels[i : i + 100], ARRAYS)) for i in range(0, len(pixels), 100)]
    return np.concatenate(parts) if parts else np.empty((0, {classes}), np.float32)


'''
_TAIL = '''"""
ARRAYS = {}  # of each layer: weight, bias, running mean and variance, as far as it has them
for name, array in np.load(io.BytesIO(base64.b64decode(WEIGHTS)), allow_pickle=False).items():
    ARRAYS.setdefault(name.rpartition(".")[0], []).append(array)

if __name__ == "__main__":
    main(predict, CLASSES)
'''
_ALWAYS = ("softmax", "as_pixels", "read_images", "main")


def to_script(trained: TrainedModel, file: str = "predict.py") -> str:
    """The source of the script.

    Args:
        trained: what it predicts with.
        file: what the script will be called, for its own help.

    Raises:
        SpecificationError: a layer is unknown here.
    """
    model = trained.model
    used: dict[str, None] = {}  # a set in order
    lines = list(_lines(placed(model.layers, model.input_shape), "x", used))
    network = [
        "def network(x, w):",
        f'    """Pixels (N, {", ".join(map(str, model.input_shape))}) in [0, 1] to logits '
        f'(N, {model.classes}); w holds the arrays of each layer."""',
        *(f"    {line}" for line in lines),
        "    return x",
    ]
    functions = [*used, *(name for name in _ALWAYS if name not in used)]
    return "".join(
        (
            _HEAD.format(
                title=in_docstring(trained.title),
                file=in_docstring(file),
                module=in_docstring(file.removesuffix(".py")),
                classes=list_literal(trained.classes),
                shape=repr(model.input_shape),
            ),
            "\n",
            "\n".join(network),
            "\n\n\n",
            _PREDICT.format(classes=model.classes),
            "\n".join(_source(name) for name in functions),
            '\nWEIGHTS = """\n',
            "\n".join(textwrap.wrap(_packed(trained), 120)),
            "\n",
            _TAIL,
        )
    )


def _packed(trained: TrainedModel) -> str:
    arrays: dict[str, Any] = {
        name: np.ascontiguousarray(array, np.float32)
        for name, array in trained.model.tensors().items()
    }
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return base64.b64encode(file.getvalue()).decode()


def _source(name: str) -> str:
    return inspect.getsource(getattr(standalone, name)) + "\n"


# ------------------------------------------------------------------- one line of source a layer


def _lines(places: list[Placed], x: str, used: dict[str, None]) -> list[str]:
    """The lines that take ``x`` through the layers, in place; ``used`` gains their functions."""
    lines: list[str] = []
    for place in places:
        if isinstance(place.layer, Residual):
            lines += _residual(place, place.layer, x, used)
        elif not isinstance(place.layer, Dropout):  # which does nothing when inferring
            write = _WRITERS.get(type(place.layer))
            if write is None:
                raise no_counterpart("the NumPy script", place)
            function, *arguments = write(place)
            used |= dict.fromkeys((*_NEEDS.get(function, ()), function))
            lines.append(f"{x} = {function}({', '.join((x, *arguments))})")
    return lines


def _residual(place: Placed, layer: Residual, x: str, used: dict[str, None]) -> list[str]:
    """f(x) + g(x), each side in a variable of its own."""
    main, side = f"{x}_main", f"{x}_side"
    lines = [f"{main} = {side} = {x}  # {place.name}"]
    for name, prefix, layers in ((main, "", layer.layers), (side, "shortcut.", layer.shortcut)):
        inside = placed(layers, place.input_shape, f"{place.name}.{prefix}")
        lines += _lines(inside, name, used)
    return [*lines, f"{x} = {main} + {side}"]


def _arrays(place: Placed) -> str:
    return f'*w["{place.name}"]'


def _conv(place: Placed) -> list[str]:
    layer = cast("Conv2d", place.layer)
    given = {
        "stride": (layer.stride, 1),
        "padding": (layer.border, 0),
        "dilation": (layer.dilation, 1),
        "groups": (layer.groups, 1),
    }
    return ["conv2d", _arrays(place), *options(given)]


def _pool(function: str) -> Callable[[Placed], list[str]]:
    def write(place: Placed) -> list[str]:
        layer = cast("MaxPool2d | AvgPool2d", place.layer)
        return [function, f"kernel={layer.kernel}", f"stride={layer.step}"]

    return write


def _norm(function: str) -> Callable[[Placed], list[str]]:
    def write(place: Placed) -> list[str]:
        layer = cast("BatchNorm2d | LayerNorm", place.layer)
        return [function, _arrays(place), f"eps={layer.eps!r}"]

    return write


_NEEDS = {
    "conv2d": ("windows",),
    "max_pool2d": ("windows",),
    "avg_pool2d": ("windows",),
    "silu": ("sigmoid",),
}
_WRITERS: dict[type[Layer], Callable[[Placed], list[str]]] = {
    Conv2d: _conv,
    Dense: lambda place: ["dense", _arrays(place)],
    Flatten: lambda place: ["flatten"],
    MaxPool2d: _pool("max_pool2d"),
    AvgPool2d: _pool("avg_pool2d"),
    GlobalAvgPool2d: lambda place: ["global_avg_pool2d"],
    BatchNorm2d: _norm("batch_norm2d"),
    LayerNorm: _norm("layer_norm"),
    ReLU: lambda place: ["relu"],
    LeakyReLU: lambda place: ["leaky_relu", f"slope={cast('LeakyReLU', place.layer).slope!r}"],
    GELU: lambda place: ["gelu"],
    SiLU: lambda place: ["silu"],
    Tanh: lambda place: ["tanh"],
    Sigmoid: lambda place: ["sigmoid"],
}
