"""IDX: what was written comes back; what is damaged gives a single line and takes no memory."""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import data
from data import DamagedFile, DataError, NotAvailable
from data.readers.idx import TYPES, read_idx, read_idx_and_digest

FUZZ = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def idx_bytes(array: np.ndarray) -> bytes:
    """An IDX file written from the format's description, apart from the reader's table."""
    code = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[array.dtype.str[1:]]
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_set(folder: Path, *, suffix: str = "", n: int = 6, m: int = 4) -> None:
    """A little data set in MNIST's files: n training and m test images of 5x4."""
    generator = np.random.default_rng(0)
    for split, count in (("train", n), ("t10k", m)):
        images = generator.integers(0, 256, (count, 5, 4), dtype=np.uint8)
        labels = (np.arange(count) % 3).astype(np.uint8)
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx_bytes(array)
            path = folder / f"{split}-{name}-ubyte{suffix}"
            path.write_bytes(gzip.compress(content) if suffix else content)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4), (2, 3, 4, 2), (1, 1, 2, 1, 3)])
@pytest.mark.parametrize("compressed", [False, True])
def test_idx_round_trip(
    tmp_path: Path, kind: str, shape: tuple[int, ...], compressed: bool
) -> None:
    values = np.random.default_rng(1).integers(-100, 100, shape).astype(kind)
    content = idx_bytes(values)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if compressed else content)
    array, digest = read_idx_and_digest(path)
    assert array.dtype == np.dtype(kind)
    assert array.dtype.isnative
    assert np.array_equal(array, values)
    assert digest == hashlib.sha256(content).hexdigest()


def test_the_table_of_types_is_that_of_the_format() -> None:
    assert TYPES == {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_directory_of_idx_files_is_a_data_set(tmp_path: Path, suffix: str) -> None:
    write_set(tmp_path, suffix=suffix)
    dataset = data.load(tmp_path)
    assert dataset.train.images.shape == (6, 1, 5, 4)
    assert dataset.test.images.shape == (4, 1, 5, 4)
    assert dataset.train.images.dtype == np.uint8
    assert dataset.train.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert dataset.classes == ("0", "1", "2")
    assert dataset.source == str(tmp_path)
    assert data.load(tmp_path / f"t10k-images-idx3-ubyte{suffix}").sha256 == dataset.sha256


def test_plain_and_compressed_files_are_one_data_set(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write_set(tmp_path / "a")
    write_set(tmp_path / "b", suffix=".gz")
    assert data.load(tmp_path / "a").sha256 == data.load(tmp_path / "b").sha256


def test_without_test_files_a_fifth_is_held_out(tmp_path: Path) -> None:
    write_set(tmp_path, n=30)
    for path in tmp_path.glob("t10k*"):
        path.unlink()
    dataset = data.load(tmp_path, seed=4)
    assert (len(dataset.train), len(dataset.test)) == (24, 6)
    assert dataset.test.counts(3).tolist() == [2, 2, 2]


def test_colour_images_in_either_order_of_axes(tmp_path: Path) -> None:
    write_set(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 5, 4), dtype=np.uint8)
    path = tmp_path / "train-images-idx3-ubyte"
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(images[:4]))
    for array in (images, images.transpose(0, 2, 3, 1)):
        path.write_bytes(idx_bytes(np.ascontiguousarray(array)))
        assert np.array_equal(data.load(tmp_path).train.images, images)


def one_line(error: DataError) -> str:
    text = str(error)
    assert text.isprintable()
    assert len(text) < 700
    return text


def images_file(folder: Path) -> Path:
    write_set(folder)
    return folder / "train-images-idx3-ubyte"


WHOLE = idx_bytes(np.arange(120, dtype=np.uint8).reshape(6, 5, 4))


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 60, len(WHOLE) - 1])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_file_says_so(tmp_path: Path, cut: int, compressed: bool) -> None:
    path = images_file(tmp_path)
    path.write_bytes(gzip.compress(WHOLE[:cut]) if compressed else WHOLE[:cut])
    with pytest.raises(DamagedFile) as caught:
        data.load(tmp_path)
    text = one_line(caught.value)
    assert str(path) in text
    assert ("truncated" in caught.value.advice) == (cut >= 4)
    assert cut or caught.value.received == "an empty file"


