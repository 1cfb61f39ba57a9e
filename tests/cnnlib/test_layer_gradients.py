"""Every gradient of every layer against central differences, and proof that the check can fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_cases import CASES, FLAT, SMOOTH, Bench, Case, batch_last, check_gradients, images

from cnnlib.layers import Layer, Residual
from cnnlib.text import family

RIGHT = 1e-7  # a right gradient is nearer to central differences in float64
WRONG = 1e-3  # and a wrong one is farther

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def _inside(layers: tuple[Layer, ...]) -> set[type[Layer]]:
    found: set[type[Layer]] = set()
    for layer in layers:
        found.add(type(layer))
        if isinstance(layer, Residual):
            found |= _inside(layer.layers) | _inside(layer.shortcut)
    return found


def test_every_layer_of_the_registry_has_a_case() -> None:
    covered = set().union(*(_inside(case.layers) for case in CASES))
    assert covered == set(family(Layer).values())


@every_case
@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "unfused"])
@pytest.mark.parametrize("n", [1, 3])
def test_gradients_are_those_of_central_differences(case: Case, n: int, fuse: bool) -> None:
    worst = check_gradients(Bench(case, n, fuse=fuse), images(case, n, SMOOTH))
    assert worst.error < RIGHT, worst


@pytest.mark.parametrize("case", [c for c in CASES if c.text.startswith("Conv2d")], ids=str)
@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "unfused"])
def test_gradients_of_weights_are_right_on_a_flat_ground(case: Case, fuse: bool) -> None:
    # Flat ground makes ties between equal patches: the weights move them together, so the
    # derivative by the weights exists, and a gradient that is passed to each of the tied is wrong.
    x = images(case, 2, FLAT)
    assert np.mean(x == 0) > 0.3
    worst = check_gradients(Bench(case, 2, fuse=fuse), x, parameters_only=True)
    assert worst.error < RIGHT, worst


@pytest.mark.parametrize("case", [c for c in CASES if not c.mixes_examples], ids=str)
def test_gradients_of_micro_batches_add_up(case: Case) -> None:
    x = images(case, 4)
    whole, part = Bench(case, 4), Bench(case, 1)
    dy = np.cos(np.arange(whole.forward(x).size)).reshape(4, *case.output_shape)
    expected = whole.backward(dy)
    part.store.flat_gradients.fill(0)
    for place in range(4):
        part.draw = whole.draw.part(place, 1)
        part.forward(x[place : place + 1])
        part.plan.backward(batch_last(dy[place : place + 1]))
    for name, array in part.store.public_gradients.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-11, atol=1e-11, err_msg=name)


# ------------------------------------------------------------------ the check itself
Change = Callable[[np.ndarray, np.ndarray], Any]


class Mutant:
    """A kernel whose backward is spoilt: ``change(dx, dy)`` gives another dx."""

    def __init__(self, kernel: Any, change: Change) -> None:
        self._kernel, self._change = kernel, change
        self.output_shape = kernel.output_shape

    def forward(self, x: np.ndarray, draw: Any) -> np.ndarray:
        return self._kernel.forward(x, draw)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return self._change(self._kernel.backward(dy).copy(), dy)


WRONG_DX: dict[str, Change] = {
    "the other sign": lambda dx, dy: -dx,
    "nothing": lambda dx, dy: np.zeros_like(dx),
    "half": lambda dx, dy: dx / 2,
    "as many times as examples": lambda dx, dy: dx * dx.shape[-1],
    "rows for columns": lambda dx, dy: np.ascontiguousarray(dx.swapaxes(0, 2)),
    "upside down": lambda dx, dy: dx[::-1].copy(),
    "a pixel aside": lambda dx, dy: np.roll(dx, 1, axis=2),
    "a row missing": lambda dx, dy: dx * (np.arange(len(dx)) != 1)[:, None, None, None],
    "the last example missing": lambda dx, dy: dx * (np.arange(dx.shape[-1]) < dx.shape[-1] - 1),
    "the examples exchanged": lambda dx, dy: dx[..., ::-1].copy(),
    "a term for the mean missing": lambda dx, dy: dx + dy.mean(),
}
SQUARE = [
    'Conv2d(2, padding="same")',
    "Conv2d(4, stride=2, padding=1, groups=2)\nReLU()\nMaxPool2d(2)",
    "MaxPool2d(2)",
    "AvgPool2d(3, stride=1)",
    "BatchNorm2d()",
    "LayerNorm()",
    "GELU()",
    'Residual([Conv2d(2, padding="same")])',
]


@pytest.mark.parametrize("text", SQUARE)
@pytest.mark.parametrize("change", WRONG_DX.values(), ids=WRONG_DX.keys())
def test_a_wrong_gradient_by_the_input_is_caught(text: str, change: Change) -> None:
    case = Case(text, (2, 6, 6), (), 0, 0)
    bench = Bench(case, 2)
    bench.plan.chain.kernels[0] = Mutant(bench.plan.chain.kernels[0], change)
    assert check_gradients(bench, images(case, 2)).error > WRONG


def _parameters(text: str) -> list[tuple[str, str]]:
    store = Bench(Case(text, (2, 6, 6), (), 0, 0), 1).store
    return [(text, name) for name in store.public]


WRONG_PARAMETER: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the other sign": lambda g: -g,
    "nothing": np.zeros_like,
    "a mean for a sum": lambda g: g / 2,
    "backwards": lambda g: g.ravel()[::-1].reshape(g.shape),
    "one missing": lambda g: np.where(np.arange(g.size).reshape(g.shape) == g.size - 1, 0, g),
}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pair
        for text in (*SQUARE, "Flatten()\nDense(3)", "Conv2d(2)\nConv2d(2)\nReLU()")
        for pair in _parameters(text)
    ],
)
@pytest.mark.parametrize("change", WRONG_PARAMETER.values(), ids=WRONG_PARAMETER.keys())
def test_a_wrong_gradient_by_a_parameter_is_caught(
    text: str, name: str, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    case = Case(text, (2, 6, 6), (), 0, 0)
    bench = Bench(case, 2)
    right = bench.backward
    bench.backward = lambda dy: {  # type: ignore[method-assign]
        key: change(g) if key == name else g for key, g in right(dy).items()
    }
    worst = check_gradients(bench, images(case, 2))
    assert worst.error > WRONG
    assert worst.array == name


def test_every_tied_number_given_the_gradient_is_caught() -> None:
    # The classical mistake: dx = dy wherever x equals the maximum.
    case = Case("Conv2d(1, kernel=1)\nMaxPool2d(2)", (1, 4, 4), (), 0, 0)
    bench = Bench(case, 2, fuse=False)
    pool = bench.plan.chain.kernels[1]

    class Generous(Mutant):
        def forward(self, x: np.ndarray, draw: Any) -> np.ndarray:
            self.x, self.y = x.copy(), pool.forward(x, draw).copy()
            return self.y

        def backward(self, dy: np.ndarray) -> np.ndarray:
            spread = [a.repeat(2, axis=0).repeat(2, axis=2) for a in (self.y, dy)]
            return np.where(self.x == spread[0], spread[1], 0.0)

    x = images(case, 2, FLAT)
    assert check_gradients(bench, x, parameters_only=True).error < RIGHT
    bench.plan.chain.kernels[1] = Generous(pool, lambda dx, dy: dx)
    assert check_gradients(bench, x, parameters_only=True).error > WRONG
