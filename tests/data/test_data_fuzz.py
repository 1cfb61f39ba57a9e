"""Damaged, huge, empty and lying files of each kind: one clear line, and little memory taken.

Whole files are made by the real other side (NumPy, pandas, Pillow, gzip) and then harmed. Without
CNN_TUI_FUZZ each kind sees 40 harms; CNN_TUI_FUZZ=N makes them N.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
import tempfile
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import data
from data import DataError
from data.inputs import read_inputs

HARMS = int(os.environ.get("CNN_TUI_FUZZ", "40"))
BOUND = 48 << 20  # bytes, for files of a few kilobytes: a block of text, of pixels, Pillow's own

RNG = np.random.default_rng(11)
IMAGES = RNG.integers(0, 256, (30, 6, 6), dtype=np.uint8)
COLOURS = RNG.integers(0, 256, (30, 6, 6, 3), dtype=np.uint8)
LABELS = (np.arange(30) % 3).astype(np.uint8)


def idx(array: np.ndarray, code: int = 8) -> bytes:
    head = bytes([0, 0, code, array.ndim])
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return head + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def npz(compressed: bool) -> bytes:
    file = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(file, x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:5], y_test=LABELS[:5])
    return file.getvalue()


def csv() -> bytes:
    frame = pd.DataFrame(IMAGES.reshape(30, 36), columns=[f"pixel{place}" for place in range(36)])
    frame.insert(0, "label", LABELS)
    return frame.to_csv(index=False).encode()


def picture(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def beside(folder: Path) -> None:
    """The labels that belong to a file of images."""
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))


def other_class(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        for place in range(4):
            Image.fromarray(COLOURS[place]).save(folder / name / f"z{place}.png")


# Where the harmed file stands below the folder, what is beside it, the whole file, what is loaded.
KINDS: dict[str, tuple[str, Callable[[Path], None], bytes, str]] = {
    "idx": ("train-images-idx3-ubyte", beside, idx(IMAGES), "."),
    "idx labels": (
        "train-labels-idx1-ubyte",
        lambda folder: (folder / "train-images-idx3-ubyte").write_bytes(idx(IMAGES)) and None,
        idx(LABELS),
        ".",
    ),
    "idx of doubles": ("train-images-idx3-ubyte", beside, idx(IMAGES / 255.0, 0x0E), "."),
    "idx.gz": ("train-images-idx3-ubyte.gz", beside, gzip.compress(idx(IMAGES)), "."),
    "csv": ("it.csv", lambda folder: None, csv(), "it.csv"),
    "csv.gz": ("it.csv.gz", lambda folder: None, gzip.compress(csv()), "it.csv.gz"),
    "npz": ("it.npz", lambda folder: None, npz(False), "it.npz"),
    "npz deflated": ("it.npz", lambda folder: None, npz(True), "it.npz"),
    **{
        f"folder of {kind}": (f"a/1.{kind}", other_class, picture(COLOURS[9], kind), ".")
        for kind in ("png", "jpeg", "gif", "bmp", "tiff", "webp")
    },
    "any name": ("thing", lambda folder: None, csv(), "thing"),
}

NUMBERS = [0, 1, 2, 127, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1]
harm = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
    st.tuples(st.just("set"), st.floats(0, 1), st.binary(min_size=1, max_size=9)),
    st.tuples(st.just("insert"), st.floats(0, 1), st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("remove"), st.floats(0, 1), st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("repeat"), st.floats(0, 1), st.binary(min_size=1, max_size=2)),
    st.tuples(
        st.just("set"),
        st.floats(0, 0.2),
        st.sampled_from(NUMBERS).flatmap(
            lambda n: st.sampled_from([n.to_bytes(4, "big"), n.to_bytes(4, "little")])
        ),
    ),
    st.tuples(st.just("all"), st.just(0.0), st.binary(max_size=200)),
)


def harmed(whole: bytes, harms: list[tuple[str, float, bytes]]) -> bytes:
    content = bytearray(whole)
    for how, share, piece in harms:
        at = round(share * len(content))
        match how:
            case "cut":
                del content[at:]
            case "set":
                content[at : at + len(piece)] = piece
            case "insert":
                content[at:at] = piece
            case "remove":
                del content[at : at + len(piece)]
            case "repeat":
                content[at:at] = content[at : at + 500] * len(piece)
            case "all":
                content[:] = piece
    return bytes(content)


@contextmanager
def bounded(most: int = BOUND) -> Iterator[None]:
    """Whatever is taken within, and given back or not, is never more than this at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def is_told(read: Callable[[], object]) -> str | None:
    """The one clear line of an error; None where the files were good after all."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning would be a second line on the screen
        try:
            read()
        except DataError as error:
            told = error
        else:
            return None
    text = str(told)
    assert text.isprintable()
    assert len(text.splitlines()) == 1
    assert told.where
    assert told.received
    assert told.advice
    return text


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=HARMS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(harms=st.lists(harm, min_size=1, max_size=4))
def test_harmed_files_are_refused_in_a_line(
    kind: str, harms: list[tuple[str, float, bytes]]
) -> None:
    name, prepare, whole, given_path = KINDS[kind]
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "set"
        folder.mkdir()
        prepare(folder)
        (folder / name).write_bytes(harmed(whole, harms))
        before = contents(folder)
        with bounded():
            told = is_told(lambda: data.load(folder / given_path))
            is_told(lambda: list(read_inputs(folder / name, (1, 6, 6), resize=True)))
        assert told is None or str(folder) in told
        assert contents(folder) == before
        assert os.listdir(root) == ["set"]


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_read(kind: str, tmp_path: Path) -> None:
    name, prepare, whole, given_path = KINDS[kind]
    prepare(tmp_path)
    (tmp_path / name).write_bytes(whole)
    assert data.load(tmp_path / given_path).image_shape[1:] == (6, 6)
    if kind not in ("idx labels", "any name"):  # no images; no name of a table
        images = [inputs.images for inputs in read_inputs(tmp_path / name, (1, 6, 6))]
        assert images[0].shape[1:] == (1, 6, 6)


def zeros(count: int, before: bytes = b"") -> bytes:
    """A gzip file of some bytes and then so many zeros, made without holding them."""
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    pieces = [packer.compress(before), *(packer.compress(block) for _ in range(count >> 20))]
    return b"".join(pieces) + packer.flush()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "sizes", [(2**31 - 1, 2**31 - 1, 2**10), (2**31, 28, 28), (60_000, 170, 200), (2**32 - 1,) * 3]
)
def test_an_idx_header_that_promises_terabytes(
    tmp_path: Path, sizes: tuple[int, ...], compressed: bool
) -> None:
    content = b"\0\0\x08\x03" + struct.pack(">3I", *sizes) + bytes(100)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(gzip.compress(content) if compressed else content)
    beside(tmp_path)
    with bounded():
        assert is_told(lambda: data.load(tmp_path)) is not None


def test_a_gzip_bomb_stops_where_its_header_says(tmp_path: Path) -> None:
    head = b"\0\0\x08\x03" + struct.pack(">3I", 30, 6, 6)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(zeros(300 << 20, head))
    beside(tmp_path)
    with bounded():
        told = is_told(lambda: data.load(tmp_path))
    assert told is not None
    assert "more bytes after them" in told


@pytest.mark.parametrize("text", [b"label,pixel0\n", b"", b"label," + b"pixel," * 30])
def test_a_csv_with_a_gigantic_row(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "it.csv.gz").write_bytes(zeros(300 << 20, text))
    with bounded():
        told = is_told(lambda: data.load(tmp_path / "it.csv.gz"))
    assert told is not None
    assert "bytes in a line" in told


def test_a_csv_of_many_large_rows_stands_in_memory_a_block_at_a_time(tmp_path: Path) -> None:
    row = b"0" + b",255" * 90_000 + b"\n"
    (tmp_path / "it.csv.gz").write_bytes(gzip.compress(row * 100 + b"1,2\n", 1))
    with bounded(9_000_000 + (110 << 20)):  # the pixels, and a block as text and as numbers
        told = is_told(lambda: data.load(tmp_path / "it.csv.gz"))
    assert told is not None
    assert "line 101" in told


def npy_bomb(header: int, said: bytes) -> bytes:
    """An archive with an array whose header unfolds to so many bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("x.npy", "w", force_zip64=True) as member:
            member.write(b"\x93NUMPY\x02\0" + struct.pack("<I", header) + said)
            for _ in range(header >> 20):
                member.write(b" " * (1 << 20))
        with archive.open("y.npy", "w") as member:
            np.lib.format.write_array(member, LABELS)
    return file.getvalue()


