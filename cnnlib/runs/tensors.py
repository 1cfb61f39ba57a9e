"""The safetensors format, read without trust.

A file is eight bytes (the length of the header, little endian), the header (JSON: per tensor its
type, shape and place, and texts under ``__metadata__``) and the values. It comes from outside:
the header is bounded, and every tensor's shape × type must be exactly its bytes, one tensor after
the other and nothing else in the file, before memory is taken for any of them.
See https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.errors import CheckpointError
from cnnlib.runs.files import read_exactly

Tensors = dict[str, NDArray[Any]]

MAX_HEADER = 16 << 20
_MAX_TENSORS = 100_000
_MAX_ELEMENTS = 1 << 40
_MAX_AXES = 32
_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BOOL": "bool",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
}  # fmt: skip
CODES = {np.dtype(name): code for code, name in _TYPES.items()}
"""The name of each type in the file, by the type in this machine's byte order."""


def damaged(where: str, what: str) -> CheckpointError:
    """The error that says how a file is not what was written."""
    return CheckpointError(where, expected="a whole checkpoint", received=f"a damaged one: {what}")


@dataclass(frozen=True)
class _Entry:
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


def read_tensors(descriptor: int, where: str, limit: int) -> tuple[Tensors, dict[str, str]]:
    """The tensors and the texts of a safetensors file.

    Args:
        descriptor: the file, open for reading at its start.
        where: its name, for errors.
        limit: the most bytes that it may have.

    Returns:
        (arrays by name, sorted: C order, writable, each with memory of its own; texts by name)

    Raises:
        CheckpointError: it is larger than ``limit``, or not such a file in any detail.
        OSError: it cannot be read.
    """
    size = os.fstat(descriptor).st_size
    if not 8 <= size <= limit:
        raise CheckpointError(
            where, expected=f"between 8 and {limit} bytes", received=f"{size} bytes"
        )
    length = int.from_bytes(read_exactly(descriptor, 8), "little")
    if length > min(MAX_HEADER, size - 8):
        raise damaged(where, f"a header of {length} bytes in a file of {size}")
    text = read_exactly(descriptor, length)
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise damaged(where, "its header is no JSON") from None
    if type(header) is not dict or len(header) > _MAX_TENSORS:
        raise damaged(where, "its header is no table of tensors")
    words = header.pop("__metadata__", {})
    if type(words) is not dict or any(type(text) is not str for text in words.values()):
        raise damaged(where, "its metadata are no texts")
    try:
        "".join([*header, *words, *words.values()]).encode("utf-8")
    except UnicodeEncodeError:  # lone surrogates, which JSON can say and no text can hold
        raise damaged(where, "its names are no texts") from None
    entries = sorted(
        (_entry(name, value, where) for name, value in header.items()),
        key=lambda entry: (entry.begin, entry.end),
    )
    place = 0
    for entry in entries:
        if entry.begin != place:
            raise damaged(where, f"tensor {entry.name!r} is not where the one before ends")
        place = entry.end
    if place != size - 8 - length:
        raise damaged(where, f"{place} bytes of tensors announced, {size - 8 - length} there")
    data = read_exactly(descriptor, place)
    if len(data) != place:
        raise damaged(where, "it became shorter while it was read")
    content = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
    entries.sort(key=lambda entry: entry.name)
    return {entry.name: _array(entry, content, where) for entry in entries}, words


def in_order(data: bytes) -> bytes:
    """The same file with its words sorted: the package shuffles them, and equal content should be
    equal bytes.
    """
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of eight bytes
    return b"".join((len(text).to_bytes(8, "little"), text, memoryview(data)[end:]))


def _array(entry: _Entry, content: NDArray[np.uint8], where: str) -> NDArray[Any]:
    """One array in this machine's byte order, from the bytes of all."""
    raw = content[entry.begin : entry.end].copy()
    if entry.dtype == np.bool_ and raw.size and raw.max() > 1:
        raise damaged(where, f"tensor {entry.name!r} holds no booleans")
    array = raw.view(entry.dtype).reshape(entry.shape)
    return array.astype(entry.dtype.newbyteorder("="), copy=False)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name stands twice")
    return table


def _entry(name: str, value: Any, where: str) -> _Entry:
    """One tensor of the header, its shape × type compared with its bytes."""
    if type(value) is not dict or set(value) != {"dtype", "shape", "data_offsets"}:
        raise damaged(where, f"tensor {name[:80]!r} has no dtype, shape and data_offsets")
    code, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if type(code) is not str or code not in _TYPES:
        raise damaged(where, f"tensor {name[:80]!r} is of an unknown type, {str(code)[:20]}")
    possible = _are_counts(shape) and len(shape) <= _MAX_AXES
    if not possible or math.prod(n or 1 for n in shape) > _MAX_ELEMENTS:
        raise damaged(where, f"tensor {name[:80]!r} has an impossible shape")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise damaged(where, f"tensor {name[:80]!r} has no place in the file")
    dtype = np.dtype(_TYPES[code]).newbyteorder("<")
    if math.prod(shape) * dtype.itemsize != offsets[1] - offsets[0]:
        raise damaged(where, f"tensor {name[:80]!r}: shape × type is not its number of bytes")
    return _Entry(name, dtype, tuple(shape), offsets[0], offsets[1])


def _are_counts(values: Any) -> bool:
    return type(values) is list and all(type(n) is int and 0 <= n < 1 << 60 for n in values)
