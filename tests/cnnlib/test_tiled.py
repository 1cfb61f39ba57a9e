"""A convolution tile by tile is the convolution, whatever the tiles and whatever was in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib import Sequential
from cnnlib.arrays import Draw
from cnnlib.kernels import rows, tiled
from cnnlib.kernels.convolution import Convolution, Geometry
from cnnlib.kernels.tails import ConvolutionBias
from cnnlib.plan import Plan


@st.composite
def geometries(draw: st.DrawFn) -> tuple[Geometry, int]:
    """What the kernel accepts, perhaps cropped below and on the right; and a number of images."""
    kernel = draw(st.integers(1, 5))
    padding = draw(st.integers(0, (kernel - 1) // 2))
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    least = max(1, kernel - 2 * padding)
    height, width = draw(st.integers(least, 11)), draw(st.integers(least, 11))
    geometry = Geometry(
        (groups * draw(st.integers(1, 3)), height, width),
        (
            groups * draw(st.integers(1, 3)),
            draw(st.integers(1, height + 2 * padding - kernel + 1)),
            draw(st.integers(1, width + 2 * padding - kernel + 1)),
        ),
        kernel,
        padding=padding,
        groups=groups,
    )
    return geometry, draw(st.sampled_from([1, 2, 5, 16]))


@settings(deadline=None, max_examples=150)
@given(
    what=geometries(),
    tile=st.integers(1, 3000),
    run=st.integers(1, 40),
    relu=st.booleans(),
    biased=st.booleans(),
)
def test_tiles_change_nothing(
    what: tuple[Geometry, int], tile: int, run: int, relu: bool, biased: bool
) -> None:
    geometry, n = what
    rng = np.random.default_rng(0)
    channels, height, width = geometry.input_shape
    filters, out_height, out_width = geometry.output_shape
    depth = channels // geometry.groups
    weight = rng.normal(size=(filters, geometry.kernel, geometry.kernel, depth))
    bias = rng.normal(size=filters) if biased else None
    gradients = [(np.zeros_like(weight), np.zeros(filters)) for _ in range(2)]
    (d_weight, d_bias), (expected_d_weight, expected_d_bias) = gradients
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiled, "_TILE", tile)
        patch.setattr(tiled, "_RUN", run)
        kernel = tiled.TiledConvolution(
            geometry, weight, d_weight, bias, d_bias, n, relu=relu, input_gradient=True
        )
    expected = ConvolutionBias(
        Convolution(geometry, weight, expected_d_weight, n),
        bias,
        expected_d_bias,
        n,
        relu=relu,
        train=True,
    )
    for _ in range(2):  # the second time over the numbers of the first
        x = rng.normal(size=(height, channels, width, n))
        dy = rng.normal(size=(out_height, filters, out_width, n))
        np.testing.assert_allclose(kernel.forward(x), expected.forward(x), atol=1e-12)
        np.testing.assert_allclose(kernel.backward(dy), expected.backward(dy), atol=1e-12)
    np.testing.assert_allclose(d_weight, expected_d_weight, atol=1e-11)
    np.testing.assert_allclose(d_bias, expected_d_bias, atol=1e-11)


@pytest.mark.parametrize(("n", "kind"), [(1, "Convolution"), (64, "TiledConvolution")])
def test_only_a_large_image_is_cut(n: int, kind: str) -> None:
    layers = (
        'Conv2d(32, kernel=3, padding="same")\nBatchNorm2d()\nConv2d(32, kernel=3, padding="same")'
    )
    model = Sequential.parse(layers, (3, 32, 32))
    plan = Plan(model.layers, (3, 32, 32), n, model.store, train=True)
    last: Any = plan.chain.kernels[-1]
    assert type(getattr(last, "_convolution", last)).__name__ == kind


def test_a_net_that_is_cut_is_the_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """Residual blocks, normalisation and their fused ReLUs, tile by tile and not."""
    layers = (
        'Conv2d(4, kernel=3, padding="same")\nBatchNorm2d()\nReLU()\n'
        'Residual([Conv2d(4, kernel=3, padding="same"), BatchNorm2d(), ReLU(), '
        'Conv2d(4, kernel=3, padding="same"), BatchNorm2d()])\nReLU()\n'
        "Residual([Conv2d(6, kernel=3, padding=1), ReLU()], shortcut=[Conv2d(6, kernel=1)])\n"
        "ReLU()\n"
        "GlobalAvgPool2d()\nDense(3)"
    )
    rng = np.random.default_rng(1)
    images = rng.random((6, 2, 9, 9))
    found = []
    for cut in (False, True):
        monkeypatch.setattr(
            tiled, "suits", lambda geometry, n, cut=cut: cut and geometry.stride == 1
        )
        monkeypatch.setattr(tiled, "_TILE", 300)
        monkeypatch.setattr(tiled, "_RUN", 12)
        model = Sequential.parse(layers, (2, 9, 9), seed=3, dtype=np.float64)
        plan = Plan(model.layers, (2, 9, 9), 6, model.store, train=True, input_gradient=True)
        logits = plan.forward(images, Draw(0, "x", (), 0, 6)).copy()
        dx = plan.backward(np.cos(logits))
        assert dx is not None
        found.append((logits, dx.copy(), model.store.flat_gradients.copy()))
    for plain, by_tiles in zip(*found, strict=True):
        assert np.abs(plain).max() > 1e-3
        np.testing.assert_allclose(by_tiles, plain, atol=1e-10)


@pytest.mark.parametrize("numbers", [1, 40, 1 << 16])
def test_rows_in_parts_change_nothing(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of normalisation and residual sums with their ReLUs, against each layer by itself."""
    layers = (
        "BatchNorm2d()\nReLU()\nResidual([Conv2d(2, kernel=1)])\nReLU()\n"
        "Residual([Conv2d(3, kernel=1)], shortcut=[Conv2d(3, kernel=1), BatchNorm2d()])\nReLU()"
    )
    images = np.random.default_rng(2).normal(size=(5, 2, 7, 3))
    found = []
    for fuse in (True, False):
        monkeypatch.setattr(rows, "_PART", numbers if fuse else 1 << 30)
        model = Sequential.parse(layers, (2, 7, 3), seed=5, dtype=np.float64)
        plan = Plan(
            model.layers, (2, 7, 3), 5, model.store, train=True, fuse=fuse, input_gradient=True
        )
        y = plan.forward(images, Draw(0, "x", (), 0, 5)).copy()
        dx = plan.backward(np.cos(y))
        assert dx is not None
        found.append((y, dx.copy(), model.store.flat_gradients.copy()))
    for fused, alone in zip(*found, strict=True):
        assert np.abs(alone).max() > 1e-3
        np.testing.assert_allclose(fused, alone, atol=1e-10)