@pytest.mark.parametrize("said", [b"", b"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}"])
def test_an_array_whose_header_is_a_bomb(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "it.npz").write_bytes(npy_bomb(300 << 20, said))
    with bounded():
        told = is_told(lambda: data.load(tmp_path / "it.npz"))
    assert told is not None
    assert "too long" in told


@pytest.mark.parametrize("shape", ["(10**12, 28, 28)", "(1000000000000, 28, 28)", "(-1, -784)"])
def test_an_array_that_lies_about_its_shape(tmp_path: Path, shape: str) -> None:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head = b"\x93NUMPY\x01\0" + struct.pack("<H", len(text) + 1) + text + b"\n"
    with zipfile.ZipFile(tmp_path / "it.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", head + bytes(784))
        archive.writestr("y.npy", head + bytes(784))
    with bounded():
        assert is_told(lambda: data.load(tmp_path / "it.npz")) is not None


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int, height: int, pixels: bytes, *before: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    parts = (head, *before, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("side", [10_000, 12_000, 60_000, 2**31 - 1])
def test_a_picture_that_is_a_bomb(tmp_path: Path, side: int) -> None:
    other_class(tmp_path)
    (tmp_path / "a" / "1.png").write_bytes(png(side, side, zlib.compress(b"")))
    with bounded():
        told = is_told(lambda: data.load(tmp_path))
        assert told is not None
        assert "pixels" in told
        assert is_told(lambda: list(read_inputs(tmp_path / "a" / "1.png", (1, 6, 6), resize=True)))


def test_a_picture_with_a_text_that_is_a_bomb(tmp_path: Path) -> None:
    other_class(tmp_path)
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100 << 20), 9))
    (tmp_path / "a" / "1.png").write_bytes(png(6, 6, zlib.compress(bytes(42)), text))
    with bounded():
        is_told(lambda: data.load(tmp_path))


def test_many_pictures_that_say_they_are_large_are_refused_before_their_pixels(
    tmp_path: Path,
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for place in range(30):
            (tmp_path / name / f"{place}.png").write_bytes(png(7000, 7000, b""))
    with bounded():
        told = is_told(lambda: data.load(tmp_path))
    assert told is not None
    assert "--resize" in told
