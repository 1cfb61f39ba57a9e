"""A network as an ONNX model: one graph that any ONNX runtime computes.

The graph takes bytes, (N, C, H, W) uint8 as the images are stored, and scales them by 1/255
itself, so nobody can feed pixels in another range. N is free. It gives ``probabilities`` and
``logits``, both (N, K). Dropout, which does nothing when inferring, is left out.

Operator set 17 of 2022 is the first that has LayerNormalization, and old enough for every runtime
in use; the tanh form of GELU, an operator only since 20, is written out in simpler ones.
See https://onnx.ai/onnx/operators.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array
from cnnlib.errors import SpecificationError
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

OPSET, IR_VERSION = 17, 8
LARGEST = (1 << 31) - (1 << 20)  # bytes of one protocol buffer, less what is not weights


def to_onnx(trained: TrainedModel) -> bytes:
    """The model as the bytes of an ``.onnx`` file, looked through by ``onnx.checker``.

    Raises:
        SpecificationError: the package onnx is not installed, a layer has no counterpart, or the
            weights are larger than such a file can be.
    """
    onnx = _package()
    model = trained.model
    tensors = model.tensors()
    if sum(array.nbytes for array in tensors.values()) > LARGEST:
        raise SpecificationError(
            "the weights",
            expected="less than 2 GiB, all that an ONNX file holds",
            received="more",
            advice="Export safetensors instead.",
        )
    graph = _Graph(onnx.helper, tensors)
    x = graph.node("Cast", ["image"], "image/float", to=onnx.TensorProto.FLOAT)
    x = graph.node("Mul", [x, graph.constant("1/255", 1 / 255)], "pixels")
    for place in placed(model.layers, model.input_shape):
        x = _translate(graph, place, x)
    graph.node("Identity", [x], "logits")
    graph.node("Softmax", ["logits"], "probabilities", axis=1)

    value = onnx.helper.make_tensor_value_info
    number, byte, k = onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8, len(trained.classes)
    built = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            trained.run or "network",
            [value("image", byte, ["N", *model.input_shape])],
            [value(name, number, ["N", k]) for name in ("probabilities", "logits")],
            [onnx.numpy_helper.from_array(a, name) for name, a in graph.arrays.items()],
            doc_string=trained.title,
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="cnn-tui",
    )
    words = trained.words() | {
        "input": "image: uint8 (N, C, H, W), 0 to 255; the graph scales it by 1/255"
    }
    onnx.helper.set_model_props(built, words)
    onnx.checker.check_model(built, full_check=True)
    return cast("bytes", built.SerializeToString())


def _package() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise SpecificationError(
            "the export to ONNX",
            expected="the package onnx",
            received="none",
            advice="Install the extra: pip install 'cnn-tui[onnx]'.",
        ) from None
    return onnx


class _Graph:
    """Nodes and the arrays that they read; every value is called after the layer it comes from."""

    def __init__(self, helper: Any, tensors: dict[str, Array]) -> None:
        self._helper, self._tensors = helper, tensors
        self.nodes: list[Any] = []
        self.arrays: dict[str, NDArray[np.float32]] = {}

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Append an operator; its output is also its name."""
        self.nodes.append(
            self._helper.make_node(operator, inputs, [output], name=output, **attributes)
        )
        return output

    def constant(self, name: str, value: float) -> str:
        """A number that nodes read; many may read the same one."""
        self.arrays[name] = np.array(value, np.float32)
        return name

    def weights(self, place: Placed, *names: str) -> list[str]:
        """Those arrays of a layer that it has."""
        found = [
            f"{place.name}.{name}" for name in names if f"{place.name}.{name}" in self._tensors
        ]
        for name in found:
            self.arrays[name] = np.ascontiguousarray(self._tensors[name], np.float32)
        return found


def _translate(graph: _Graph, place: Placed, x: str) -> str:
    write = _WRITERS.get(type(place.layer))
    if write is None:
        raise no_counterpart("ONNX", place)
    return write(graph, place, x)


