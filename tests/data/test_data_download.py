"""Downloads from a mirror on this machine: verified, resumed, never half-written, and told."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import data
from data import DamagedFile, NotAvailable
from data.catalog import CATALOGUE
from data.download import cache_folder, fetch, verify
from data.progress import progress_bar
from data.published import Published, RemoteFile

HEADS = {
    "images": b"\0\0\x08\x03\0\0\0\x28\0\0\0\x20\0\0\0\x20",
    "labels": b"\0\0\x08\x01\0\0\0\x28",
}
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 32, 32), dtype=np.uint8).tobytes()
CONTENT = {
    "train-images-idx3-ubyte.gz": HEADS["images"] + PIXELS,
    "train-labels-idx1-ubyte.gz": HEADS["labels"] + bytes(range(10)) * 4,
    "t10k-images-idx3-ubyte.gz": HEADS["images"] + PIXELS[::-1],
    "t10k-labels-idx1-ubyte.gz": HEADS["labels"] + bytes(range(9, -1, -1)) * 4,
}
FIRST = next(iter(CONTENT))


class Mirror(ThreadingHTTPServer):
    """A web server on the loopback interface whose misbehaviour can be chosen."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {name: gzip.compress(content, mtime=0) for name, content in CONTENT.items()}
        self.requests: list[tuple[str, str]] = []
        self.break_after: int | None = None  # bytes of a body before the line breaks
        self.breaks = 0  # how often
        self.ranges = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        name, wanted = self.path.lstrip("/"), self.headers.get("Range", "")
        self.server.requests.append((name, wanted))
        body = self.server.files.get(name)
        if body is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if wanted and self.server.ranges and start >= len(body):
            self.send_error(416)
            return
        if wanted and self.server.ranges:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            body = body[start:]
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.break_after is not None and self.server.breaks > 0:
            self.server.breaks -= 1
            body = body[: self.server.break_after]
        self.wfile.write(body)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def published(*mirrors: str, archives: bool = False) -> Published:
    files = tuple(
        RemoteFile(
            name,
            len(gzip.compress(content)),
            None if archives else hashlib.sha256(content).hexdigest(),
            hashlib.sha256(gzip.compress(content, mtime=0)).hexdigest() if archives else None,
        )
        for name, content in CONTENT.items()
    )
    return Published(
        name="made-up",
        title="Made up",
        train=40,
        test=40,
        image_shape=(1, 32, 32),
        classes=tuple("0123456789"),
        licence="",
        citation="",
        mirrors=mirrors,
        files=files,
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


@pytest.mark.parametrize("archives", [False, True])
def test_files_arrive_verified_and_only_once(
    mirror: Mirror, tmp_path: Path, archives: bool
) -> None:
    seen: list[tuple[str, int, int]] = []
    what = published(mirror.address, archives=archives)
    folder = fetch(what, tmp_path / "a", lambda *now: seen.append(now))
    assert names(folder) == sorted(CONTENT)
    for file in what.files:
        verify(folder / file.name, file)
        last = [now for now in seen if now[0] == file.name][-1]
        assert last[1:] == (file.archive_bytes, file.archive_bytes)
    assert len(mirror.requests) == 4
    fetch(what, folder)
    assert len(mirror.requests) == 4


def test_a_broken_line_is_resumed(mirror: Mirror, tmp_path: Path) -> None:
    mirror.break_after, mirror.breaks = 10_000, 2
    fetch(published(mirror.address), tmp_path)
    wanted = [header for name, header in mirror.requests if name == FIRST]
    assert wanted == ["", "bytes=10000-", "bytes=20000-"]
    assert names(tmp_path) == sorted(CONTENT)


def test_a_download_goes_on_on_another_day(mirror: Mirror, tmp_path: Path) -> None:
    mirror.break_after, mirror.breaks = 500, 3
    with pytest.raises(NotAvailable, match="ended after 1,500 of"):
        fetch(published(mirror.address), tmp_path)
    assert names(tmp_path) == [f"{FIRST}.part"]
    mirror.breaks, mirror.requests = 0, []
    fetch(published(mirror.address), tmp_path)
    assert mirror.requests[0] == (FIRST, "bytes=1500-")
    assert names(tmp_path) == sorted(CONTENT)


def test_a_mirror_without_ranges_starts_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.break_after, mirror.breaks, mirror.ranges = 500, 1, False
    fetch(published(mirror.address), tmp_path)
    assert names(tmp_path) == sorted(CONTENT)
    assert [header for name, header in mirror.requests if name == FIRST] == ["", "bytes=500-"]


def test_a_part_that_was_whole_is_put_in_place(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / f"{FIRST}.part").write_bytes(mirror.files[FIRST])
    fetch(published(mirror.address), tmp_path)
    assert names(tmp_path) == sorted(CONTENT)


def test_a_part_that_is_junk_is_thrown_away(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / f"{FIRST}.part").write_bytes(b"junk" * 100)
    fetch(published(mirror.address), tmp_path)
    assert names(tmp_path) == sorted(CONTENT)
    assert [header for name, header in mirror.requests if name == FIRST] == ["bytes=400-", ""]


@pytest.mark.parametrize("archives", [False, True])
def test_other_content_is_never_put_in_place(
    mirror: Mirror, tmp_path: Path, archives: bool
) -> None:
    mirror.files[FIRST] = gzip.compress(CONTENT[FIRST][:-1] + b"\0")
    with pytest.raises(DamagedFile, match=r"made-up \(train-images.*SHA-256") as caught:
        fetch(published(mirror.address, archives=archives), tmp_path)
    assert names(tmp_path) == []
    assert str(caught.value).isprintable()


def test_the_same_content_compressed_otherwise_is_welcome(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files = {name: gzip.compress(content, 1) for name, content in CONTENT.items()}
    fetch(published(mirror.address), tmp_path)
    assert names(tmp_path) == sorted(CONTENT)


def test_a_page_that_never_ends_is_left(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files[FIRST] = bytes(4 << 20)
    with pytest.raises(NotAvailable, match="sent more than"):
        fetch(published(mirror.address), tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0


def test_the_next_mirror_is_tried(mirror: Mirror, tmp_path: Path) -> None:
    dead = "http://127.0.0.1:1/"
    fetch(published(dead, mirror.address + "nothing/", mirror.address), tmp_path)
    assert names(tmp_path) == sorted(CONTENT)


def test_offline_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable) as caught:
        fetch(published("http://127.0.0.1:1/"), tmp_path)
    text = str(caught.value)
    assert "mnist-5k" in text
    assert "CNN_TUI_DATA" in text
    assert "made-up" in text
    assert text.isprintable()
    assert caught.value.exit_code == 1
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotAvailable, match="a folder that can be written"):
        fetch(published("http://127.0.0.1:1/"), tmp_path / "file" / "a")


def test_two_at_once_wait_for_each_other(mirror: Mirror, tmp_path: Path) -> None:
    what, failures = published(mirror.address), []

    def work() -> None:
        try:
            fetch(what, tmp_path)
        except data.DataError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert names(tmp_path) == sorted(CONTENT)
    assert len(mirror.requests) == 4


def test_load_fetches_once_and_mends_a_damaged_cache(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CNN_TUI_DATA", raising=False)
    monkeypatch.setitem(CATALOGUE, "made-up", published(mirror.address))
    dataset = data.load("made-up")
    assert dataset.train.images.tobytes() == PIXELS
    assert dataset.test.labels[:3].tolist() == [9, 8, 7]
    assert len(mirror.requests) == 4
    path = cache_folder("made-up") / FIRST
    path.write_bytes(path.read_bytes()[:1000])
    assert data.load("made-up").sha256 == dataset.sha256
    assert len(mirror.requests) == 5
    path.write_bytes(gzip.compress(CONTENT[FIRST][:-1] + b"\0"))
    assert data.load("made-up").sha256 == dataset.sha256
    assert len(mirror.requests) == 6
    mirror.files = {}
    assert data.load("made-up").sha256 == dataset.sha256
    assert data.fetch_named("made-up") == path.parent


@pytest.mark.parametrize("archives", [False, True])
def test_files_that_are_there_already_are_used_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archives: bool
) -> None:
    what = published("http://127.0.0.1:1/", archives=archives)
    monkeypatch.setitem(CATALOGUE, "made-up", what)
    monkeypatch.setenv("CNN_TUI_DATA", str(tmp_path))
    folder = tmp_path / "made-up"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(gzip.compress(content, mtime=0))
    assert data.load("made-up").source == str(folder)
    (folder / FIRST).write_bytes(gzip.compress(CONTENT[FIRST][:-1] + b"\0"))
    with pytest.raises(DamagedFile, match="the published content"):
        data.load("made-up")
    assert len(data.load(folder).train) == 40
    (folder / FIRST).unlink()
    with pytest.raises(NotAvailable, match="the file train-images-idx3-ubyte"):
        data.load("made-up")


def test_the_progress_bar_draws_nothing_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar() as show:
        show("a", 10, 100)
        show("a", 200, 100)
    captured = capsys.readouterr()
    assert captured.out == captured.err.strip() == ""
