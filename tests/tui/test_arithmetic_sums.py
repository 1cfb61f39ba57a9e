"""What is written on the screen adds up to the layer's output, for every kind of layer.

The numbers behind the screen are held to 1e-5 in `tests/cnnlib/test_explain_arithmetic.py`; here a
reader takes the printed terms, which have four decimals, and adds them.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from cnnlib.explain import Place, Trace
from cnnlib.explain.parts import (
    Applied,
    Arithmetic,
    Copied,
    Largest,
    Mean,
    Normalized,
    Pixel,
    Summed,
    WeightedSum,
    WeightedWindow,
)
from cnnlib.explain.places import as_images
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
from cnnlib.model import Sequential
from cnnlib.text import family
from tui.inspection.walking import Walk
from tui.render.arithmetic import arithmetic
from tui.render.number_tables import Sheet, figure
from tui.terminal.abilities import Terminal

NETWORKS: dict[str, list[Layer]] = {
    "plain": [
        Conv2d(6, padding="same"),
        BatchNorm2d(),
        ReLU(),
        MaxPool2d(2),
        Conv2d(8, kernel=5, bias=False),
        Tanh(),
        AvgPool2d(2),
        Flatten(),
        Dense(80),
        LayerNorm(),
        Dense(10),
    ],
    "groups": [
        Conv2d(6, padding=2, dilation=2),
        SiLU(),
        Conv2d(6, groups=3, stride=2, bias=False, padding=1),
        GELU(),
        MaxPool2d(3, stride=1),
        Residual([Conv2d(8, stride=2, padding=1)], [Conv2d(8, kernel=1, stride=2)]),
        LeakyReLU(0.1),
        GlobalAvgPool2d(),
        Dropout(0.2),
        Dense(10, bias=False),
        Sigmoid(),
    ],
}
SHEET = Sheet(150, 44, Terminal(utf8=False))
N = r"(-?\d[\d.e+-]*)"


def a_trace(name: str, seed: int) -> Trace:
    model = Sequential(NETWORKS[name], (2, 14, 14), seed=seed)
    rng = np.random.default_rng(seed)
    for key, array in model.tensors().items():
        if re.search(r"norm\d+\.|bias", key):
            array[...] = rng.uniform(0.3, 1.5, array.shape)
    return Trace(model, rng.integers(0, 256, (2, 14, 14), dtype=np.uint8))


def numbers_of(pattern: str, text: str) -> list[float]:
    found = re.search(pattern, text)
    assert found, (pattern, text)
    groups = [group.replace(" ", "") for group in found.groups() if group is not None]
    return [float(group) for group in groups]


def added_up(parts: Arithmetic, text: str) -> float:
    """The value again, from what is printed."""
    match parts:
        case WeightedWindow():
            whole = r"(?:sum of the products|of all \d+ channels)"
            return sum(numbers_of(rf"{N} {whole}(?: ([+-] \S+) bias)? = ", text))
        case WeightedSum():
            rest = r"(?: ([+-] \S+) of \d+ others)?(?: ([+-] \S+) bias)?"
            return sum(numbers_of(rf"{N} of these{rest} = ", text))
        case Largest():
            (value,) = numbers_of(rf"{N} wins: row", text)
            return value
        case Mean():
            total, count = numbers_of(rf"sum {N} / (\d+) = ", text)
            return total / count
        case Normalized():
            names = ("x, of \\S+", "mean [\\w ]+?", "var [\\w ]+?", "eps", "weight", "bias")
            x, mean, var, eps, weight, bias = (
                numbers_of(rf"(?m)^[> ] {name} +{N}$", stripped(text))[0] for name in names
            )
            return weight * (x - mean) / math.sqrt(var + eps) + bias
        case Summed():
            return sum(
                numbers_of(rf"{way}, of \S+ +{N}", text)[0] for way in ("layers", "shortcut")
            )
        case Applied() | Copied():
            (value,) = numbers_of(rf"the number +{N}", text)
            return value
        case Pixel():
            (byte,) = numbers_of(r"(\d+) of 255", text)
            return byte / 255
    raise AssertionError(type(parts).__name__)


def stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


def test_every_layer_is_read() -> None:
    used = {type(layer) for layers in NETWORKS.values() for layer in layers}
    library = {cls for cls in family(Layer).values() if cls.__module__.startswith("cnnlib.")}
    assert used == library


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NETWORKS)
def test_printed_terms_add_up_to_the_output_of_the_layer(name: str, seed: int) -> None:
    trace, rng = a_trace(name, seed), np.random.default_rng(seed)
    seen = set()
    for layer, output in trace.outputs.items():
        for _ in range(3):
            sides = as_images(output.shape)
            place = Place(layer, *(int(rng.integers(side)) for side in sides))
            walk = Walk(trace, place)
            text = arithmetic(walk.parts, walk.spot, walk.onward, SHEET).text()
            truth = trace.value(place)
            assert walk.parts.value == pytest.approx(truth, abs=1e-5, rel=1e-5)
            assert f"= {figure(walk.parts.value)}" in text
            again = added_up(walk.parts, text)
            assert again == pytest.approx(truth, abs=1e-3, rel=1e-3), text
            seen.add(type(walk.parts))
    assert len(seen) >= 7


@pytest.mark.parametrize("name", NETWORKS)
def test_the_channels_that_are_printed_add_up(name: str) -> None:
    trace = a_trace(name, 5)
    convolutions = [
        station.name for station in trace.stations.values() if isinstance(station.layer, Conv2d)
    ]
    for layer in convolutions:
        walk = Walk(trace, Place(layer, 1, 1, 2))
        assert isinstance(walk.parts, WeightedWindow)
        channels = len(walk.parts.channel_sums)
        text = arithmetic(walk.parts, walk.spot, walk.onward, SHEET).text()
        if channels > 1:
            (whole,) = numbers_of(rf"{N} of all {channels} channels", text)
            bars = re.findall(r"(?<!\S)>? ?\d+ +(-?\d+\.\d{4}) #", text)
            zeros = channels - len(bars)
            assert zeros >= 0
            printed = sum(float(each) for each in bars)
            assert printed == pytest.approx(whole, abs=1e-3)
