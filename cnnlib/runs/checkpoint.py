"""Checkpoints: named arrays and a few words about them, in one safetensors file.

Nothing in such a file is ever executed. It is written by the ``safetensors`` package and can be
opened by anybody who has it; reading is ours (:mod:`cnnlib.runs.tensors`), within bounds.

A SHA-256 over names, types, shapes, words and values stands among the words. A file that lost or
changed a single bit is refused, so weights are right or absent, never silently wrong. ``save``
keeps the checkpoint that it replaces as ``NAME.previous``, and :func:`load_newest` falls back to
that, or to an older one, and says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as to_safetensors

from cnnlib.errors import CheckpointError
from cnnlib.runs.files import not_written, open_regular, sync_folder, whole_file
from cnnlib.runs.tensors import CODES, MAX_HEADER, Tensors, damaged, in_order, read_tensors

if TYPE_CHECKING:
    from cnnlib.runs.layout import Run

MAX_BYTES = 8 << 30
_SHA256, _FORMAT, _VERSION = "cnnlib.sha256", "cnnlib.format", "1"
_OWN = (_SHA256, _FORMAT)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What :func:`load_newest` found.

    Args:
        tensors: the arrays by name.
        metadata: the words that were saved with them.
        path: the file that they come from.
        note: "" or, in one line, which newer files were damaged and passed over.
    """

    tensors: Tensors
    metadata: dict[str, str]
    path: Path
    note: str


# ------------------------------------------------------------------------------------- saving


def save(
    path: Path,
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
    *,
    settle: bool = True,
    permit: Callable[[], object] | None = None,
) -> None:
    """Write a checkpoint whole and keep the one before as ``path`` + ".previous".

    At every moment, also through a kill or a power cut, the newest checkpoint that was whole
    before is whole under one of the two names.

    Args:
        path: the file, ``*.safetensors``; its folder exists.
        tensors: arrays of floats, integers or booleans, of any shape (also () and with zeros)
            and in any memory layout or byte order; they are not changed.
        metadata: texts by name; names that begin with "cnnlib." are ours.
        settle: whether a power cut may not bring back the one before; False where another file
            is saved into the same folder at once, which settles both.
        permit: called when all but the names is on the disk; what it raises is raised, and the
            files are as they were.

    Raises:
        CheckpointError: an array or a text cannot be stored, or the file cannot be written (a
            full disk); both files are then as they were.
    """
    plain = {name: _plain(name, tensors[name]) for name in sorted(tensors)}
    words = {str(name): metadata[name] for name in sorted(metadata)}
    for name, text in words.items():
        if not isinstance(text, str) or name in _OWN:
            raise CheckpointError(
                f"metadata {name!r}", expected="a text under a free name", received=repr(text)[:80]
            )
    words[_FORMAT] = _VERSION
    try:
        words[_SHA256] = _digest(plain, words)
        data = in_order(to_safetensors(plain, metadata=words))
    except UnicodeEncodeError as problem:
        raise CheckpointError(
            "names and metadata of a checkpoint", expected="text", received=str(problem)[:120]
        ) from None
    if int.from_bytes(data[:8], "little") > MAX_HEADER or len(data) > MAX_BYTES:
        raise CheckpointError(
            str(path),
            expected=f"at most {MAX_HEADER >> 20} MiB of words and {MAX_BYTES >> 30} GiB in all",
            received=f"{len(data)} bytes",
        )
    try:
        _replace(path, data, settle, permit)
    except OSError as problem:
        error = not_written(path, problem)
        raise CheckpointError(
            error.where, received=error.received, advice=error.advice
        ) from problem


def _plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array in C order and in this machine's byte order, its shape kept."""
    array = np.asarray(array)
    own = array.dtype.newbyteorder("=")
    if own not in CODES or not name or name == "__metadata__":
        raise CheckpointError(
            f"tensor {name!r}",
            expected="a name, and an array of " + ", ".join(str(dtype) for dtype in CODES),
            received=str(array.dtype),
        )
    # safetensors writes other layouts wrongly without a word; ascontiguousarray makes () to (1,)
    array = array.astype(own, copy=False)
    return np.ascontiguousarray(array).reshape(array.shape)


