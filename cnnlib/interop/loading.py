"""Weights from elsewhere: a safetensors file of a network of the same shape, read without trust.

Formats that run code when they are opened (the pickles in ``.pt`` and ``.pth``) are refused, with
the line that turns one into safetensors where its author's machine may be trusted.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from cnnlib.errors import CheckpointError
from cnnlib.interop.matching import Matching, match
from cnnlib.model import Sequential
from cnnlib.runs.files import open_regular
from cnnlib.runs.tensors import Tensors, read_tensors

MAX_BYTES = 8 << 30

_TORCH = (
    "It could run code when it is opened. Where you trust it, convert it with PyTorch: "
    'python -c "import torch; from safetensors.torch import save_file; '
    "save_file(torch.load('{name}', weights_only=True), '{stem}.safetensors')\""
)
_HDF5 = "Export the weights of the same network from PyTorch as safetensors."
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a zip archive, as PyTorch's .pt or NumPy's .npz", _TORCH),
    (b"\x80", "a pickle, as PyTorch's .pth", _TORCH),
    (b"\x89HDF", "an HDF5 file, as Keras writes", _HDF5),
)


def load_weights(model: Sequential, path: Path) -> Matching:
    """Give a network the weights of a safetensors file, such as PyTorch's ``save_file`` writes.

    Args:
        model: the network; its weights are overwritten.
        path: the file. Names need not be ours, see :mod:`cnnlib.interop.matching`.

    Returns:
        which array of the file became which array of the network.

    Raises:
        CheckpointError: the file is absent, damaged, of another format, or does not fit; the
            network is then as it was.
    """
    theirs = _read(path)
    where = str(path)
    for name, array in theirs.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise CheckpointError(where, expected="finite numbers", received=f"others in {name}")
    own = {name: array.shape for name, array in model.tensors().items()}
    found = match(own, {name: array.shape for name, array in theirs.items()}, where)
    for name in found.names.values():
        if theirs[name].dtype.kind != "f":
            raise CheckpointError(
                where, expected=f"{name} in floating point", received=theirs[name].dtype.name
            )
    with np.errstate(over="ignore"):  # float64 beyond float32: seen in the next line
        taken = {
            own_name: theirs[name].astype(model.flat_parameters.dtype)
            for own_name, name in found.names.items()
        }
    for own_name, array in taken.items():
        if not np.isfinite(array).all():
            raise CheckpointError(
                where,
                expected=f"numbers within {array.dtype.name}",
                received=f"larger ones in {found.names[own_name]}",
            )
    model.load(taken)
    return found


def _read(path: Path) -> Tensors:
    try:
        descriptor = open_regular(path.resolve(), os.O_RDONLY)
        try:
            _refuse_other_formats(path, os.read(descriptor, 9))
            os.lseek(descriptor, 0, os.SEEK_SET)
            return read_tensors(descriptor, str(path), MAX_BYTES)[0]
        finally:
            os.close(descriptor)
    except CheckpointError as error:
        if not error.received.endswith("unknown type, BF16"):
            raise
        raise CheckpointError(
            str(path),
            expected="float16, float32 or float64",
            received="bfloat16, which NumPy does not have",
            advice="Store it as float32: save_file(net.float().state_dict(), ...).",
        ) from None
    except OSError as problem:
        raise CheckpointError(
            str(path), expected="a safetensors file", received=problem.strerror or str(problem)
        ) from problem


def _refuse_other_formats(path: Path, head: bytes) -> None:
    for magic, what, advice in _OTHER_FORMATS:
        # the first bytes could also be the length of a header, which then begins with a brace
        if head.startswith(magic) and head[8:] != b"{":
            raise CheckpointError(
                str(path),
                expected="a safetensors file",
                received=what,
                advice=advice.format(name=path, stem=path.with_suffix("")),
            )
