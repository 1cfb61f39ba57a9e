"""A pooled convolution gives the same numbers however many rows its blocks have."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlib.arrays import Draw
from cnnlib.layers import convolution
from cnnlib.model import Sequential
from cnnlib.plan import Plan

NETS = {
    "5x5 same": 'Conv2d(3, kernel=5, padding="same")\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(4)',
    "without ReLU": "Conv2d(3, kernel=3)\nMaxPool2d(2)\nFlatten()\nDense(4)",
    "stride": "Conv2d(3, kernel=3, stride=2, padding=1)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(4)",
    "groups": "Conv2d(4, kernel=3, groups=2)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(4)",
    "dilation": "Conv2d(3, kernel=3, dilation=2)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(4)",
    "two": "Conv2d(3)\nReLU()\nMaxPool2d(2)\nConv2d(4, 2)\nMaxPool2d(2)\nFlatten()\nDense(4)",
}


@pytest.mark.parametrize("rows", [2, 4, 6])
@pytest.mark.parametrize("net", NETS)
def test_blocks_of_rows_change_nothing(
    net: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x = np.maximum(rng.normal(size=(3, 2, 23, 21)), 0.0)  # half of it flat: ties
    cotangent = rng.normal(size=(4, 3))

    def outcome() -> list[np.ndarray]:
        model = Sequential.parse(NETS[net], (2, 23, 21), dtype=np.float64)
        plan = Plan(
            model.layers, model.input_shape, 3, model.store, train=True, input_gradient=True
        )
        logits = plan.forward(x, Draw(0, "blocks", (), 0, 3)).copy()
        dx = plan.backward(cotangent)
        assert dx is not None
        kernel = plan.chain.kernels[0]
        counts.append(len(kernel._blocks))  # type: ignore[attr-defined]
        return [logits, dx.copy(), model.flat_gradients.copy()]

    counts: list[int] = []
    whole = outcome()
    per_row = 3 * 4 * 23  # at least as many numbers as a row of the first convolution has
    monkeypatch.setattr(convolution, "BLOCK", rows * per_row // 2)
    for once, again in zip(whole, outcome(), strict=True):
        np.testing.assert_allclose(again, once, rtol=0, atol=1e-12)
    assert counts[0] == 1
    assert counts[1] > 1
