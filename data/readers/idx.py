"""The IDX format of the original MNIST: a magic number, the sizes, then the values.

Source: http://yann.lecun.com/exdb/mnist/, "The IDX file format": two zero bytes, one byte for the
type of the values, one for the number of dimensions, each size as a big-endian 32-bit number,
then the values in C order, big-endian. Files may be compressed with gzip.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.dataset import Split
from data.errors import DamagedFile, NotAvailable
from data.readers.bounded import MAX_CONTENT, is_gzip, open_content, read_exactly
from data.readers.pixels import to_images, to_labels

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The third byte of the magic number, and the values it stands for."""

_NAME = re.compile(
    r"(?P<prefix>.*?)(?P<split>train|t10k|test)-(?P<what>images|labels)"
    r"[-.]idx(?P<rank>\d)-u?byte(?P<gz>\.gz)?"
)


@dataclass(frozen=True)
class IdxFiles:
    """The files of one data set: images and labels, for training and for testing.

    A data set without test files has None there.
    """

    train_images: Path
    train_labels: Path
    test_images: Path | None
    test_labels: Path | None


def read_idx(path: Path, *, limit: int = MAX_CONTENT) -> NDArray[Any]:
    """The array of an IDX file, of any type and any number of dimensions, in native byte order.

    Raises:
        DamagedFile: no IDX, truncated, longer than its sizes say, or over ``limit`` bytes.
        NotAvailable: the file cannot be opened.
    """
    return read_idx_and_digest(path, limit=limit)[0]


def read_idx_and_digest(path: Path, *, limit: int = MAX_CONTENT) -> tuple[NDArray[Any], str]:
    """The array, and the SHA-256 of the decompressed content, in one passage over the file."""
    real = None if is_gzip(path) else path.stat().st_size
    with open_content(path) as stream:
        head = bytes(read_exactly(stream, 4))
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or not 0 < head[3] < 64:
            raise DamagedFile(
                str(path),
                "an IDX file, beginning with 00 00, a type 08..0E and a number of dimensions",
                head.hex(" ") if head else "an empty file",
                "Is this the right file? MNIST images begin with 00 00 08 03.",
            )
        sizes = bytes(read_exactly(stream, 4 * head[3]))
        if len(sizes) < 4 * head[3]:
            raise _truncated(path, 4 + 4 * head[3], 4 + len(sizes))
        shape = struct.unpack(f">{head[3]}I", sizes)
        kind = np.dtype(TYPES[head[2]])
        start, count = 4 + len(sizes), math.prod(shape) * kind.itemsize
        if not count:
            raise DamagedFile(str(path), "at least one value", f"sizes {shape} in the file")
        if real is not None and real < start + count:
            raise _truncated(path, start + count, real)
        if count > limit:
            raise DamagedFile(
                str(path), f"at most {limit:,} bytes of values", f"sizes {shape}: {count:,} bytes"
            )
        values = read_exactly(stream, count)
        if len(values) < count:
            raise _truncated(path, start + count, start + len(values))
        if stream.read(1):
            raise DamagedFile(
                str(path),
                f"{start + count:,} bytes, as the sizes {shape} in the file say",
                "more bytes after them",
                "The header and the values belong to different files.",
            )
    digest = hashlib.sha256(head)
    digest.update(sizes)
    digest.update(values)
    array = np.frombuffer(values, dtype=kind).reshape(shape)
    return array.astype(kind.newbyteorder("="), copy=False), digest.hexdigest()


def find_idx_files(folder: Path, prefix: str | None = None) -> IdxFiles | None:
    """The IDX files of a directory by the names that MNIST gave them, or None if there are none.

    Understands ``train-images-idx3-ubyte``, with ``.gz``, with ``test`` for ``t10k``, with a dot
    before ``idx`` and with any text before ``train`` (EMNIST). A plain file comes before its .gz.

    Args:
        folder: the directory.
        prefix: the text before ``train``, where files of other data sets stand there too.

    Raises:
        NotAvailable: some of the files are missing.
        DamagedFile: files of more than one data set.
    """
    found: dict[tuple[str, str], Path] = {}
    prefixes: set[str] = set()
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        match = _NAME.fullmatch(path.name)
        if match and path.is_file() and prefix in (None, match["prefix"]):
            split = "train" if match["split"] == "train" else "test"
            prefixes.add(match["prefix"])
            found.setdefault((split, match["what"]), path)
    if not found:
        return None
    if len(prefixes) > 1:
        raise DamagedFile(
            str(folder),
            "the IDX files of one data set",
            "those of several: " + ", ".join(sorted(prefixes)),
            "Put each data set in a directory of its own.",
        )
    for split, what in (
        ("train", "images"),
        ("train", "labels"),
        *((("test", "images"), ("test", "labels")) if any(s == "test" for s, _ in found) else ()),
    ):
        if (split, what) not in found:
            digits = 3 if what == "images" else 1
            name = f"{'train' if split == 'train' else 't10k'}-{what}-idx{digits}-ubyte"
            raise NotAvailable(
                str(folder),
                f"the file {name} or {name}.gz",
                "only " + ", ".join(sorted(path.name for path in found.values())),
            )
    return IdxFiles(
        found["train", "images"],
        found["train", "labels"],
        found.get(("test", "images")),
        found.get(("test", "labels")),
    )


def read_idx_split(images: Path, labels: Path) -> Split:
    """A file of images and its file of labels as a split.

    Raises:
        DamagedFile: either is damaged, or they do not belong together.
    """
    pixels = to_images(str(images), read_idx(images))
    return Split(pixels, to_labels(str(labels), read_idx(labels), len(pixels)))


def _truncated(path: Path, expected: int, received: int) -> DamagedFile:
    return DamagedFile(
        str(path),
        f"{expected:,} bytes of content, as the sizes in the file say",
        f"only {received:,}",
        "The file is truncated; get it again.",
    )
