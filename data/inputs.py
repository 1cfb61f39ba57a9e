"""Images without labels, for a trained network: pictures, folders of them, or the files that hold
many, brought to the channels of the network and, when asked, to its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.dataset import Pixels
from data.errors import NotAvailable
from data.progress import Progress
from data.readers.bounded import open_content
from data.readers.csv import read_csv_images
from data.readers.folder import pictures_in, read_image
from data.readers.idx import read_idx
from data.readers.npz import read_npz_images
from data.readers.picture import SUFFIXES
from data.readers.pixels import to_images
from data.resizing import in_channels, resized, wanted_size

AT_ONCE = 1024
"""Images of a folder, or of a file for the network, that stand in memory together."""

_TABLES = (".csv", ".csv.gz")


@dataclass(frozen=True, eq=False)
class Inputs:
    """Some images for a network.

    Attributes:
        places: the file that each comes from, and its number in it, from 0.
        images: (n, C, H, W) uint8, as the network takes them.
    """

    places: list[tuple[str, int]]
    images: Pixels


def read_inputs(
    path: Path,
    shape: tuple[int, int, int],
    *,
    resize: bool = False,
    progress: Progress | None = None,
) -> Iterator[Inputs]:
    """The images of a picture, of a folder of pictures, or of a CSV, IDX or NPZ file, in order.

    Args:
        path: the file or the folder; pictures of a folder come in natural order (2 before 10).
        shape: (C, H, W) of the network; colours are made gray or gray is repeated in three.
        resize: whether images of another size are brought to H x W; else they are an error.
        progress: is told how many bytes of a folder were read.

    Raises:
        NotAvailable: nothing there, or no picture in the folder.
        DamagedFile: a file is not what it should be, or has images of another size.
    """
    if path.is_dir():
        yield from _of_folder(path, shape, resize, progress)
        return
    if not path.exists():
        raise NotAvailable(
            str(path), "a picture, or a folder of pictures", "no such file", "Correct the path."
        )
    images = _of_file(path, shape, resize)
    for start in range(0, len(images), AT_ONCE):
        part = images[start : start + AT_ONCE]
        yield Inputs([(str(path), start + at) for at in range(len(part))], part)


def _of_folder(
    folder: Path, shape: tuple[int, int, int], resize: bool, progress: Progress | None
) -> Iterator[Inputs]:
    pictures = pictures_in(folder)
    if not pictures:
        raise NotAvailable(
            str(folder),
            "pictures, whose names end in " + ", ".join(sorted(SUFFIXES)),
            "none in the folder itself",
            "Give the folder that has the pictures, or the pictures.",
        )
    total, done = sum(path.stat().st_size for path in pictures), 0
    for start in range(0, len(pictures), AT_ONCE):
        part = pictures[start : start + AT_ONCE]
        images = np.empty((len(part), *shape), dtype=np.uint8)
        for path, image in zip(part, images, strict=True):
            image[...] = read_image(path, shape, resize=resize)
            done += path.stat().st_size
            if progress is not None:
                progress(folder.name, done, total)
        yield Inputs([(str(path), 0) for path in part], images)


def _of_file(path: Path, shape: tuple[int, int, int], resize: bool) -> Pixels:
    channels, height, width = shape
    with open_content(path) as stream:
        magic = stream.read(4)
    if path.name.endswith(_TABLES):
        images = read_csv_images(path)
    elif magic[:2] == b"PK":
        images = read_npz_images(path)
    elif len(magic) == 4 and magic[:2] == b"\0\0" and 8 <= magic[2] <= 14:
        images = to_images(str(path), read_idx(path))
    else:
        return read_image(path, shape, resize=resize)[None]
    found = (images.shape[2], images.shape[3])
    if found != (height, width) and not resize:
        raise wanted_size(str(path), found, (height, width))
    return resized(str(path), in_channels(images, channels), (height, width))
