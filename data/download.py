"""Fetching a data set of the catalogue, once, into the user's cache.

Nothing is ever half-written: bytes are gathered in ``NAME.part``, verified there, and only then
put in place by pooch. A download that breaks off goes on where it stopped, on the next attempt or
on the next day. Two programs that want the same file wait for each other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.catalog import CATALOGUE, DEFAULT
from data.errors import DamagedFile, DataError, NotAvailable, shorten
from data.progress import Progress
from data.published import Published, RemoteFile
from data.readers.bounded import MAX_CONTENT, open_content
from data.unpacking import unpack

if TYPE_CHECKING:  # importing the network's modules takes longer than reading the embedded data
    from http.client import HTTPResponse

ATTEMPTS = 3
"""How often a mirror is asked again, as long as each attempt brings new bytes."""

_TIMEOUT = 30.0
_PIECE = 1 << 16


def cache_folder(name: str) -> Path:
    """Where the files of a data set are kept for this user (created when something is fetched)."""
    import platformdirs

    return platformdirs.user_cache_path("cnn-tui") / "data" / name


def fetch(
    published: Published, folder: Path | None = None, progress: Progress | None = None
) -> Path:
    """Make every file of a data set present and verified.

    Files that are there already are verified and kept; damaged ones are fetched again.

    Args:
        published: an entry of the catalogue.
        folder: where the files go; the user's cache by default.
        progress: is told of every piece that arrives.

    Returns:
        The folder.

    Raises:
        NotAvailable: no mirror answered, or the folder cannot be written; says what to do.
        DamagedFile: mirrors answered, but with other content than the catalogue's.
    """
    target = cache_folder(published.name) if folder is None else folder
    try:
        target.mkdir(parents=True, exist_ok=True)
        with _alone(target):
            missing = [file for file in published.files if not _whole(target / file.name, file)]
            if published.archive is None:
                for file in missing:
                    _fetch_file(published, file, target / file.name, progress)
            elif missing:
                targets = {file: target / file.name for file in missing}
                if folder is None:
                    targets |= _others(published)
                archive = target / published.archive.name
                if not _whole(archive, published.archive):
                    _fetch_file(published, published.archive, archive, progress)
                unpack(archive, targets, verify)
                archive.unlink()
    except OSError as error:
        raise NotAvailable(
            str(target),
            "a folder that can be written",
            error.strerror or type(error).__name__,
            "Make room or permission, or set XDG_CACHE_HOME.",
        ) from error
    return target


def _whole(path: Path, file: RemoteFile) -> bool:
    """Whether the published file is there; another one in its place is removed."""
    if not path.exists():
        return False
    try:
        verify(path, file)
    except DamagedFile:
        path.unlink()
        return False
    return True


def _others(published: Published) -> dict[RemoteFile, Path]:
    """The places of other data sets' files in the same archive: it need not be fetched again."""
    return {
        file: cache_folder(other.name) / file.name
        for other in CATALOGUE.values()
        if other.archive == published.archive and other.name != published.name
        for file in other.files
        if not (cache_folder(other.name) / file.name).exists()
    }


def verify(path: Path, file: RemoteFile) -> None:
    """Compare a file, plain or gzip, with what the catalogue knows of it.

    Raises:
        DamagedFile: it is not the published file, or nothing is known to compare it with.
        NotAvailable: it cannot be opened.
    """
    if file.sha256 is not None:
        check_digest(path, file.sha256, _digest(path, unpacked=True))
    elif file.archive_sha256 is not None:
        check_digest(path, file.archive_sha256, _digest(path, unpacked=False))
    else:
        raise DamagedFile(str(path), "a file that the catalogue can verify", "no known SHA-256")


def check_digest(path: Path, expected: str, received: str) -> None:
    """Raise `DamagedFile` unless the two SHA-256 are one."""
    if received != expected:
        raise DamagedFile(
            str(path),
            f"the published content, SHA-256 {expected[:16]}…",
            f"SHA-256 {received[:16]}…",
            f"It is damaged or another file. For data of your own: --data {path.parent}",
        )


