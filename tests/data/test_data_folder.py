"""Folders of pictures: what Pillow wrote comes back, with the names of the classes."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import data
from data import DamagedFile, NotAvailable
from data.readers.folder import read_folder, read_image

GENERATOR = np.random.default_rng(5)
GRAY = GENERATOR.integers(0, 256, (6, 9), dtype=np.uint8)
COLOUR = GENERATOR.integers(0, 256, (6, 9, 3), dtype=np.uint8)


def write(path: Path, pixels: np.ndarray, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(path)


def test_classes_are_folders_in_natural_order(tmp_path: Path) -> None:
    for name in ("10", "2", "cat", "Ant", "cat 10", "cat 9"):
        for at in range(5):
            write(tmp_path / name / f"{at}.png", GRAY + np.uint8(at))
    (tmp_path / "2" / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden").mkdir()
    dataset = data.load(tmp_path)
    assert dataset.classes == ("2", "10", "Ant", "cat", "cat 9", "cat 10")
    assert dataset.image_shape == (1, 6, 9)
    assert (len(dataset.train), len(dataset.test)) == (24, 6)
    assert dataset.test.counts(6).tolist() == [1] * 6


def test_train_and_test_folders(tmp_path: Path) -> None:
    write(tmp_path / "train" / "a" / "1.png", COLOUR)
    write(tmp_path / "train" / "b" / "1.png", 255 - COLOUR)
    write(tmp_path / "test" / "b" / "1.PNG", COLOUR // 2)
    calls: list[tuple[str, int, int]] = []
    train, test, classes = read_folder(tmp_path, progress=lambda *at: calls.append(at))
    assert test is not None
    assert classes == ("a", "b")
    assert np.array_equal(train.images[0], COLOUR.transpose(2, 0, 1))
    assert np.array_equal(test.images[0], COLOUR.transpose(2, 0, 1) // 2)
    assert (train.labels.tolist(), test.labels.tolist()) == ([0, 1], [1])
    total = sum(path.stat().st_size for path in tmp_path.rglob("*.*"))
    assert [done for _, done, _ in calls[2::3]] == [total, total]
    assert {name for name, _, _ in calls} == {f"{tmp_path.name}: {w}" for w in ("sizes", "pixels")}
    assert {expected for _, _, expected in calls} == {total}


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_other_names_of_the_test_folder(tmp_path: Path, name: str) -> None:
    for folder in ("train", name):
        write(tmp_path / folder / "a" / "1.png", GRAY)
        write(tmp_path / folder / "b" / "1.png", 255 - GRAY)
    test = read_folder(tmp_path)[1]
    assert test is not None
    assert len(test) == 2
    write(tmp_path / "test" / "a" / "1.png", GRAY)
    test = read_folder(tmp_path)[1]
    assert test is not None
    assert len(test) == 1, "a folder called test comes first"


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("train", "ship"):
        write(tmp_path / name / "1.png", GRAY)
    assert read_folder(tmp_path)[2] == ("ship", "train")


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "LA"])
def test_modes_of_pictures(tmp_path: Path, mode: str) -> None:
    write(tmp_path / "a" / "1.png", COLOUR, mode)
    images = read_folder(tmp_path)[0].images
    assert images.shape == (1, 1 if mode in ("1", "L", "LA") else 3, 6, 9)
    if mode in ("RGB", "RGBA"):
        assert np.array_equal(images[0], COLOUR.transpose(2, 0, 1))


def test_one_coloured_picture_makes_all_coloured(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png", GRAY)
    write(tmp_path / "a" / "2.png", COLOUR)
    images = read_folder(tmp_path)[0].images
    assert (images[0] == GRAY).all()
    assert images.shape == (2, 3, 6, 9)


def test_sizes_must_agree_unless_one_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png", GRAY)
    write(tmp_path / "a" / "2.png", GRAY.T.copy())
    with pytest.raises(DamagedFile, match=r"2\.png: expected 6x9 .* received 9x6\. --resize 6x9"):
        data.load(tmp_path)
    assert read_folder(tmp_path, size=(4, 5))[0].images.shape == (2, 1, 4, 5)


def test_what_is_resized_is_what_pillow_makes_of_it(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for at in range(5):
            write(tmp_path / name / f"{at}.png", COLOUR + np.uint8(at))
    dataset = data.load(tmp_path, size=(12, 7))
    assert dataset.image_shape == (3, 12, 7)
    picture = Image.fromarray(COLOUR).resize((7, 12))
    wanted = np.asarray(picture).transpose(2, 0, 1)
    assert any(np.array_equal(image, wanted) for image in dataset.train.images)


def test_a_picture_of_another_size_is_resized_only_when_asked(tmp_path: Path) -> None:
    write(tmp_path / "1.png", GRAY)
    with pytest.raises(DamagedFile, match=r"expected pictures of 3x4 .*received 6x9\. --resize"):
        read_image(tmp_path / "1.png", (1, 3, 4), resize=False)
    assert read_image(tmp_path / "1.png", (1, 3, 4)).shape == (1, 3, 4)


def test_what_is_no_picture_by_its_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(DamagedFile, match="another kind of file"):
        read_folder(tmp_path)


def test_an_empty_file_is_called_so(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
    with pytest.raises(DamagedFile, match="received an empty file"):
        read_folder(tmp_path)


def test_one_class_alone_is_no_data_set(tmp_path: Path) -> None:
    for at in range(5):
        write(tmp_path / "a" / f"{at}.png", GRAY)
    with pytest.raises(DamagedFile, match="at least two classes"):
        data.load(tmp_path)


@pytest.mark.parametrize("content", ["picture", "text", "array", "bytes"])
def test_a_file_that_is_no_data_set_says_what_would_be_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "it"
    if content == "picture":
        write(tmp_path / "it.png", GRAY)
        path = tmp_path / "it.png"
    elif content == "array":
        np.save(tmp_path / "it.npy", GRAY)
        path = tmp_path / "it.npy"
    else:
        path.write_bytes(b"hello" if content == "text" else b"hello\0" * 20)
    with pytest.raises(data.DataError) as caught:
        data.load(path)
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.advice


def test_one_picture_for_a_network(tmp_path: Path) -> None:
    write(tmp_path / "1.png", COLOUR)
    assert read_image(tmp_path / "1.png", (3, 6, 9)).shape == (3, 6, 9)
    assert read_image(tmp_path / "1.png", (1, 28, 28)).shape == (1, 28, 28)
    with pytest.raises(NotAvailable, match="no such file"):
        read_image(tmp_path / "2.png", (1, 28, 28))


def test_damaged_pictures_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a" / "1.png"
    write(path, GENERATOR.integers(0, 256, (40, 40), dtype=np.uint8))
    whole = path.read_bytes()
    for content in (b"", b"no picture at all", *(whole[:cut] for cut in range(4, 1000, 97))):
        path.write_bytes(content)
        with pytest.raises(DamagedFile) as caught:
            read_folder(tmp_path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("part", [b"IHDR", b"IDAT"])
def test_a_part_that_is_said_to_be_longer_than_its_file(tmp_path: Path, part: bytes) -> None:
    """Takes no memory that the picture has no bytes for."""
    path = tmp_path / "a" / "1.png"
    write(path, GRAY)
    content = bytearray(path.read_bytes())
    at = content.index(part)
    content[at - 4 : at] = (1 << 30).to_bytes(4, "big")
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with suppress(DamagedFile):
            assert np.array_equal(read_image(path, (1, *GRAY.shape))[0], GRAY)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_pictures_that_are_too_large_or_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "a" / "1.png"
    write(path, np.zeros((8200, 8200), np.uint8))
    with pytest.raises(DamagedFile, match="at most 67,108,864 pixels, received 8200x8200"):
        read_folder(tmp_path)
    write(path, np.zeros((4, 4), np.uint16))
    with pytest.raises(DamagedFile, match="8 bits"):
        read_folder(tmp_path)


def test_folders_that_are_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"IDX files, one NPZ, train\.csv"):
        data.load(tmp_path)
    write(tmp_path / "1.png", GRAY)
    with pytest.raises(NotAvailable, match="DIRECTORY/class/"):
        data.load(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAvailable, match="no images in directories"):
        data.load(tmp_path)


def test_a_class_that_training_has_not(tmp_path: Path) -> None:
    write(tmp_path / "train" / "a" / "1.png", GRAY)
    write(tmp_path / "test" / "z" / "1.png", GRAY)
    with pytest.raises(DamagedFile, match="a class that the training images have"):
        data.load(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "csv", "idx", "npz"])
def test_a_data_set_stands_in_memory_once_while_it_is_read(tmp_path: Path, kind: str) -> None:
    """But for the fifth that is held out, which moves to the end, and for a block of pixels."""
    images = np.random.default_rng(0).integers(0, 256, (9000, 80, 80), dtype=np.uint8)
    labels = (np.arange(len(images)) % 3).astype(np.uint8)
    path = tmp_path / f"it.{kind}"
    if kind == "npz":
        np.savez(path, x=images, y=labels)
    elif kind == "idx":
        path = tmp_path
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            (path / f"train-{name}-ubyte").write_bytes(head + array.tobytes())
    elif kind == "csv":
        images = images[:600]
        table = np.column_stack([labels[:600], images.reshape(600, -1)])
        np.savetxt(path, table, fmt="%d", delimiter=",")
    else:
        images = images[:150].repeat(8, axis=1).repeat(8, axis=2)
        path = tmp_path
        for place, image in enumerate(images):
            (path / f"{place % 3}").mkdir(exist_ok=True)
            Image.fromarray(image).save(path / f"{place % 3}" / f"{place}.png", compress_level=1)
    size = images.nbytes
    del images
    tracemalloc.start()
    try:
        dataset = data.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert dataset.train.images.nbytes + dataset.test.images.nbytes == size
    assert peak < 1.35 * size + (24 << 20)
