"""Data sets that are published in one archive: unpacked whole and verified, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

import data
from data import DamagedFile, NotAvailable
from data.catalog import CATALOGUE
from data.download import cache_folder, fetch, verify
from data.published import Published, RemoteFile
from data.unpacking import unpack

IMAGES = np.random.default_rng(3).integers(0, 256, (26, 8, 8), dtype=np.uint8)
LABELS = np.arange(1, 27, dtype=np.uint8)
HEADS = {"images-idx3": b"\0\0\x08\x03\0\0\0\x1a\0\0\0\x08\0\0\0\x08",
         "labels-idx1": b"\0\0\x08\x01\0\0\0\x1a"}  # fmt: skip


def members(prefix: str) -> dict[str, bytes]:
    """Four files as EMNIST has them: each image stored column by column, labels from 1."""
    pixels = IMAGES.swapaxes(1, 2).tobytes()
    contents = {"images-idx3": pixels, "labels-idx1": LABELS.tobytes()}
    return {
        f"{prefix}-{split}-{what}-ubyte.gz": gzip.compress(HEADS[what] + contents[what], mtime=0)
        for split in ("train", "test")
        for what in HEADS
    }


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with an archive of two data sets and something else."""
    folder = tmp_path / "site"
    folder.mkdir()
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        archive.writestr("gzip/readme.txt", "not a data set")
        for prefix in ("one", "two"):
            for name, content in members(prefix).items():
                archive.writestr(f"gzip/{name}", content)
    return folder


def published(name: str, site: Path, mirror: str = "http://127.0.0.1:1/") -> Published:
    packed = (site / "gzip.zip").read_bytes()
    return Published(
        name=name,
        title=name,
        train=26,
        test=26,
        image_shape=(1, 8, 8),
        classes=tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        licence="",
        citation="",
        mirrors=(mirror,),
        files=tuple(
            RemoteFile(file, len(content), archive_sha256=hashlib.sha256(content).hexdigest())
            for file, content in members(name).items()
        ),
        archive=RemoteFile(
            "gzip.zip", len(packed), archive_sha256=hashlib.sha256(packed).hexdigest()
        ),
        transposed=True,
        first_label=1,
    )


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "CNN_TUI_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_one_download_serves_all_that_the_archive_has(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(site) as address:
        for name in ("one", "two"):
            monkeypatch.setitem(CATALOGUE, name, published(name, site, address))
        dataset = data.load("one")
    for split in (dataset.train, dataset.test):
        assert np.array_equal(split.images[:, 0], IMAGES), "rows are rows again"
        assert split.labels.tolist() == list(range(26))
    assert dataset.classes[dataset.train.labels[2]] == "C"
    states = {entry.name: entry.state for entry in data.catalogue()}
    assert (states["one"], states["two"]) == ("cached", "cached")
    assert data.load("two").sha256 == dataset.sha256, "without the network"
    assert not [*cache_folder("one").glob("*.zip"), *cache_folder("one").glob("*.part")]


def test_unpacked_files_in_a_directory_of_ones_own(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, "one", published("one", site))
    with zipfile.ZipFile(site / "gzip.zip") as archive:
        archive.extractall(tmp_path / "mine")
    monkeypatch.setenv("CNN_TUI_DATA", str(tmp_path / "mine"))
    assert data.load("one").source == str(tmp_path / "mine" / "gzip")
    labels = tmp_path / "mine" / "gzip" / "one-test-labels-idx1-ubyte.gz"
    labels.write_bytes(gzip.compress(gzip.decompress(labels.read_bytes())[:-1] + b"\1"))
    with pytest.raises(DamagedFile, match="the published content"):
        data.load("one")


def test_an_archive_that_waits_is_not_fetched_again(site: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "gzip.zip").write_bytes((site / "gzip.zip").read_bytes())
    what = published("one", site)
    assert fetch(what, tmp_path / "here") == tmp_path / "here"
    for file in what.files:
        verify(tmp_path / "here" / file.name, file)


def test_without_a_network_the_error_says_what_to_do(site: Path, tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"one \(gzip\.zip\).*mnist-5k.*CNN_TUI_DATA"):
        fetch(published("one", site), tmp_path / "here")


@pytest.mark.parametrize("harm", ["cut", "junk", "missing", "another", "bomb"])
def test_a_damaged_archive_leaves_nothing_half_written(
    site: Path, tmp_path: Path, harm: str
) -> None:
    what, path = published("one", site), tmp_path / "bad.zip"
    whole = (site / "gzip.zip").read_bytes()
    if harm in ("cut", "junk"):
        path.write_bytes(whole[: len(whole) // 2] if harm == "cut" else b"junk" * 99)
    else:
        contents = members("two" if harm == "missing" else "one")
        name = "one-train-images-idx3-ubyte.gz"
        if harm != "missing":
            contents[name] = bytes(64 << 20) if harm == "bomb" else contents[name][:-1] + b"\7"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in contents.items():
                archive.writestr(member, content)
    with pytest.raises(DamagedFile) as caught:
        unpack(path, {file: tmp_path / "to" / file.name for file in what.files}, verify)
    assert str(caught.value).isprintable()
    assert not [*(tmp_path / "to").glob("*")]
