"""A network as Keras source, channels last as Keras works best, with the weights in an NPZ file.

The weights are stored as PyTorch orders axes; the source turns them itself. Where Keras means
other things by the same words the source says what ours mean: momentum is 1 - ours, zeros are
padded apart ("same" with a step pads one side more than the other in Keras), images are turned to
channels first before they are flattened. See https://keras.io/api/layers.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from cnnlib.arrays import Shape
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

Needs Keras 3 with any backend, and NumPy; the weights are in {weights} beside this file.
Written by cnn-tui.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

CLASSES = {classes}
ARRAYS = {{  # of each layer, in the order of Keras
{arrays}
}}


def network():
    """Pixels in [0, 1], (N, {shape}), to logits (N, {classes_count})."""
    inputs = x = keras.Input(({shape}))
{lines}
    return keras.Model(inputs, x)


def in_keras_order(array):
    """(filters, channels, rows, columns) to (rows, columns, channels, filters), and so on."""
    return array.transpose({{4: (2, 3, 1, 0), 3: (1, 2, 0), 2: (1, 0), 1: (0,)}}[array.ndim])


def load(weights=Path(__file__).with_suffix(".npz")):
    """The trained network."""
    net = network()
    with np.load(weights, allow_pickle=False) as stored:
        for name, arrays in ARRAYS.items():
            net.get_layer(name).set_weights([in_keras_order(stored[array]) for array in arrays])
    return net


def predict(net, images):
    """Probabilities (N, {classes_count}) for images (N, {shape}): bytes, or floats in [0, 1]."""
    pixels = np.asarray(images)
    if pixels.dtype == np.uint8:
        pixels = pixels / np.float32(255)
    logits = net(pixels.astype("float32"), training=False)
    return ops.convert_to_numpy(ops.softmax(logits))


if __name__ == "__main__":
    for number, row in enumerate(predict(load(), np.load(sys.argv[1], allow_pickle=False))):
        best = int(row.argmax())
        print(number, CLASSES[best], f"{{row[best]:.6f}}", sep="\\t")
'''


_HERE = "<x>"  # stands in an expression for the value that goes in


def to_keras(trained: TrainedModel, file: str = "network.py") -> str:
    """The source of the network in Keras 3.

    Args:
        trained: the network.
        file: what the source will be called; the weights have the same name.

    Raises:
        SpecificationError: a layer is unknown here.
    """
    model = trained.model
    places = placed(model.layers, model.input_shape)
    arrays = [
        f"    {literal(_keras_name(layer))}: {list_literal(names)},"
        for layer, names in _arrays_by_layer(trained).items()
    ]
    return _FILE.format(
        title=in_docstring(trained.title),
        file=in_docstring(file),
        weights=in_docstring(file.removesuffix(".py") + ".npz"),
        shape=", ".join(map(str, _channels_last(model.input_shape))),
        classes=list_literal(trained.classes),
        classes_count=model.classes,
        arrays="\n".join(arrays),
        lines=indented(_lines(places, "x"), 4),
    )


def to_npz(trained: TrainedModel) -> bytes:
    """The weights that the source loads, under our names."""
    arrays: dict[str, Any] = {
        name: np.ascontiguousarray(array) for name, array in trained.model.tensors().items()
    }
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _channels_last(shape: Shape) -> Shape:
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def _keras_name(name: str) -> str:
    """A name without dots, which not every backend allows."""
    return name.replace(".", "_")


def _arrays_by_layer(trained: TrainedModel) -> dict[str, list[str]]:
    """weight, bias, running_mean, running_var of each layer, as Keras orders them too."""
    found: dict[str, list[str]] = {}
    for name in trained.model.tensors():
        found.setdefault(name.rpartition(".")[0], []).append(name)
    return found


# ----------------------------------------------------------------------- lines of source a layer


def _lines(places: Sequence[Placed], x: str) -> list[str]:
    """The lines that take ``x`` through the layers, in place."""
    lines = []
    for place in places:
        if isinstance(place.layer, Residual):
            lines += _residual(place, place.layer, x)
            continue
        write = _WRITERS.get(type(place.layer))
        if write is None:
            raise no_counterpart("the Keras source", place)
        steps = [f"{x} = {step.replace(_HERE, x)}" for step in write(place)]
        steps[-1] += f"  # {show(_channels_last(place.output_shape))}"
        lines += steps
    return lines


def _residual(place: Placed, layer: Residual, x: str) -> list[str]:
    main, side = f"{x}_main", f"{x}_side"
    lines = [f"{main} = {side} = {x}  # {place.name}"]
    for name, prefix, layers in ((main, "", layer.layers), (side, "shortcut.", layer.shortcut)):
        lines += _lines(placed(layers, place.input_shape, f"{place.name}.{prefix}"), name)
    return [*lines, f"{x} = layers.Add()([{main}, {side}])"]


def _call(layer: str, *arguments: object, **optional: tuple[object, object]) -> str:
    return f"layers.{layer}({', '.join([*map(literal, arguments), *options(optional)])})({_HERE})"


def _conv(place: Placed) -> list[str]:
    layer = cast("Conv2d", place.layer)
    keeps_size = layer.stride == 1 and layer.border and 2 * layer.border == layer.reach - 1
    # Keras has no convolution with both a dilation and a step: every step-th number is taken after
    apart = layer.stride > 1 and layer.dilation > 1
    steps = []
    if layer.border and not keeps_size:
        steps.append(_call("ZeroPadding2D", layer.border))
    steps.append(
        _call(
            "Conv2D",
            layer.filters,
            layer.kernel,
            strides=(1 if apart else layer.stride, 1),
            padding=("same" if keeps_size else "valid", "valid"),
            dilation_rate=(layer.dilation, 1),
            groups=(layer.groups, 1),
            use_bias=(layer.bias, True),
            name=(_keras_name(place.name), ""),
        )
    )
    if apart:
        steps.append(_call("MaxPooling2D", 1, strides=(layer.stride, 1)))
    return steps


def _dense(place: Placed) -> list[str]:
    layer = cast("Dense", place.layer)
    name = (_keras_name(place.name), "")
    return [_call("Dense", layer.units, use_bias=(layer.bias, True), name=name)]


def _pool(name: str) -> Callable[[Placed], list[str]]:
    def write(place: Placed) -> list[str]:
        layer = cast("MaxPool2d | AvgPool2d", place.layer)
        return [_call(name, layer.kernel, strides=(layer.step, layer.kernel))]

    return write


def _batch_norm(place: Placed) -> list[str]:
    layer = cast("BatchNorm2d", place.layer)
    return [
        _call(
            "BatchNormalization",
            momentum=(round(1 - layer.momentum, 12), None),
            epsilon=(layer.eps, None),
            name=(_keras_name(place.name), ""),
        )
    ]


def _layer_norm(place: Placed) -> list[str]:
    layer = cast("LayerNorm", place.layer)
    axes = list(range(1, len(place.input_shape) + 1))
    name = (_keras_name(place.name), "")
    return [
        _call("LayerNormalization", axis=(axes, None), epsilon=(layer.eps, None), name=name),
    ]


_WRITERS: dict[type[Layer], Callable[[Placed], list[str]]] = {
    Conv2d: _conv,
    Dense: _dense,
    Flatten: lambda place: [_call("Permute", (3, 1, 2)), _call("Flatten")],
    MaxPool2d: _pool("MaxPooling2D"),
    AvgPool2d: _pool("AveragePooling2D"),
    GlobalAvgPool2d: lambda place: [_call("GlobalAveragePooling2D")],
    BatchNorm2d: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: lambda place: [_call("Dropout", cast("Dropout", place.layer).rate)],
    ReLU: lambda place: [_call("ReLU")],
    LeakyReLU: lambda place: [
        _call("LeakyReLU", negative_slope=(cast("LeakyReLU", place.layer).slope, None))
    ],
    GELU: lambda place: [f"ops.gelu({_HERE}, approximate=True)"],
    SiLU: lambda place: [_call("Activation", "silu")],
    Tanh: lambda place: [_call("Activation", "tanh")],
    Sigmoid: lambda place: [_call("Activation", "sigmoid")],
}
