"""A folder of images a class: ``root/class/*.png``, or the same under ``train/`` and ``test/``.

The folder's name is the name of the class. All images must have one size, unless a size is asked
for; they are gray if all of them are gray, else red, green and blue (transparency is dropped).
Every file's header is read first, so that memory is taken once, when the total is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.dataset import Pixels, Split
from data.errors import DamagedFile, NotAvailable
from data.readers.bounded import MAX_CONTENT

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm"})
"""The file names that count as images; others are passed over."""

_GRAY = frozenset({"1", "L", "LA"})
_COLOUR = frozenset({"RGB", "RGBA", "P", "PA", "CMYK", "YCbCr"})
_MAX_PIXELS = 64 << 20


@dataclass(frozen=True)
class _Found:
    path: Path
    label: int


def read_folder(
    root: Path,
    *,
    size: tuple[int, int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Split, Split | None, tuple[str, ...]]:
    """The training split, the test split if there is one, and the names of the classes.

    Args:
        root: a directory with a directory for each class, or with ``train`` and perhaps ``test``.
        size: (height, width) to resize every image to; None wants them equal as they are.
        progress: called with the number of images read and their total.

    Raises:
        DamagedFile: a file that is no image, of another size, too large, or of 16 bits.
        NotAvailable: no images in directories.
    """
    train_root = root / "train" if (root / "train").is_dir() else root
    test_root = root / "test" if train_root != root and (root / "test").is_dir() else None
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
    shape = _common_shape(everything, size)
    if shape[0] * shape[1] * shape[2] * len(everything) > MAX_CONTENT:
        raise DamagedFile(
            str(root),
            f"at most {MAX_CONTENT:,} bytes of pixels",
            f"{len(everything):,} images of {shape[2]}x{shape[1]}",
            "Use fewer or smaller images.",
        )
    splits, done = [], 0
    for part in parts:
        images = np.empty((len(part), *shape), dtype=np.uint8)
        for at, found in enumerate(part):
            images[at] = _decode(found.path, shape)
            done += 1
            if progress is not None:
                progress(done, len(everything))
        kind = np.uint8 if len(classes) <= 256 else np.int64
        splits.append(Split(images, np.array([found.label for found in part], dtype=kind)))
    test = splits[1] if len(splits) > 1 and len(splits[1]) else None
    return splits[0], test, classes


def read_image(path: Path, shape: tuple[int, int, int]) -> Pixels:
    """One picture in the shape that a network takes: resized, gray or coloured as ``shape`` says.

    Args:
        path: a picture in any format that Pillow opens.
        shape: (C, H, W).

    Returns:
        (C, H, W) uint8.

    Raises:
        DamagedFile: no picture, broken, or too large.
        NotAvailable: the file cannot be opened.
    """
    return _decode(path, shape)


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _natural(name: str) -> tuple[int, int, str]:
    """Numbers by value, before words: 2 before 10 before cat."""
    return (0, int(name), name) if name.isascii() and name.isdigit() else (1, 0, name)


def _find(root: Path, classes: tuple[str, ...]) -> list[_Found]:
    label = {name: number for number, name in enumerate(classes)}
    result = []
    for folder in sorted(_folders(root), key=lambda path: _natural(path.name)):
        if folder.name not in label:
            raise DamagedFile(
                str(folder),
                "a class that the training images have: " + ", ".join(classes[:10]),
                folder.name,
            )
        result += [
            _Found(path, label[folder.name])
            for path in sorted(folder.iterdir(), key=lambda path: path.name)
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        ]
    return result


def _common_shape(found: list[_Found], size: tuple[int, int] | None) -> tuple[int, int, int]:
    channels, common = 1, size
    for one in found:
        with _image(one.path) as image:
            height, width, mode = image.height, image.width, image.mode
        if mode in _COLOUR:
            channels = 3
        if common is None:
            common = (height, width)
        elif size is None and common != (height, width):
            raise DamagedFile(
                str(one.path),
                f"{common[1]}x{common[0]} pixels, as the images before it",
                f"{width}x{height}",
                "Resize the images to one size first.",
            )
    height, width = common or (0, 0)
    return channels, height, width


def _decode(path: Path, shape: tuple[int, int, int]) -> Pixels:
    channels, height, width = shape
    with _image(path) as image:
        picture = image.convert("L" if channels == 1 else "RGB")
    if picture.size != (width, height):
        picture = picture.resize((width, height))
    pixels = np.asarray(picture, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


@contextmanager
def _image(path: Path) -> Iterator[Image.Image]:
    """An opened picture of a size and a kind that can be used."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise DamagedFile(
                    str(path),
                    f"at most {_MAX_PIXELS:,} pixels",
                    f"{picture.width}x{picture.height}",
                )
            if picture.mode not in _GRAY | _COLOUR:
                raise DamagedFile(
                    str(path),
                    "a gray or coloured picture of 8 bits",
                    f"mode {picture.mode}",
                    "Convert it to 8 bits first.",
                )
            yield picture
    except FileNotFoundError as error:
        raise NotAvailable(str(path), "a picture", "no such file") from error
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DamagedFile(
            str(path), "a picture that Pillow can open", type(error).__name__
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise DamagedFile(
            str(path), "a whole picture", str(error) or type(error).__name__
        ) from error
