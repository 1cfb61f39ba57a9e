"""Data of one's own, by path: which kind of data set a file or a directory is, and reading it."""

from __future__ import annotations

from pathlib import Path

from data.dataset import Dataset, Split
from data.errors import DamagedFile, NotAvailable, shorten
from data.progress import Progress
from data.readers.bounded import open_content
from data.readers.csv import has_labels, read_csv
from data.readers.folder import read_folder
from data.readers.idx import IdxFiles, find_idx_files, read_idx_split
from data.readers.npz import read_npz
from data.readers.picture import SUFFIXES
from data.readers.pixels import numbered
from data.resizing import resized
from data.split import holdout_in_place

TEST_SHARE = 0.2
"""The stratified share that is held out for testing where a data set has no test split."""

_Found = tuple[Split, Split | None, tuple[str, ...] | None]
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")
_KINDS = "IDX files, an NPZ, a CSV with labels, or a directory of images for each class"


def load_path(
    path: Path,
    seed: int,
    size: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """The data set at a path that exists.

    Args:
        path: a file or a directory.
        seed: which examples are held out for testing where there is no test split.
        size: (height, width) to bring every image to.
        progress: is told how far the reading of many files is.

    Raises:
        NotAvailable: nothing there that could be a data set, or it cannot be read.
        DamagedFile: a file is not what it should be, or there is too little in it.
    """
    try:
        train, test, classes = _read(path, size, progress)
    except OSError as error:
        raise NotAvailable(
            error.filename or str(path),
            "files that can be read",
            error.strerror or type(error).__name__,
            "Give yourself permission to read them, or choose another path.",
        ) from error
    if size is not None:
        train = Split(resized(str(path), train.images, size), train.labels)
        if test is not None:
            test = Split(resized(str(path), test.images, size), test.labels)
    if test is None:
        train, test = holdout_in_place(train, TEST_SHARE, seed)
    if not len(train) or not len(test):
        raise DamagedFile(
            str(path),
            "images to train on and images to test on",
            f"{len(train)} and {len(test)}",
            "A fifth of each class is held out for testing: give at least 3 images of a class.",
        )
    if classes is None:
        classes = numbered(train.labels, test.labels)
    if len(classes) < 2:
        raise DamagedFile(
            str(path),
            "images of at least two classes",
            f"those of {', '.join(map(shorten, classes))} alone",
            "There is nothing to tell apart; images stand in DIRECTORY/class/.",
        )
    name = path.resolve().name.split(".")[0] or "data"
    return Dataset(name, name, train, test, classes, str(path.resolve()))


def _read(path: Path, size: tuple[int, int] | None, progress: Progress | None) -> _Found:
    return _read_directory(path, size, progress) if path.is_dir() else (*_read_file(path), None)


def _read_directory(path: Path, size: tuple[int, int] | None, progress: Progress | None) -> _Found:
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
    return read_folder(path, size=size, progress=progress)


def _read_idx(files: IdxFiles) -> tuple[Split, Split | None]:
    train = read_idx_split(files.train_images, files.train_labels)
    if files.test_images is None or files.test_labels is None:
        return train, None
    return train, read_idx_split(files.test_images, files.test_labels)


def _read_csv_pair(train: Path, test: Path) -> tuple[Split, Split | None]:
    """``test.csv`` is the test split if it has labels; Kaggle's has none."""
    split = read_csv(train)
    return split, read_csv(test) if test.is_file() and has_labels(test) else None


def _read_file(path: Path) -> tuple[Split, Split | None]:
    if not path.is_file():
        raise NotAvailable(str(path), _KINDS, "neither a file nor a directory", "Choose another.")
    with path.open("rb") as file:
        magic = file.read(8)
    if magic[:2] == b"PK" or path.suffix == ".npz":
        return read_npz(path)
    if magic[:6] == b"\x93NUMPY":
        raise NotAvailable(
            str(path),
            _KINDS,
            "one array without its labels",
            "Write both with numpy.savez(file, x_train=..., y_train=...).",
        )
    if path.suffix.lower() in SUFFIXES or magic.startswith(_PICTURES):
        raise NotAvailable(
            str(path),
            _KINDS,
            "a single picture",
            "Give the directory that has DIRECTORY/class/picture; "
            "to name the class of one picture: cnn-tui predict RUN PICTURE.",
        )
    if "idx" in path.name or magic[:2] == b"\0\0":
        files = find_idx_files(path.parent)
        if files is None:
            raise NotAvailable(
                str(path),
                "IDX files by the names of MNIST beside it",
                "none",
                "Name them train-images-idx3-ubyte, train-labels-idx1-ubyte and so on.",
            )
        return _read_idx(files)
    if not path.name.endswith((".csv", ".csv.gz")):
        _refuse_no_text(path)
    return read_csv(path), None


def _refuse_no_text(path: Path) -> None:
    with open_content(path) as stream:
        if b"\0" in stream.read(4096):
            raise NotAvailable(str(path), _KINDS, "a file of another kind", "Choose another path.")
