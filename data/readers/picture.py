"""One picture file, opened by Pillow and held to what can be used: 8 bits, a sane size.

The kind of file is told by its content, among the kinds that are pictures and nothing else: what
Pillow would hand to another program (such as PostScript) is refused.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from data.dataset import Pixels
from data.errors import DamagedFile, NotAvailable, shorten

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm"})
"""The file names that count as images; others are passed over."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_GRAY = frozenset({"1", "L", "LA"})
_COLOUR = frozenset({"RGB", "RGBA", "P", "PA", "CMYK", "YCbCr"})
_MAX_PIXELS = 64 << 20


@contextmanager
def opened(path: str) -> Iterator[Image.Image]:
    """An opened picture of a size and a kind that can be used; its pixels are not yet read.

    Raises:
        DamagedFile: no picture, broken (found at any time), too large, or not of 8 bits.
        NotAvailable: the file cannot be opened.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with _Held(io.FileIO(path)) as file, Image.open(file, formats=_FORMATS) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise DamagedFile(
                    path,
                    f"at most {_MAX_PIXELS:,} pixels",
                    f"{picture.height}x{picture.width}",
                    "Make the picture smaller.",
                )
            if picture.mode not in _GRAY | _COLOUR:
                raise DamagedFile(
                    path,
                    "a gray or coloured picture of 8 bits",
                    f"mode {picture.mode}",
                    "Convert it to 8 bits first.",
                )
            yield picture
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotAvailable(path, "a picture", "no such file", "Correct the path.") from error
    except (PermissionError, IsADirectoryError) as error:
        raise NotAvailable(path, "a picture that can be read", error.strerror or "none") from error
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        received = "another kind of file" if os.path.getsize(path) else "an empty file"
        if isinstance(error, Image.DecompressionBombError):
            received = "one of far too many pixels"
        raise DamagedFile(
            path,
            "a picture: PNG, JPEG, BMP, GIF, WebP, TIFF or PGM",
            received,
            "Choose another file, or save the picture again.",
        ) from error
    except MemoryError as error:
        raise DamagedFile(path, "a picture that memory holds", "a larger one") from error
    except _BROKEN as error:
        raise DamagedFile(
            path,
            "a whole picture",
            shorten(str(error) or type(error).__name__, 80),
            "The file is damaged or was not copied to its end; get it again.",
        ) from error


# What Pillow's readers were seen to raise on damaged files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    IndexError,
    KeyError,
    OverflowError,
    RuntimeError,
    ZeroDivisionError,
)


class _Held(io.BufferedReader):
    """A file that is never asked for more than it has: Pillow believes what a picture says of the
    length of its parts, and Python would take that much memory first.
    """

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__(raw)
        self._size = os.fstat(raw.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """At most ``size`` bytes, or all that are left."""
        left = max(0, self._size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))


def is_coloured(picture: Image.Image) -> bool:
    """Whether the picture's kind has colours; one that has may still be gray everywhere."""
    return picture.mode in _COLOUR


@contextmanager
def quietly() -> Iterator[None]:
    """Without the warnings of Pillow on the standard error stream: errors say what matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode(path: str, shape: tuple[int, int, int], *, resize: bool) -> Pixels:
    """The pixels of a picture as (C, H, W) uint8: gray or coloured, and of the size asked for.

    Args:
        path: a picture.
        shape: (C, H, W); C is 1 or 3, transparency is dropped.
        resize: whether a picture of another size is brought to H x W.

    Raises:
        DamagedFile, NotAvailable: as `opened`; another size, where it may not be changed.
    """
    channels, height, width = shape
    with opened(path) as picture:
        if picture.size != (width, height) and not resize:
            from data.resizing import wanted_size

            raise wanted_size(path, (picture.height, picture.width), (height, width))
        converted = picture.convert("L" if channels == 1 else "RGB")
        if converted.size != (width, height):
            converted = converted.resize((width, height))
        pixels = np.asarray(converted, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
