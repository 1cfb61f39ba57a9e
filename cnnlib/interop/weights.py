"""Weights as PyTorch keeps them: the same names, the same order of axes, one safetensors file.

Names come in two ways. ``layers`` calls arrays after our layers, ``conv1.weight``, which are the
names of the network that :mod:`cnnlib.interop.torch_source` writes. ``numbers`` calls them by the
place of their module in a plain ``nn.Sequential(...)``, ``0.weight``; there a GlobalAvgPool2d is
two modules, ``nn.AdaptiveAvgPool2d(1)`` and ``nn.Flatten()``. Either way ``load_state_dict``
takes the file as it is, the counter ``num_batches_tracked`` of batch normalisation included.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from cnnlib.errors import SpecificationError
from cnnlib.interop.subject import TrainedModel, placed
from cnnlib.layers import GlobalAvgPool2d, Residual
from cnnlib.model import Sequential
from cnnlib.runs.tensors import in_order

Names = Literal["layers", "numbers"]


def to_safetensors(trained: TrainedModel, names: Names = "layers") -> bytes:
    """The weights as the bytes of a safetensors file; equal weights give equal bytes.

    Raises:
        SpecificationError: there are no such names, or none for this network.
    """
    tensors = state_dict(trained.model, names)
    return in_order(save(tensors, metadata={"format": "pt"} | trained.words()))


def state_dict(model: Sequential, names: Names = "layers") -> dict[str, NDArray[Any]]:
    """The arrays of a network as ``load_state_dict`` takes them, each contiguous.

    Raises:
        SpecificationError: there are no such names, or none for this network.
    """
    if names not in get_args(Names):
        raise SpecificationError("names", expected="layers or numbers", received=repr(names))
    numbers = _numbers(model) if names == "numbers" else {}
    found: dict[str, NDArray[Any]] = {}
    for own, array in model.tensors().items():
        layer, _, leaf = own.rpartition(".")
        name = f"{numbers.get(layer, layer)}.{leaf}"
        found[name] = np.array(array, order="C")
        if leaf == "running_mean":
            found[name.removesuffix(leaf) + "num_batches_tracked"] = np.zeros((), np.int64)
    return found


def _numbers(model: Sequential) -> dict[str, str]:
    """The place of each layer's module in a plain ``nn.Sequential``."""
    found, number = {}, 0
    for place in placed(model.layers, model.input_shape):
        if isinstance(place.layer, Residual):
            raise SpecificationError(
                place.name,
                expected="a network that is one row of modules, for names by number",
                received="a Residual",
                advice="Use --names layers.",
            )
        found[place.name] = str(number)
        number += 2 if isinstance(place.layer, GlobalAvgPool2d) else 1
    return found
