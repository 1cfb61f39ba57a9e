"""NumPy archives, such as Keras' ``mnist.npz``: ``x_train``, ``y_train``, ``x_test``, ``y_test``.

An archive is a ZIP file of arrays in NPY format. Each array's header is compared with the size
that the archive gives before any value is read, and pickled objects are never loaded.
Sources: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html;
https://github.com/rois-codh/kmnist (``arr_0`` in a file for images and a file for labels).
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from data.dataset import Pixels, Split
from data.errors import DamagedFile, NotAvailable, shorten
from data.readers.bounded import MAX_CONTENT, read_exactly
from data.readers.pixels import to_images, to_labels

_MAX_HEADER = 10_000
_Header = tuple[tuple[int, ...], bool, np.dtype[Any]]
_HEADERS: dict[tuple[int, int], tuple[str, Callable[..., _Header]]] = {
    (1, 0): ("<H", npy.read_array_header_1_0),
    (2, 0): ("<I", npy.read_array_header_2_0),
}
_NAMES = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("images", "labels", "", ""),
    ("x", "y", "", ""),
)
_IMAGES = ("x_test", "test_images", "images", "x", "arr_0")


def read_npz(path: Path) -> tuple[Split, Split | None]:
    """The training split and, if the archive has one, the test split.

    Understands the names ``x_train y_train x_test y_test``, ``train_images train_labels
    test_images test_labels``, ``images labels`` and ``x y``; and ``arr_0`` in a file of images
    (``kmnist-train-imgs.npz``) beside its file of labels (``kmnist-train-labels.npz``).

    Raises:
        DamagedFile: no archive, arrays missing, of another shape, or not as large as they say.
        NotAvailable: the file, or its file of labels, cannot be opened.
    """
    with _archive(path) as archive:
        names = _members(archive)
        for x, y, x_test, y_test in _NAMES:
            if x in names and y in names:
                train = _split(path, archive, names, x, y)
                test = x_test in names and y_test in names
                return train, _split(path, archive, names, x_test, y_test) if test else None
        if list(names) == ["arr_0"] and "imgs" in path.name:
            return _pair(path), _test_pair(path)
    raise DamagedFile(
        str(path),
        "arrays x_train and y_train (and x_test, y_test), or images and labels",
        ", ".join(shorten(name) for name in [*names][:8]) or "none",
        "Write it with numpy.savez(file, x_train=..., y_train=..., x_test=..., y_test=...).",
    )


def read_npz_images(path: Path) -> Pixels:
    """The images of an archive without their labels: of the test split, if it has one.

    Raises:
        DamagedFile, NotAvailable: as `read_npz`.
    """
    with _archive(path) as archive:
        names = _members(archive)
        known = [name for name in _IMAGES if name in names] or list(names)[:1]
        if known:
            return to_images(f"{path} ({known[0]})", _array(path, archive, names, known[0]))
    raise DamagedFile(
        str(path),
        "an array of images, such as x_test",
        "none",
        "Write it with numpy.savez(file, x_test=...).",
    )


def _pair(images: Path) -> Split:
    """A file of images and the file of labels beside it, each with one array ``arr_0``."""
    labels = images.with_name(images.name.replace("imgs", "labels"))
    with _archive(images) as archive:
        pixels = to_images(str(images), _array(images, archive, _members(archive), "arr_0"))
    with _archive(labels) as archive:
        values = _array(labels, archive, _members(archive), "arr_0")
    return Split(pixels, to_labels(str(labels), values, len(pixels)))


def _test_pair(images: Path) -> Split | None:
    test = images.with_name(images.name.replace("train", "test"))
    return _pair(test) if test != images and test.exists() else None


def _split(
    path: Path, archive: zipfile.ZipFile, names: Mapping[str, zipfile.ZipInfo], x: str, y: str
) -> Split:
    images = to_images(f"{path} ({x})", _array(path, archive, names, x))
    return Split(images, to_labels(f"{path} ({y})", _array(path, archive, names, y), len(images)))


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as error:
        raise NotAvailable(
            str(path), "a file that can be read", error.strerror or type(error).__name__
        ) from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise DamagedFile(
            str(path),
            "a whole NPZ archive",
            shorten(str(error), 80),
            "The file is damaged or was not copied to its end; get it again.",
        ) from error


def _array(
    path: Path, archive: zipfile.ZipFile, names: Mapping[str, zipfile.ZipInfo], name: str
) -> NDArray[Any]:
    """One array, after its header has been compared with the size of its member."""
    where = f"{path} ({name})"
    if name not in names:
        raise DamagedFile(where, f"an array named {name}", ", ".join(names) or "none")
    with archive.open(names[name]) as stream:
        shape, fortran, kind = _header(where, stream)
        if kind.hasobject or kind.itemsize == 0 or kind.fields:
            raise DamagedFile(where, "an array of numbers", f"{kind}", "Objects are never loaded.")
        count, real = math.prod(shape) * kind.itemsize, names[name].file_size - stream.tell()
        if count != real:
            raise DamagedFile(where, f"{count:,} bytes, as its shape {shape} says", f"{real:,}")
        if not 0 < count <= MAX_CONTENT or len(shape) > 8:
            raise DamagedFile(where, f"1 to {MAX_CONTENT:,} bytes of values", f"{count:,}")
        values = read_exactly(stream, count)
        if len(values) != count:
            raise DamagedFile(where, f"{count:,} bytes of values", f"only {len(values):,}")
    array = np.frombuffer(values, dtype=kind).reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array, dtype=kind.newbyteorder("="))


def _header(where: str, stream: IO[bytes]) -> _Header:
    """Shape, order and type of an array; a header that says it is huge is never read."""
    try:
        version = npy.read_magic(stream)
        code, read = _HEADERS.get(version, _HEADERS[2, 0])
        length = stream.read(struct.calcsize(code))
        if len(length) < struct.calcsize(code) or struct.unpack(code, length)[0] > _MAX_HEADER:
            raise ValueError("a header of the array that is cut off or too long")
        text = length + stream.read(struct.unpack(code, length)[0])
        return read(io.BytesIO(text), max_header_size=_MAX_HEADER)
    except (ValueError, SyntaxError, TypeError, tokenize.TokenError) as error:
        raise DamagedFile(
            where,
            "an array in NPY format",
            shorten(str(error), 80),
            "The file is damaged; write it again with numpy.savez.",
        ) from error
