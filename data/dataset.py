"""A data set is two splits of images with labels, and what is known of where they come from.

Pixels stay ``uint8`` (0 is dark, 255 is bright) from the file to the network's first layer: the
whole set is never turned to floating point. Arrays are read-only, so that no screen, no
augmentation and no layer can change the data that another one sees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError

Pixels = NDArray[np.uint8]
Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels.

    Args:
        images: (n, C, H, W) uint8, 0..255; C is 1 (gray) or 3 (red, green, blue).
        labels: (n,) integers, 0..K-1, the class of each image.

    Raises:
        DataError: the arrays are no such images and labels, or not equally many.
    """

    images: Pixels
    labels: Labels

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
            raise DataError(
                "images of a split",
                "uint8 of shape (n, 1 or 3, height, width)",
                f"{images.dtype} of shape {images.shape}",
            )
        if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
            raise DataError(
                "labels of a split",
                "integers of shape (n,)",
                f"{labels.dtype} of shape {labels.shape}",
            )
        if len(images) != len(labels):
            raise DataError(
                "a split", "as many labels as images", f"{len(labels)} for {len(images)} images"
            )
        object.__setattr__(self, "images", _read_only(images))
        object.__setattr__(self, "labels", _read_only(labels))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Sequence[int] | NDArray[Any] | slice) -> Split:
        """The examples at ``indices``, in that order; a slice shares memory, a list copies."""
        chosen = indices if isinstance(indices, slice) else np.asarray(indices)
        return Split(self.images[chosen], self.labels[chosen])

    def counts(self, classes: int) -> NDArray[np.int64]:
        """How many examples each class has: (classes,)."""
        counted = np.bincount(self.labels.astype(np.int64), minlength=classes)
        return counted.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training split and a test split of the same classes and the same image size.

    Args:
        name: what it is asked for by: a name of the catalogue, or the stem of a path.
        title: the name as people write it.
        train: what may be learned from.
        test: what is only ever measured on.
        classes: the name of each class; a label is an index into it.
        source: where the data come from, in words: a package's file, a directory, an address.
        licence: the terms of use as far as they are known, or "".
        citation: whom to cite, or "".

    Attributes:
        sha256: the identity of exactly these examples in exactly this order, as 64 hexadecimal
            digits over both splits' shapes, pixels and labels. Another seed of a held-out test
            split is another identity.

    Raises:
        DataError: the splits differ in image size, or a label has no class.
    """

    name: str
    title: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    licence: str = ""
    citation: str = ""
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        if self.train.images.shape[1:] != self.test.images.shape[1:]:
            raise DataError(
                self.source,
                "train and test images of one size",
                f"{self.train.images.shape[1:]} and {self.test.images.shape[1:]}",
                "Both splits must have the same channels, height and width.",
            )
        for where, split in (("train", self.train), ("test", self.test)):
            if len(split) and not 0 <= split.labels.min() <= split.labels.max() < len(self.classes):
                raise DataError(
                    f"{self.source} ({where} labels)",
                    f"labels from 0 to {len(self.classes) - 1}",
                    f"{split.labels.min()} to {split.labels.max()}",
                )
        object.__setattr__(self, "sha256", _digest(self.train, self.test))

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _digest(*splits: Split) -> str:
    digest = hashlib.sha256()
    for split in splits:
        digest.update(repr(split.images.shape).encode())
        digest.update(np.ascontiguousarray(split.images).data)
        digest.update(np.ascontiguousarray(split.labels, dtype="<i8").data)
    return digest.hexdigest()
