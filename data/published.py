"""What is known of a published data set: its files, where they are, and how they are verified.

A file is verified by the SHA-256 of its decompressed content, since mirrors compress the same
content differently. Where that is not known to us, the SHA-256 of the published file stands in
for it, and the entry says so; no entry goes without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["embedded", "cached", "local", "to download"]


@dataclass(frozen=True)
class RemoteFile:
    """One published file of a data set.

    Args:
        name: its name on the mirrors and in the cache.
        archive_bytes: the size of the published file, for progress and for a bound.
        sha256: SHA-256 of the decompressed content, or None where it is not known to us.
        archive_sha256: SHA-256 of the file as it is published, needed where ``sha256`` is None.
    """

    name: str
    archive_bytes: int
    sha256: str | None = None
    archive_sha256: str | None = None


@dataclass(frozen=True)
class Published:
    """A data set of the catalogue: what it is, and its four IDX files where it has any.

    Args:
        mirrors: addresses that the files' names are appended to, tried in turn.
        files: training images, training labels, test images, test labels; empty if embedded.
        archive: the ZIP file that the four are published in, if they are not published singly.
        transposed: whether each image is stored column by column.
        first_label: the label of the first class.
    """

    name: str
    title: str
    train: int
    test: int
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    licence: str
    citation: str
    mirrors: tuple[str, ...] = ()
    files: tuple[RemoteFile, ...] = ()
    archive: RemoteFile | None = None
    transposed: bool = False
    first_label: int = 0

    @property
    def verification(self) -> str:
        """How the content is known to be the published one, in words."""
        if not self.files:
            return "part of an installed package; checksummed by gzip, shape and counts checked"
        unknown = [file.name for file in self.files if file.sha256 is None]
        if not unknown:
            return "SHA-256 of the decompressed content of every file"
        if len(unknown) == len(self.files):
            return "SHA-256 of every published file, the content's being unknown to us"
        return (
            "SHA-256 of the decompressed content where known; of the published file, the "
            "content's being unknown to us, for " + ", ".join(unknown)
        )


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue as it stands on this machine now.

    Attributes:
        state: "embedded" (installed), "local" (in CNN_TUI_DATA), "cached" (fetched before) or
            "to download".
        download_bytes: what fetching it takes from the network; 0 if it is embedded.
        train, test: how many examples each split has.
        image_shape: (C, H, W).
    """

    name: str
    title: str
    train: int
    test: int
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    licence: str
    citation: str
    verification: str
    state: State
    download_bytes: int
