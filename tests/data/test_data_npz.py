"""NPZ: Keras' and KMNIST's archives come back; damaged, lying and pickled ones are refused."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import data
from data import DamagedFile, DataError, NotAvailable

GENERATOR = np.random.default_rng(3)
X, Y = GENERATOR.integers(0, 256, (10, 5, 4), dtype=np.uint8), np.arange(10, dtype=np.uint8) % 2
XT, YT = X[:4] // 2, Y[:4]


def test_keras_names(tmp_path: Path) -> None:
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, x_train=X, y_train=Y, x_test=XT, y_test=YT)
    dataset = data.load(path)
    assert np.array_equal(dataset.train.images, X[:, None])
    assert np.array_equal(dataset.test.images, XT[:, None])
    assert dataset.test.labels.tolist() == YT.tolist()
    assert dataset.name == "mnist"
    assert data.load(tmp_path).sha256 == dataset.sha256


@pytest.mark.parametrize("names", [("images", "labels"), ("x", "y"), ("x_train", "y_train")])
def test_one_split_is_divided(tmp_path: Path, names: tuple[str, str]) -> None:
    np.savez(tmp_path / "a.npz", **{names[0]: X, names[1]: Y})
    dataset = data.load(tmp_path / "a.npz")
    assert (len(dataset.train), len(dataset.test)) == (8, 2)


def test_kmnist_pairs(tmp_path: Path) -> None:
    for part, images, labels in (("train", X, Y), ("test", XT, YT)):
        np.savez_compressed(tmp_path / f"kmnist-{part}-imgs.npz", images)
        np.savez_compressed(tmp_path / f"kmnist-{part}-labels.npz", labels)
    dataset = data.load(tmp_path)
    assert np.array_equal(dataset.train.images, X[:, None])
    assert np.array_equal(dataset.test.labels, YT)
    (tmp_path / "kmnist-train-labels.npz").unlink()
    with pytest.raises(NotAvailable, match="kmnist-train-labels"):
        data.load(tmp_path / "kmnist-train-imgs.npz")


@pytest.mark.parametrize(
    "images",
    [X[..., None], X[:, None], np.asfortranarray(X), X.astype(">i4"), X.reshape(10, 20)[:, :16]],
    ids=["channels last", "channels first", "Fortran order", "big-endian", "flat"],
)
def test_layouts_and_types_of_images(tmp_path: Path, images: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", x=images, y=Y)
    dataset = data.load(tmp_path / "a.npz")
    both = np.concatenate([dataset.train.images, dataset.test.images])
    expected = X if images.ndim > 2 else images
    assert dataset.train.images.dtype == np.uint8
    assert sorted(both.reshape(10, -1).tolist()) == sorted(expected.reshape(10, -1).tolist())


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"a": X}, "x_train and y_train"),
        ({}, "x_train and y_train"),
        ({"x": X}, "x_train and y_train"),
        ({"x": X / 2.5, "y": Y}, "uint8"),
        ({"x": X, "y": Y[:3]}, "as many labels as images"),
        ({"x": X, "y": Y / 2}, "labels as whole numbers"),
        ({"x": X, "y": np.array(["cat"] * 10)}, "labels as whole numbers"),
        ({"x": X.astype(object), "y": Y}, "Objects are never loaded"),
        ({"x": X[:0], "y": Y[:0]}, "bytes of values"),
        ({"x": np.float64(3), "y": Y}, "x"),
    ],
)
def test_other_arrays_are_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], expected: str
) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DamagedFile, match=expected):
        data.load(tmp_path / "a.npz")


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    """An NPY file, perhaps with another shape in its header than it has."""
    buffer = io.BytesIO()
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": shape or array.shape}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + array.tobytes()


@pytest.mark.parametrize("shape", [(10, 5, 5), (10, 5, 3), (2**40, 2**20, 4), (1,)])
def test_a_header_that_lies_takes_no_memory(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(archive(x=npy(X, shape), y=npy(Y)))
    tracemalloc.start()
    with pytest.raises(DamagedFile, match="as its shape"):
        data.load(path)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 1 << 20


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    evil = npy(X).replace(b"|u1", b"|O ", 1)
    for content in (
        evil,
        b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\3\0",
    ):
        path.write_bytes(archive(x=content, y=npy(Y)))
        with pytest.raises(DamagedFile):
            data.load(path)


WHOLE = archive(x=npy(X), y=npy(Y))


def is_clear(error: DataError, path: Path) -> bool:
    """Whether an error names the file in a single printable line."""
    return str(path) in str(error) and str(error).isprintable() and len(str(error)) < 700


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_any_damage_is_told_or_does_no_harm(tmp_path: Path, at: int, byte: int, cut: bool) -> None:
    content = WHOLE[:at] if cut else WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    try:
        dataset = data.load(path)
    except DataError as error:
        clear = is_clear(error, path)
    else:
        clear = len(dataset.train) + len(dataset.test) == 10
    assert clear