@pytest.mark.parametrize("cut", range(1, len(gzip.compress(WHOLE)), 7))
def test_a_truncated_archive_says_so(tmp_path: Path, cut: int) -> None:
    path = images_file(tmp_path)
    path.write_bytes(gzip.compress(WHOLE)[:cut])
    with pytest.raises(DamagedFile) as caught:
        data.load(tmp_path)
    assert str(path) in one_line(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04" + bytes(60), "an IDX file"),
        (b"\0\0\x07\x03" + WHOLE[4:], "an IDX file"),
        (b"\0\0\x08\x00" + WHOLE[4:], "an IDX file"),
        (b"\0\0\x08\xff" + bytes(2000), "an IDX file"),
        (b"\x03\x08\0\0" + WHOLE[4:], "an IDX file"),
        (WHOLE + b"\0", "120 bytes|136 bytes"),
        (idx_bytes(np.zeros((0, 5, 4), np.uint8)), "at least one value"),
        (idx_bytes(np.full((6, 5, 4), 1.5, np.float32)), "whole numbers 0 to 255"),
        (idx_bytes(np.full((6, 5, 4), 256, np.int16)), r"image 0.*0 to 255.*256"),
        (idx_bytes(np.full((6, 5, 4), -1, np.int32)), r"0 to 255.*-1"),
        (idx_bytes(np.zeros((6, 5), np.uint8)), "images as"),
        (idx_bytes(np.zeros((6, 2, 2, 2), np.uint8)), "images as"),
        (idx_bytes(np.zeros((6, 2, 2, 2, 2), np.uint8)), "images as"),
        (idx_bytes(np.zeros((5, 5, 4), np.uint8)), "as many labels as images"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, content: bytes, expected: str) -> None:
    images_file(tmp_path).write_bytes(content)
    with pytest.raises(DamagedFile, match=expected) as caught:
        data.load(tmp_path)
    assert str(tmp_path) in one_line(caught.value)


def test_labels_in_place_of_images_and_the_other_way_round(tmp_path: Path) -> None:
    images = images_file(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte"
    pixels = images.read_bytes()
    images.write_bytes(labels.read_bytes())
    with pytest.raises(DamagedFile, match="images as"):
        data.load(tmp_path)
    images.write_bytes(pixels)
    labels.write_bytes(pixels)
    with pytest.raises(DamagedFile, match="labels as whole numbers"):
        data.load(tmp_path)


@pytest.mark.parametrize("label", [-1, 10_000, 2**31 - 1])
def test_a_label_out_of_range(tmp_path: Path, label: int) -> None:
    images_file(tmp_path)
    labels = np.array([0, 1, 2, label, 1, 2], dtype=np.int32)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    with pytest.raises(DamagedFile, match=rf"label 3.*{label}"):
        data.load(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(NotAvailable, match="the file t10k-labels-idx1-ubyte or"):
        data.load(tmp_path)


def test_two_data_sets_in_one_directory_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "emnist-letters-train-images-idx3-ubyte").write_bytes(WHOLE)
    with pytest.raises(DamagedFile, match="emnist-letters-"):
        data.load(tmp_path)


def peak(path: Path) -> int:
    """Bytes of memory that refusing a file took."""
    tracemalloc.start()
    try:
        with pytest.raises(DamagedFile):
            read_idx(path, limit=1 << 20)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LYING = struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**20, 2**20)


def test_a_header_that_lies_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(LYING + bytes(100))
    assert peak(path) < 1 << 20
    path.write_bytes(gzip.compress(LYING + bytes(100)))
    assert peak(path) < 1 << 20


def test_a_gzip_bomb_is_not_unfolded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    bomb = struct.pack(">BBBB3I", 0, 0, 8, 3, 64 << 10, 32, 32) + bytes(64 << 20)
    path.write_bytes(gzip.compress(bomb))
    assert peak(path) < 1 << 20, "more than the limit"
    path.write_bytes(gzip.compress(WHOLE + bytes(64 << 20)))
    assert peak(path) < 4 << 20, "more than its sizes say"


@FUZZ
@given(content=st.binary(max_size=200), head=st.sampled_from([b"", WHOLE[:4], WHOLE[:16]]))
def test_any_bytes_are_an_array_or_a_clear_error(
    tmp_path: Path, content: bytes, head: bytes
) -> None:
    path = tmp_path / "file"
    for whole in (head + content, gzip.compress(head + content, 1), b"\x1f\x8b" + content):
        path.write_bytes(whole)
        try:
            array = read_idx(path, limit=1 << 16)
        except DamagedFile as error:
            one_line(error)
        else:
            assert array.nbytes <= len(head + content)
            assert math.prod(array.shape) == array.size > 0


@FUZZ
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), compressed=st.booleans())
def test_a_flipped_bit_is_an_array_or_a_clear_error(
    tmp_path: Path, at: int, bit: int, compressed: bool
) -> None:
    content = bytearray(gzip.compress(WHOLE) if compressed else WHOLE)
    content[at % len(content)] ^= 1 << bit
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        array = read_idx(path)
    except DamagedFile as error:
        one_line(error)
    else:
        assert array.nbytes <= len(WHOLE)
        if compressed:
            assert zlib.crc32(idx_bytes(array)) == zlib.crc32(WHOLE), "gzip's sum has held"