def _digest(tensors: Mapping[str, NDArray[Any]], words: Mapping[str, str]) -> str:
    """SHA-256 of everything a checkpoint says, whatever the order it stands in."""
    description = [
        {name: text for name, text in words.items() if name != _SHA256},
        [[name, CODES[array.dtype], list(array.shape)] for name, array in tensors.items()],
    ]
    text = json.dumps(description, sort_keys=True, ensure_ascii=False).encode("utf-8")
    digest = hashlib.sha256(text)
    for array in tensors.values():
        if array.size:
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(little.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _replace(path: Path, data: bytes, settle: bool, permit: Callable[[], object] | None) -> None:
    """Put ``data`` under ``path``, then the old file under ``path.previous``.

    In this order, so that a damaged old file never takes the place of a good previous one
    before the new one is there.
    """
    old = path.with_name(f".{path.name}.old.tmp")
    old.unlink(missing_ok=True)
    try:
        _second_name(path, old)
        with whole_file(path, settle=False, permit=permit) as file:
            file.write(data)
        if old.exists():
            os.replace(old, previous(path))
        if settle:  # both names at once: in whichever order they reach the disk, each is whole
            sync_folder(path.parent)
    finally:
        old.unlink(missing_ok=True)


def _second_name(path: Path, other: Path) -> None:
    try:
        os.link(path, other, follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError:  # a file system without links
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(path, other, follow_symlinks=False)


def previous(path: Path) -> Path:
    """Where ``save(path, ...)`` keeps the checkpoint before."""
    return path.with_name(path.name + ".previous")


# ------------------------------------------------------------------------------------ loading


def load(path: Path, *, limit: int = MAX_BYTES) -> tuple[Tensors, dict[str, str]]:
    """The arrays and the words of a checkpoint, every bit as it was saved.

    Args:
        path: a file written by :func:`save`.
        limit: the most bytes that it may have.

    Returns:
        (arrays by name: C order, writable, each with memory of its own; metadata)

    Raises:
        CheckpointError: the file is absent, larger than ``limit``, not ours, or damaged.
    """
    try:
        descriptor = open_regular(path, os.O_RDONLY)
        try:
            tensors, words = read_tensors(descriptor, str(path), limit)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise CheckpointError(
            str(path), expected="a checkpoint", received=problem.strerror or str(problem)
        ) from problem
    if words.get(_FORMAT) != _VERSION or _SHA256 not in words:
        raise CheckpointError(
            str(path),
            expected=f"a checkpoint of format {_VERSION} with its SHA-256",
            received=f"format {words.get(_FORMAT, 'unknown')}"[:80],
        )
    if _digest(tensors, words) != words[_SHA256]:
        raise damaged(str(path), "its content does not match its SHA-256")
    return tensors, {name: text for name, text in words.items() if name not in _OWN}


# ----------------------------------------------------------------------------------- choosing


def candidates(run: Run) -> list[Path]:
    """The checkpoints of a run in the order in which resuming tries them.

    last, the one before it, those of epochs from the latest back, and the best one.
    """
    folder = run.checkpoints
    numbered = [
        (int(match[1]), path)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (match := re.fullmatch(r"epoch-(\d{1,9})\.safetensors", path.name))
    ]
    latest_first = [path for _, path in sorted(numbered, reverse=True)]
    last, best = folder / "last.safetensors", folder / "best.safetensors"
    order = [last, previous(last), *latest_first, best, previous(best)]
    return [path for path in order if path.exists()]


def load_newest(run: Run) -> Checkpoint:
    """The newest checkpoint of a run that is whole.

    Raises:
        CheckpointError: there is none; every damaged one is named.
    """
    damage: list[str] = []
    for path in candidates(run):
        try:
            tensors, words = load(path)
        except CheckpointError as error:
            damage.append(f"{path.name}: {error.received}")
            continue
        note = f"{'; '.join(damage)}; going on from {path.name}" if damage else ""
        return Checkpoint(tensors, words, path, note)
    raise CheckpointError(
        f"run {run.id}",
        expected="a checkpoint to go on from",
        received="; ".join(damage) or "none",
        advice="Train it anew with its run.toml.",
    )
