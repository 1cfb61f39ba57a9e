"""Values, gradients and running statistics of every layer are those of PyTorch, where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from layer_cases import CASES, FLAT, SMOOTH, Bench, Case, cotangent, images

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
from cnnlib.text import family

torch = pytest.importorskip("torch")
nn = torch.nn


class Sum(nn.Module):
    """What a Residual is."""

    def __init__(self, main: Any, side: Any) -> None:
        super().__init__()
        self.main, self.side = main, side

    def forward(self, x: Any) -> Any:
        return self.main(x) + self.side(x)


def theirs(layer: Layer, shape: tuple[int, ...]) -> Any:
    """The module of PyTorch that does what the layer does on (C, H, W) or (D,)."""
    match layer:
        case Conv2d():
            padding = layer.padding
            return nn.Conv2d(
                shape[0],
                layer.filters,
                layer.kernel,
                layer.stride,
                layer.dilation * (layer.kernel - 1) // 2 if padding == "same" else padding,
                layer.dilation,
                layer.groups,
                layer.bias,
            )
        case Dense():
            return nn.Linear(shape[0], layer.units, layer.bias)
        case Flatten():
            return nn.Flatten()
        case ReLU():
            return nn.ReLU()
        case LeakyReLU():
            return nn.LeakyReLU(layer.slope)
        case GELU():
            return nn.GELU(approximate="tanh")
        case SiLU():
            return nn.SiLU()
        case Tanh():
            return nn.Tanh()
        case Sigmoid():
            return nn.Sigmoid()
        case MaxPool2d():
            return nn.MaxPool2d(layer.kernel, layer.stride)
        case AvgPool2d():
            return nn.AvgPool2d(layer.kernel, layer.stride)
        case GlobalAvgPool2d():
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case BatchNorm2d():
            return nn.BatchNorm2d(shape[0], layer.eps, layer.momentum)
        case LayerNorm():
            return nn.LayerNorm(shape, layer.eps)
        case Dropout():
            return nn.Dropout(layer.rate)
        case Residual():
            return Sum(chain(layer.layers, shape), chain(layer.shortcut, shape))
    raise NotImplementedError(f"say what {type(layer).__name__} is in PyTorch")


def chain(layers: Sequence[Layer], shape: tuple[int, ...]) -> Any:
    """The modules of some layers."""
    modules = []
    for layer in layers:
        modules.append(theirs(layer, shape))
        shape = layer.output_shape(shape)
    return nn.Sequential(*modules)


def same_weights(case: Case, bench: Bench) -> Any:
    """The module with the weights of the bench, both in the order of their layers."""
    module = chain(case.layers, case.input_shape).double()
    named = module.state_dict()
    names = [name for name in named if not name.endswith("num_batches_tracked")]
    parameters = [name for name in names if "running" not in name]
    buffers = [name for name in names if "running" in name]
    ours = [*bench.store.public.values(), *bench.store.buffers.values()]
    for name, array in zip([*parameters, *buffers], ours, strict=True):
        named[name].copy_(torch.tensor(np.ascontiguousarray(array)))
    return module


SURE = [case for case in CASES if not case.has_dropout or "Dropout(0.0)" in case.text]


@pytest.mark.parametrize("case", SURE, ids=str)
@pytest.mark.parametrize("kind", [SMOOTH, FLAT])
@pytest.mark.parametrize("n", [1, 3])
def test_training_is_that_of_torch(case: Case, n: int, kind: str) -> None:
    bench, x = Bench(case, n), images(case, n, kind)
    module = same_weights(case, bench).train()
    images_there = torch.tensor(x, requires_grad=True)
    y_there = module(images_there)
    y = bench.forward(x)
    np.testing.assert_allclose(y, y_there.detach().numpy(), rtol=1e-11, atol=1e-11)
    dy = cotangent(y)
    y_there.backward(torch.tensor(dy))
    gradients = bench.backward(dy)
    expected = [images_there.grad, *(p.grad for p in module.parameters())]
    for name, theirs_ in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(
            gradients[name], theirs_.numpy(), rtol=1e-10, atol=1e-10, err_msg=name
        )
    running = [b for name, b in module.named_buffers() if "running" in name]
    for (name, ours), theirs_ in zip(bench.store.buffers.items(), running, strict=True):
        np.testing.assert_allclose(ours, theirs_.numpy(), rtol=1e-11, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_inference_is_that_of_torch(case: Case) -> None:
    bench, x = Bench(case, 2, train=False), images(case, 2)
    module = same_weights(case, bench).eval()
    expected = module(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(bench.forward(x), expected, rtol=1e-11, atol=1e-11)


def test_every_layer_but_dropout_is_compared_in_training() -> None:
    texts = " ".join(case.text for case in SURE)
    assert [name for name in family(Layer) if f"{name}(" not in texts] == []
