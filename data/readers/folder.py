"""A folder of images a class: ``root/class/*.png``, or the same under ``train/`` and ``test/``.

The folder's name is the name of the class. All images must have one size, unless a size is asked
for; they are gray if all of them are gray, else red, green and blue (transparency is dropped).
Every file's header is read first, so that memory is taken once, when the total is known; then one
picture at a time stands in memory beside the pixels.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.dataset import Pixels, Split
from data.errors import DamagedFile, NotAvailable
from data.progress import Progress
from data.readers.bounded import MAX_CONTENT
from data.readers.picture import SUFFIXES, decode, is_coloured, opened, quietly
from data.resizing import size_words

TEST_FOLDERS = ("test", "val", "valid", "validation")
"""What the folder of the test images may be called, beside ``train``; the first that is there."""

_NUMBERS = re.compile("([0-9]+)")


class _Found(NamedTuple):
    path: str
    size: int
    label: int


def read_folder(
    root: Path,
    *,
    size: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> tuple[Split, Split | None, tuple[str, ...]]:
    """The training split, the test split if there is one, and the names of the classes.

    Args:
        root: a directory with a directory for each class, or with ``train`` and perhaps ``test``
            (or ``val``, ``valid``, ``validation``), which have them.
        size: (height, width) to resize every image to; None wants them equal as they are.
        progress: is told how many bytes of the files were read, once for their headers and once
            for their pixels.

    Raises:
        DamagedFile: a file that is no image, of another size, too large, or of 16 bits.
        NotAvailable: no images in directories.
    """
    train_root, test_root = _roots(root)
    classes = tuple(sorted((path.name for path in _folders(train_root)), key=_natural))
    parts = [_find(train_root, classes)]
    if test_root is not None:
        parts.append(_find(test_root, classes))
    if not parts[0]:
        raise NotAvailable(
            str(root),
            "a directory for each class with its images, as root/cat/1.png",
            "no images in directories",
            f"Images end in {', '.join(sorted(SUFFIXES))}.",
        )
    everything = [found for part in parts for found in part]
    with quietly():
        told = _Told(f"{root.name}: sizes", everything, progress)
        shape = _common_shape(everything, size, told)
        if shape[0] * shape[1] * shape[2] * len(everything) > MAX_CONTENT:
            raise DamagedFile(
                str(root),
                f"at most {MAX_CONTENT:,} bytes of pixels",
                f"{len(everything):,} images of {size_words(shape[1:])}",
                "Use fewer images, or --resize HxW to make them smaller.",
            )
        told = _Told(f"{root.name}: pixels", everything, progress)
        resize = size is not None
        splits = [_split(part, shape, len(classes), told, resize) for part in parts]
    test = splits[1] if len(splits) > 1 and len(splits[1]) else None
    return splits[0], test, classes


def read_image(path: Path, shape: tuple[int, int, int], *, resize: bool = True) -> Pixels:
    """One picture in the shape that a network takes: resized, gray or coloured as ``shape`` says.

    Args:
        path: a picture.
        shape: (C, H, W).
        resize: whether a picture of another size is resized; else it is an error.

    Returns:
        (C, H, W) uint8.

    Raises:
        DamagedFile: no picture, broken, too large, or of another size.
        NotAvailable: the file cannot be opened.
    """
    with quietly():
        return decode(str(path), shape, resize=resize)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a directory, in natural order; not those of directories in it."""
    names = sorted((one.name for one in _pictures(folder)), key=_natural)
    return [folder / name for name in names]


class _Told:
    """Tells how many bytes of some files were read."""

    def __init__(self, name: str, files: Sequence[_Found], progress: Progress | None) -> None:
        self.name, self.progress = name, progress
        self.total = sum(found.size for found in files)
        self.done = 0

    def add(self, found: _Found) -> None:
        self.done += found.size
        if self.progress is not None:
            self.progress(self.name, self.done, self.total)


def _roots(root: Path) -> tuple[Path, Path | None]:
    """The directories of the training and of the test images' classes."""
    train = root / "train"
    if not train.is_dir() or not _folders(train):
        return root, None
    tests = (root / name for name in TEST_FOLDERS)
    return train, next((test for test in tests if test.is_dir()), None)


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _pictures(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [
            entry
            for entry in entries
            if os.path.splitext(entry.name)[1].lower() in SUFFIXES
            and not entry.name.startswith(".")
            and entry.is_file()
        ]


def _natural(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Numbers by value, and before words: 2 before 10 before cat; cat 2 before cat 10."""
    parts = [part for part in _NUMBERS.split(name) if part]
    key = [(False, int(part), "") if _NUMBERS.match(part) else (True, 0, part) for part in parts]
    return key, name


def _find(root: Path, classes: tuple[str, ...]) -> list[_Found]:
    label = {name: number for number, name in enumerate(classes)}
    result = []
    for folder in sorted(_folders(root), key=lambda path: _natural(path.name)):
        if folder.name not in label:
            raise DamagedFile(
                str(folder),
                "a class that the training images have: " + ", ".join(classes[:10]),
                folder.name,
                "Rename the directory, or add it to the training images.",
            )
        result += [
            _Found(entry.path, entry.stat().st_size, label[folder.name])
            for entry in sorted(_pictures(folder), key=lambda entry: entry.name)
        ]
    return result


def _common_shape(
    files: list[_Found], size: tuple[int, int] | None, told: _Told
) -> tuple[int, int, int]:
    channels, common = 1, size
    for found in files:
        with opened(found.path) as picture:
            height, width = picture.height, picture.width
            if is_coloured(picture):
                channels = 3
        if common is None:
            common = (height, width)
        elif size is None and common != (height, width):
            raise DamagedFile(
                found.path,
                f"{size_words(common)} pixels (height x width), as the images before it",
                size_words((height, width)),
                f"--resize {size_words(common)} brings all images to one size.",
            )
        told.add(found)
    height, width = common or (0, 0)
    return channels, height, width


def _split(
    files: list[_Found], shape: tuple[int, int, int], classes: int, told: _Told, resize: bool
) -> Split:
    images = np.empty((len(files), *shape), dtype=np.uint8)
    for at, found in enumerate(files):
        images[at] = decode(found.path, shape, resize=resize)
        told.add(found)
    kind = np.uint8 if classes <= 256 else np.int64
    return Split(images, np.array([found.label for found in files], dtype=kind))
