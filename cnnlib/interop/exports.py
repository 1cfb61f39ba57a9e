"""The formats a trained network is written in, by name, and the files that each of them makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from cnnlib.errors import SpecificationError
from cnnlib.interop.keras_source import to_keras, to_npz
from cnnlib.interop.numpy_script import to_script
from cnnlib.interop.onnx_graph import to_onnx
from cnnlib.interop.subject import TrainedModel
from cnnlib.interop.torch_source import to_torch
from cnnlib.interop.weights import Names, to_safetensors
from cnnlib.runs.files import write_together

Content = bytes | str


class Format(NamedTuple):
    """One way to write a network down.

    Attributes:
        ending: of the file that the user names.
        makes: from the network, the name of the file and how arrays are to be called, the contents
            by ending.
    """

    ending: str
    makes: Callable[[TrainedModel, str, Names], Mapping[str, Content]]


FORMATS: dict[str, Format] = {
    "onnx": Format(".onnx", lambda trained, file, names: {".onnx": to_onnx(trained)}),
    "safetensors": Format(
        ".safetensors",
        lambda trained, file, names: {".safetensors": to_safetensors(trained, names)},
    ),
    "numpy": Format(".py", lambda trained, file, names: {".py": to_script(trained, file)}),
    "torch": Format(
        ".py",
        lambda trained, file, names: {
            ".safetensors": to_safetensors(trained),
            ".py": to_torch(trained, file),
        },
    ),
    "keras": Format(
        ".py",
        lambda trained, file, names: {".npz": to_npz(trained), ".py": to_keras(trained, file)},
    ),
}


def files_of(to: str, path: Path, names: str = "layers") -> tuple[Path, ...]:
    """The files that an export would write, the one that was named last.

    Raises:
        SpecificationError: there is no such format, or the name ends otherwise than it should.
    """
    if to not in FORMATS:
        raise SpecificationError("to", expected=f"one of {', '.join(FORMATS)}", received=repr(to))
    if names != "layers" and to != "safetensors":
        raise SpecificationError(
            "names", expected="layers", received=repr(names), advice="Only safetensors have others."
        )
    format = FORMATS[to]
    if path.suffix != format.ending or not path.stem:
        raise SpecificationError(
            f"the file for --to {to}",
            expected=f"a name that ends in {format.ending}",
            received=repr(path.name),
        )
    beside = {"torch": ".safetensors", "keras": ".npz"}.get(to)
    return (path,) if beside is None else (path.with_suffix(beside), path)


def export(
    trained: TrainedModel,
    to: str,
    path: Path,
    *,
    names: Names = "layers",
    replace: bool = False,
) -> tuple[Path, ...]:
    """Write a network for somebody else.

    Args:
        trained: the network.
        to: a name in ``FORMATS``.
        path: the file; torch and keras put the weights beside it.
        names: how safetensors call the arrays, see :mod:`cnnlib.interop.weights`.
        replace: whether files that are there may be replaced.

    Returns:
        what was written; the file that was named is the last.

    Raises:
        SpecificationError: an unknown format, a wrong ending, a file that is there, a layer that
            the format does not know, or a package that is missing; nothing was written.
        RunError: a file could not be written; all are as they were.
    """
    paths = files_of(to, path, names)
    require_free(paths, replace=replace)
    contents = FORMATS[to].makes(trained, path.name, names)
    write_together({each: contents[each.suffix] for each in paths})
    return paths


def require_free(paths: tuple[Path, ...], *, replace: bool) -> None:
    """Refuse files that are there, unless they may be replaced; folders in any case.

    Raises:
        SpecificationError: one of them is there.
    """
    for path in paths:
        if path.is_dir() or (path.exists() and not replace):
            raise SpecificationError(
                str(path),
                expected="a name that is free",
                received="a folder" if path.is_dir() else "a file that is there",
                advice="" if path.is_dir() else "Say --force to replace it.",
            )