@dataclass
class _Resuming:
    """A downloader for pooch: goes on from ``part``, verifies it, and hands it over whole."""

    file: RemoteFile
    part: Path
    progress: Progress | None

    def __call__(self, url: str, output_file: str | Path, pooch: object) -> None:
        self.take(url)
        try:
            verify(self.part, self.file)
        except DamagedFile:
            self.part.unlink()
            raise
        os.replace(self.part, output_file)

    @property
    def here(self) -> int:
        """Bytes that have arrived."""
        return self.part.stat().st_size if self.part.exists() else 0

    def take(self, url: str) -> None:
        """Append what is missing to ``part``; raises OSError if the line breaks."""
        import urllib.error
        import urllib.request

        request = urllib.request.Request(url, headers={"User-Agent": "cnn-tui"})
        if self.here:
            request.add_header("Range", f"bytes={self.here}-")
        try:
            answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and self.here:  # nothing is missing: the check will tell
                return
            raise
        with answer:
            resumed = answer.headers.get("Content-Range", "").startswith(f"bytes {self.here}-")
            start = self.here if resumed else 0
            length = answer.headers.get("Content-Length", "")
            total = start + int(length) if length.isdigit() else None
            self._append(answer, start, total)
        if total is not None and self.here < total:
            raise ConnectionError(f"ended after {self.here:,} of {total:,} bytes")

    def _append(self, answer: HTTPResponse, start: int, total: int | None) -> None:
        limit = 2 * self.file.archive_bytes + (1 << 20)
        done = start
        with self.part.open("ab" if start else "wb") as part:
            while piece := answer.read(_PIECE):
                done += len(piece)
                if done > limit:
                    part.truncate(0)
                    raise ConnectionError(f"sent more than {limit:,} bytes")
                part.write(piece)
                if self.progress is not None:
                    self.progress(self.file.name, done, total or self.file.archive_bytes)
            part.flush()
            os.fsync(part.fileno())


def _fetch_file(
    published: Published, file: RemoteFile, path: Path, progress: Progress | None
) -> None:
    """Try each mirror until one has given the verified file."""
    from http.client import HTTPException

    import pooch

    pooch.get_logger().setLevel("WARNING")
    downloader = _Resuming(file, path.with_name(path.name + ".part"), progress)
    failures: list[str] = []
    damaged: DamagedFile | None = None
    for mirror in published.mirrors:
        for _ in range(ATTEMPTS):
            before = downloader.here
            try:
                pooch.retrieve(
                    mirror + file.name,
                    known_hash=None,  # the downloader verifies the content, before it is in place
                    fname=file.name,
                    path=path.parent,
                    downloader=downloader,
                )
                return
            except DamagedFile as error:
                damaged = error
                failures.append(f"{mirror} sent {error.received or 'damaged data'}")
                if not before:  # else: mirrors' archives may differ; once more from the start
                    break
            except (OSError, HTTPException) as error:
                if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
                    raise
                failures.append(f"{mirror} {_reason(error)}")
                if downloader.here <= before:
                    break
    raise _failure(published, file, failures, damaged)


def _failure(
    published: Published, file: RemoteFile, failures: Sequence[str], damaged: DamagedFile | None
) -> DataError:
    kind = DamagedFile if damaged is not None else NotAvailable
    return kind(
        f"{published.name} ({file.name})",
        "a mirror that gives the published file",
        "; ".join(dict.fromkeys(failures)),
        f"Without a network use --data {DEFAULT}, which is installed, or set CNN_TUI_DATA to a "
        "directory that has the files.",
    )


def _reason(error: Exception) -> str:
    from urllib.error import HTTPError

    if isinstance(error, HTTPError):
        return f"answered {error.code}"
    reason = getattr(error, "reason", None) or error
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return f"failed: {shorten(text, 60)}"


def _digest(path: Path, *, unpacked: bool) -> str:
    digest, taken = hashlib.sha256(), 0
    if not unpacked:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    with open_content(path) as stream:
        while piece := stream.read(1 << 20):
            taken += len(piece)
            if taken > MAX_CONTENT:
                raise DamagedFile(str(path), f"at most {MAX_CONTENT:,} bytes of content", "more")
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other program fetches into this folder (where the system has such locks)."""
    with (folder / ".lock").open("ab") as lock:
        with suppress(ImportError):
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
