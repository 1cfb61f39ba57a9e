"""Reading a file that may be compressed, and never more of it than was agreed.

A few kilobytes of gzip can unfold to gigabytes, and a header can promise what the file does not
hold. So bytes are taken in pieces, up to a limit, and memory grows only with bytes that are there.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from data.errors import DamagedFile, NotAvailable

MAX_CONTENT = 2 << 30
"""The most that one file may unfold to, in bytes: 2 GiB, some 2.7 million images of 28x28."""

_PIECE = 1 << 20


def is_gzip(path: Path) -> bool:
    """Whether the file begins as gzip does (RFC 1952), whatever its name says."""
    with _opened(path) as file:
        return file.read(2) == b"\x1f\x8b"


@contextmanager
def open_content(path: Path) -> Iterator[IO[bytes]]:
    """The content of a plain or gzip file as a stream of bytes.

    Raises:
        NotAvailable: the file cannot be opened.
        DamagedFile: the compressed data are broken, found at any time while reading.
    """
    compressed = is_gzip(path)
    with _opened(path) as raw:
        try:
            if compressed:
                with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                    yield cast(IO[bytes], stream)
            else:
                yield raw
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DamagedFile(
                str(path),
                "a whole gzip file",
                f"{error}".rstrip(".") or "broken compressed data",
                "The file is damaged or was not copied to its end; get it again.",
            ) from error


def read_exactly(stream: IO[bytes], count: int) -> bytearray:
    """Up to ``count`` bytes, fewer only where the stream ends before."""
    content = bytearray()
    while len(content) < count:
        piece = stream.read(min(_PIECE, count - len(content)))
        if not piece:
            break
        content += piece
    return content


def read_content(path: Path, limit: int = MAX_CONTENT) -> bytearray:
    """The whole content of a plain or gzip file.

    Raises:
        DamagedFile: it unfolds to more than ``limit`` bytes, or is broken.
        NotAvailable: it cannot be opened.
    """
    with open_content(path) as stream:
        content = read_exactly(stream, limit + 1)
    if len(content) > limit:
        raise DamagedFile(
            str(path), f"at most {limit:,} bytes of content", "more", "Divide the data set."
        )
    return content


def text_lines(stream: IO[bytes], where: str, longest: int) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, from 1, without line ends or a byte-order mark.

    Bytes that are not UTF-8 become the replacement character: the caller will refuse them in
    their place.

    Raises:
        DamagedFile: a line has more than ``longest`` bytes.
    """
    number = 0
    while line := stream.readline(longest + 1):
        if len(line) > longest:
            raise DamagedFile(
                f"{where}, line {number + 1}", f"at most {longest:,} bytes in a line", "more"
            )
        for text in line.decode("utf-8-sig" if not number else "utf-8", "replace").splitlines():
            number += 1
            yield number, text


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotAvailable(
            str(path), "a file that can be read", error.strerror or type(error).__name__
        ) from error
    with file:
        yield file
