"""Images as text: one a line, the label and then every pixel, as Kaggle's digit-recognizer has it.

``label,pixel0,pixel1,...,pixel783`` and then whole numbers. The label may stand in any column and
may be called ``class`` (as OpenML does); pixels may be counted from 0 or 1 or be named otherwise
(``1x1``); without a header the first column is the label. Images are gray and square.
NumPy's text reader does the work, a block of lines at a time; only where it refuses a block are
the lines read one by one, to say which one is wrong and why. Beside the pixels, no more than a
block of text stands in memory.
Source: https://www.kaggle.com/c/digit-recognizer/data
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from data.dataset import Pixels, Split
from data.errors import DamagedFile, shorten
from data.readers.bounded import MAX_CONTENT, open_content, text_lines
from data.readers.pixels import MAX_CLASSES, to_images, to_labels

_LABEL_NAMES = ("label", "class")
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*", re.ASCII)
_PIXEL = re.compile(r"pixel([0-9]{1,9})")
_LONGEST_LINE = 2 << 20
_BLOCK_LINES, _BLOCK_BYTES = 500, 2 << 20

_Line = tuple[int, str]


@dataclass(frozen=True)
class _Columns:
    """What a header says: the column of the label, if there is one, and how many there are."""

    width: int
    label: int | None
    headed: bool
    names: tuple[str, ...]


def read_csv(path: Path) -> Split:
    """A CSV file of labelled images, plain or gzip.

    Raises:
        DamagedFile: a missing column, a row of another length, a label that is no number, a
            pixel out of 0..255, an empty or broken file; with the line.
        NotAvailable: the file cannot be opened.
    """
    columns, values = _read(path)
    if columns.label is None:
        raise DamagedFile(
            f"{path}, line 1",
            "a column named label",
            f"{columns.width} columns, from {shorten(columns.names[0])}"
            f" to {shorten(columns.names[-1])}",
            "Kaggle's test.csv has no labels: train on train.csv, predict on test.csv.",
        )
    labels, pixels = values
    images = to_images(str(path), pixels)
    return Split(images, to_labels(str(path), labels, len(images)))


def read_csv_images(path: Path) -> Pixels:
    """The images of a CSV file with or without labels, as Kaggle's test.csv: (n, 1, H, W) uint8.

    Raises:
        DamagedFile, NotAvailable: as `read_csv`.
    """
    return to_images(str(path), _read(path)[1][1])


def has_labels(path: Path) -> bool:
    """Whether the first line of a CSV file names a column of labels.

    Raises:
        DamagedFile, NotAvailable: as `read_csv`.
    """
    with open_content(path) as stream:
        first = next(_filled_lines(stream, path), None)
    return first is not None and _understand(path, first).label is not None


def _filled_lines(stream: IO[bytes], path: Path) -> Iterator[_Line]:
    return (line for line in text_lines(stream, str(path), _LONGEST_LINE) if line[1].strip())


def _read(path: Path) -> tuple[_Columns, tuple[NDArray[np.int64], Pixels]]:
    labels: list[NDArray[np.int64]] = []
    pixels = bytearray()  # grows in its place: pieces that are joined would stand there twice
    with open_content(path) as stream:
        lines = _filled_lines(stream, path)
        first = next(lines, None)
        if first is None:
            raise DamagedFile(
                str(path), "a header and rows of numbers", "an empty file", "Choose another file."
            )
        columns = _understand(path, first)
        rows = lines if columns.headed else itertools.chain([first], lines)
        for block in _blocks(rows):
            values = _numbers(path, columns, block)
            if columns.label is not None:
                labels.append(values[:, columns.label].copy())
                values = np.delete(values, columns.label, axis=1)
            pixels += values.astype(np.uint8).data.cast("B")
            if len(pixels) > MAX_CONTENT:
                raise DamagedFile(
                    str(path), f"at most {MAX_CONTENT:,} pixels", "more", "Divide the data set."
                )
    if not pixels:
        raise DamagedFile(
            str(path),
            "rows of numbers after the header",
            "none",
            "A CSV of images has the columns label,pixel0,pixel1,... and a row for each image.",
        )
    no_labels = np.empty(0, dtype=np.int64)
    width = columns.width - (columns.label is not None)
    images = np.frombuffer(pixels, dtype=np.uint8).reshape(-1, width)
    return columns, (np.concatenate(labels) if labels else no_labels, images)


def _blocks(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    block: list[_Line] = []
    taken = 0
    for line in lines:
        block.append(line)
        taken += len(line[1])
        if len(block) == _BLOCK_LINES or taken > _BLOCK_BYTES:
            yield block
            block, taken = [], 0
    if block:
        yield block


def _understand(path: Path, first: _Line) -> _Columns:
    """What the first line says of the columns."""
    where = f"{path}, line {first[0]}"
    names = tuple(name.strip() for name in _fields(where, first[1]))
    if all(_NUMBER.fullmatch(name) for name in names):
        _square(where, len(names) - 1)
        return _Columns(len(names), 0, False, names)
    lowered = [name.lower() for name in names]
    labels = [at for at, name in enumerate(lowered) if name in _LABEL_NAMES]
    if len(labels) > 1:
        raise DamagedFile(
            where, "one column named label", " and ".join(shorten(names[at]) for at in labels)
        )
    numbers = [
        match and int(match[1])
        for at, name in enumerate(lowered)
        if at not in labels
        for match in [_PIXEL.fullmatch(name)]
    ]
    if numbers and all(number is not None for number in numbers):
        _consecutive(where, [number for number in numbers if number is not None])
    _square(where, len(names) - len(labels))
    return _Columns(len(names), labels[0] if labels else None, True, names)


def _consecutive(where: str, numbers: list[int]) -> None:
    start = 1 if numbers[0] == 1 else 0
    for at, number in enumerate(numbers, start):
        if number != at:
            raise DamagedFile(
                where,
                f"the column pixel{at}",
                f"pixel{number} in its place",
                "Columns pixel0, pixel1, ... must all be there, in order.",
            )


def _square(where: str, pixels: int) -> None:
    if pixels < 1 or math.isqrt(pixels) ** 2 != pixels:
        raise DamagedFile(
            where,
            "a label and the pixels of a square image, as 784 for 28x28",
            f"{max(pixels, 0)} pixel columns",
            "Columns: label,pixel0,pixel1,... (from pandas: to_csv(file, index=False)).",
        )


def _numbers(path: Path, columns: _Columns, block: list[_Line]) -> NDArray[np.int64]:
    """The numbers of some lines: (lines, width), each in its range."""
    # NumPy 2.4's text reader looks other characters up beyond the end of a table, and crashes.
    if not all(text.isascii() for _, text in block):
        raise _first_wrong(path, columns, block, "characters that are no digits")
    try:
        values: NDArray[np.int64] = np.loadtxt(
            [text for _, text in block],
            delimiter=",",
            dtype=np.int64,
            comments=None,
            quotechar='"',
            ndmin=2,
        )
    except (ValueError, OverflowError) as error:
        raise _first_wrong(path, columns, block, shorten(str(error), 80)) from error
    if values.shape != (len(block), columns.width):
        raise _first_wrong(path, columns, block, f"{values.shape[1]} values in a line")
    most = np.full(columns.width, 255)
    if columns.label is not None:
        most[columns.label] = MAX_CLASSES - 1
    if (values < 0).any() or (values > most).any():
        raise _first_wrong(path, columns, block, "a number out of its range")
    return values


def _first_wrong(path: Path, columns: _Columns, block: list[_Line], reason: str) -> DamagedFile:
    """The error of the first line that is wrong, or else of the block, for the given reason."""
    for number, text in block:
        where = f"{path}, line {number}"
        fields = _fields(where, text)
        if len(fields) != columns.width:
            return DamagedFile(
                where,
                f"{columns.width} values, as in the first line",
                f"{len(fields)}",
                "Every row must have a value for every column.",
            )
        for at, field in enumerate(fields):
            label = at == columns.label
            most = MAX_CLASSES - 1 if label else 255
            if not _NUMBER.fullmatch(field) or not 0 <= int(field) <= most:
                name = columns.names[at] if columns.headed else f"{at + 1}"
                return DamagedFile(
                    f"{where}, column {shorten(name)}",
                    f"a {'label' if label else 'pixel'} as a whole number from 0 to {most}",
                    shorten(field),
                )
    return DamagedFile(f"{path}, line {block[0][0]} or later", "whole numbers and commas", reason)


def _fields(where: str, text: str) -> list[str]:
    try:
        return next(csv.reader([text]), [])
    except csv.Error as error:
        raise DamagedFile(where, "values separated by commas", f"{error}") from error
