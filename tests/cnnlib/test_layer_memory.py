"""A planned kernel works in the memory that it was given: nothing large is allocated in a step."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from layer_cases import Bench, Case, batch_last, cotangent, images

from cnnlib.layers import Dropout, Layer
from cnnlib.text import family

SHAPE, N = (16, 16, 16), 64  # of float32, a MiB a batch
SMALL = 1 << 17  # bytes, an eighth of that: room for the buffers in which a ufunc casts

NETWORKS = [
    "Conv2d(16)",
    'Conv2d(16, padding="same", groups=16)',
    "Conv2d(16, stride=2, padding=1)",
    "Conv2d(16, dilation=2, padding=2)",
    "Conv2d(16, kernel=5, padding=2); ReLU(); MaxPool2d(2)",
    "Conv2d(16, padding=1); ReLU(); MaxPool2d(2)",
    "MaxPool2d(3, stride=2)",
    "AvgPool2d(2)",
    "GlobalAvgPool2d()",
    "Flatten(); Dense(64); ReLU()",
    "BatchNorm2d()",
    "LayerNorm()",
    *(f"{name}()" for name in ("ReLU", "LeakyReLU", "GELU", "SiLU", "Tanh", "Sigmoid")),
    'Residual([Conv2d(16, padding="same")])',
]


def test_every_layer_but_dropout_is_here() -> None:
    """Dropout draws new random numbers at every call."""
    text = " ".join(NETWORKS)
    missing = [cls for name, cls in family(Layer).items() if f"{name}(" not in text]
    assert missing == [Dropout]


@pytest.mark.parametrize("text", NETWORKS)
@pytest.mark.parametrize("train", [True, False], ids=["train", "infer"])
def test_a_step_allocates_nothing_large(text: str, train: bool) -> None:
    case = Case(text.replace("; ", "\n"), SHAPE, (), 0, 0)
    bench = Bench(case, N, train=train, dtype=np.float32)
    x = images(case, N, dtype=np.float32)
    dy = batch_last(cotangent(bench.forward(x)))
    bench.plan.backward(dy)
    tracemalloc.start()
    try:
        bench.plan.forward(x, bench.draw)
        bench.plan.backward(dy)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < SMALL
