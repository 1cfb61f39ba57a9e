"""Products give the same numbers however many pieces their columns are cut into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.arrays import Draw
from cnnlib.kernels import products
from cnnlib.model import Sequential
from cnnlib.plan import Plan

NETS = {
    "5x5 same": 'Conv2d(3, kernel=5, padding="same")\nReLU()\nFlatten()\nDense(4)',
    "7x7 pooled": "Conv2d(4, kernel=7)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(4)",
    "groups": "Conv2d(4, kernel=5, groups=2)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(4)",
    "dilation": "Conv2d(3, kernel=5, dilation=2)\nFlatten()\nDense(4)",
    "Winograd": "Conv2d(16)\nReLU()\nConv2d(16)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(4)",
}
N = 32


@pytest.mark.parametrize("net", NETS)
def test_pieces_change_nothing(net: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = np.maximum(rng.normal(size=(N, 2, 12, 12)), 0.0)
    cotangent = rng.normal(size=(4, N))

    def outcome() -> list[np.ndarray]:
        model = Sequential.parse(NETS[net], (2, 12, 12), dtype=np.float64)
        plan = Plan(
            model.layers, model.input_shape, N, model.store, train=True, input_gradient=True
        )
        kernel = plan.chain.kernels[-3]
        counts.append(getattr(kernel, "_convolution", kernel)._pieces)  # type: ignore[attr-defined]
        logits = plan.forward(x, Draw(0, "pieces", (), 0, N)).copy()
        dx = plan.backward(cotangent)
        assert dx is not None
        return [logits, dx.copy(), model.flat_gradients.copy()]

    counts: list[int] = []
    whole = outcome()
    monkeypatch.setattr(products, "_IN_PLACE", 1 << 13)
    for once, again in zip(whole, outcome(), strict=True):
        np.testing.assert_allclose(again, once, rtol=0, atol=1e-11)
    assert counts[0] == 1
    assert counts[1] > 1


@given(rows=st.integers(1, 512), inner=st.integers(1, 5000), columns=st.integers(1, 5000))
def test_pieces_share_the_columns_evenly(rows: int, inner: int, columns: int) -> None:
    count = products.pieces(rows, inner, columns)
    assert columns % count == 0
    if count > 1:
        assert rows * inner * columns > products._IN_PLACE
        assert rows * inner * (columns // count) <= products._IN_PLACE
        assert columns // count % 16 == 0