def _conv(graph: _Graph, place: Placed, x: str) -> str:
    layer = cast("Conv2d", place.layer)
    return graph.node(
        "Conv",
        [x, *graph.weights(place, "weight", "bias")],
        place.name,
        kernel_shape=[layer.kernel] * 2,
        strides=[layer.stride] * 2,
        pads=[layer.border] * 4,
        dilations=[layer.dilation] * 2,
        group=layer.groups,
    )


def _dense(graph: _Graph, place: Placed, x: str) -> str:
    return graph.node("Gemm", [x, *graph.weights(place, "weight", "bias")], place.name, transB=1)


def _pool(operator: str) -> _Writer:
    def write(graph: _Graph, place: Placed, x: str) -> str:
        layer = cast("MaxPool2d | AvgPool2d", place.layer)
        return graph.node(
            operator,
            [x],
            place.name,
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.step] * 2,
        )

    return write


def _global_pool(graph: _Graph, place: Placed, x: str) -> str:
    means = graph.node("GlobalAveragePool", [x], f"{place.name}/means")
    return graph.node("Flatten", [means], place.name, axis=1)


def _batch_norm(graph: _Graph, place: Placed, x: str) -> str:
    arrays = graph.weights(place, "weight", "bias", "running_mean", "running_var")
    epsilon = cast("BatchNorm2d", place.layer).eps
    return graph.node("BatchNormalization", [x, *arrays], place.name, epsilon=epsilon)


def _layer_norm(graph: _Graph, place: Placed, x: str) -> str:
    arrays = graph.weights(place, "weight", "bias")
    epsilon = cast("LayerNorm", place.layer).eps
    return graph.node("LayerNormalization", [x, *arrays], place.name, axis=1, epsilon=epsilon)


def _dropout(graph: _Graph, place: Placed, x: str) -> str:
    return x


def _elementwise(operator: str) -> _Writer:
    return lambda graph, place, x: graph.node(operator, [x], place.name)


def _leaky_relu(graph: _Graph, place: Placed, x: str) -> str:
    slope = cast("LeakyReLU", place.layer).slope
    return graph.node("LeakyRelu", [x], place.name, alpha=slope)


def _silu(graph: _Graph, place: Placed, x: str) -> str:
    share = graph.node("Sigmoid", [x], f"{place.name}/sigmoid")
    return graph.node("Mul", [x, share], place.name)


def _gelu(graph: _Graph, place: Placed, x: str) -> str:
    """x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""

    def step(operator: str, a: str, b: str | float, output: str) -> str:
        b = b if isinstance(b, str) else graph.constant(repr(b), b)
        return graph.node(operator, [a, b], f"{place.name}/{output}")

    square = step("Mul", x, x, "square")
    cube = step("Mul", square, x, "cube")
    bent = step("Add", x, step("Mul", cube, 0.044715, "part"), "bent")
    scaled = step("Mul", bent, math.sqrt(2 / math.pi), "scaled")
    tanh = graph.node("Tanh", [scaled], f"{place.name}/tanh")
    share = step("Mul", step("Add", tanh, 1.0, "above"), 0.5, "share")
    return graph.node("Mul", [x, share], place.name)


def _residual(graph: _Graph, place: Placed, x: str) -> str:
    layer = cast("Residual", place.layer)
    sides = []
    for prefix, layers in (("", layer.layers), ("shortcut.", layer.shortcut)):
        y = x
        for inner in placed(layers, place.input_shape, f"{place.name}.{prefix}"):
            y = _translate(graph, inner, y)
        sides.append(y)
    return graph.node("Add", sides, place.name)


_Writer = Callable[[_Graph, Placed, str], str]
_WRITERS: dict[type[Layer], _Writer] = {
    Conv2d: _conv,
    Dense: _dense,
    Flatten: lambda graph, place, x: graph.node("Flatten", [x], place.name, axis=1),
    MaxPool2d: _pool("MaxPool"),
    AvgPool2d: _pool("AveragePool"),
    GlobalAvgPool2d: _global_pool,
    BatchNorm2d: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: _dropout,
    ReLU: _elementwise("Relu"),
    LeakyReLU: _leaky_relu,
    GELU: _gelu,
    SiLU: _silu,
    Tanh: _elementwise("Tanh"),
    Sigmoid: _elementwise("Sigmoid"),
    Residual: _residual,
}
