"""The networks that tests export: every layer of the catalogue, and every network by name."""

from __future__ import annotations

import numpy as np
from layer_cases import CASES, Case

from cnnlib.architectures import ARCHITECTURES
from cnnlib.interop import TrainedModel
from cnnlib.model import Sequential

IMAGES = 1000


def case_of(name: str) -> TrainedModel:
    """The network of this name, with weights that are nowhere trivial."""
    if name in ARCHITECTURES:
        return _trained(ARCHITECTURES[name], (1, 28, 28))
    case = BY_NAME[name]
    flat = "" if len(case.output_shape) == 1 else "\nFlatten()"
    return _trained(case.text + flat, case.input_shape)


def _trained(text: str, input_shape: tuple[int, ...]) -> TrainedModel:
    model = Sequential.parse(text, input_shape, seed=1)
    rng = np.random.default_rng(len(text))
    for name, array in model.tensors().items():
        if name.endswith("bias"):
            array[...] = rng.normal(0, 0.2, array.shape)
        elif array.ndim != 2 and not name.startswith("conv"):  # of a normalisation
            array[...] = rng.uniform(0.5, 1.5, array.shape)
    classes = tuple(f"class {number}" for number in range(model.classes))
    return TrainedModel(model, classes, run="a-run", data="random images")


def images_for(trained: TrainedModel, n: int = IMAGES) -> np.ndarray:
    """Images of bytes, from black over dim to bright."""
    rng = np.random.default_rng(n)
    bright = rng.integers(1, 256, (n, 1, 1, 1))
    return rng.integers(0, bright, (n, *trained.model.input_shape)).astype(np.uint8)


BY_NAME: dict[str, Case] = {str(case): case for case in CASES}
NAMES = [*ARCHITECTURES, *BY_NAME]
