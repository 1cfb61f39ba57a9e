"""What is in a data set: sizes, classes, pixels, and images that occur more than once.

Pixels are counted, not converted: a histogram of the 256 values a split gives range, mean,
deviation and background exactly, and no more than a block of images is ever held in another type.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.dataset import Dataset, Pixels, Split

if TYPE_CHECKING:
    import pandas as pd

_BLOCK_VALUES = 1 << 21


@dataclass(frozen=True, eq=False)
class Description:
    """The description of a data set; tables are pandas frames.

    Attributes:
        name, title, source, sha256: as in the data set.
        image_shape: (C, H, W).
        classes: their names.
        splits: a row for train and test: images, channels, height, width, dtype, labels (their
            dtype), megabytes.
        counts: a row a class: train, test (examples), train_share, test_share (0..1).
        pixels: a row for train and test: min, max, mean, std (0..255), background (the commonest
            value of the training split) and background_share (0..1, of all values).
        duplicates: a row for "within train", "within test" and "test also in train": images (how
            many repeat an earlier one, by content) and other_label (how many of them have another
            label than the one they repeat).
        repeated: a row for each of those images: split, index, label, of_split, of_index, of_label.
        histograms: (2, 256) int64, how often each value occurs in train and in test.
        mean_images: (K, C, H, W) float32, 0..255, the mean training image of each class; zeros
            for a class without any.
        spread_images: the standard deviation of each pixel within a class, as ``mean_images``.
        blank: a row for each image whose pixels are all alike: split, index, label.
    """

    name: str
    title: str
    source: str
    sha256: str
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    splits: pd.DataFrame
    counts: pd.DataFrame
    pixels: pd.DataFrame
    duplicates: pd.DataFrame
    repeated: pd.DataFrame
    histograms: NDArray[np.int64]
    mean_images: NDArray[np.float32]
    spread_images: NDArray[np.float32]
    blank: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and mappings, ready for JSON; without the images."""
        tables = {
            table: {
                str(row): {str(column): _plain(value) for column, value in values.items()}
                for row, values in frame.to_dict(orient="index").items()
            }
            for table, frame in (
                ("splits", self.splits),
                ("counts", self.counts),
                ("pixels", self.pixels),
                ("duplicates", self.duplicates),
            )
        }
        return {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "sha256": self.sha256,
            "image_shape": list(self.image_shape),
            "classes": list(self.classes),
            **tables,
        }


def describe(dataset: Dataset) -> Description:
    """Describe a data set; reads every pixel four times, seconds for the 70,000 of MNIST."""
    import pandas as pd

    splits = {"train": dataset.train, "test": dataset.test}
    classes = len(dataset.classes)
    histograms = np.stack([_histogram(split.images) for split in splits.values()])
    duplicates, repeated = _duplicates(splits)
    counts = {name: split.counts(classes) for name, split in splits.items()}
    means, spreads = _class_images(dataset.train, classes)
    return Description(
        name=dataset.name,
        title=dataset.title,
        source=dataset.source,
        sha256=dataset.sha256,
        image_shape=dataset.image_shape,
        classes=dataset.classes,
        splits=pd.DataFrame([_sizes(split) for split in splits.values()], index=list(splits)),
        counts=pd.DataFrame(
            {
                **counts,
                **{f"{name}_share": n / max(int(n.sum()), 1) for name, n in counts.items()},
            },
            index=pd.Index(dataset.classes, name="class"),
        ),
        pixels=pd.DataFrame(
            [_statistics(histogram, int(histograms[0].argmax())) for histogram in histograms],
            index=list(splits),
        ),
        duplicates=duplicates,
        repeated=repeated,
        histograms=histograms,
        mean_images=means,
        spread_images=spreads,
        blank=_blank(splits),
    )


def _sizes(split: Split) -> dict[str, int | float | str]:
    images, channels, height, width = split.images.shape
    return {
        "images": images,
        "channels": channels,
        "height": height,
        "width": width,
        "dtype": str(split.images.dtype),
        "labels": str(split.labels.dtype),
        "megabytes": (split.images.nbytes + split.labels.nbytes) / 1e6,
    }


def _blocks(images: Pixels) -> Iterator[slice]:
    step = min(1 << 16, max(1, _BLOCK_VALUES // max(1, images[:1].size)))
    for start in range(0, len(images), step):
        yield slice(start, start + step)


def _histogram(images: Pixels) -> NDArray[np.int64]:
    total = np.zeros(256, dtype=np.int64)
    for block in _blocks(images):
        total += np.bincount(images[block].ravel(), minlength=256)
    return total


def _statistics(histogram: NDArray[np.int64], background: int) -> dict[str, int | float]:
    values = np.arange(256, dtype=np.float64)
    number = max(int(histogram.sum()), 1)
    present = np.flatnonzero(histogram)
    mean = float(values @ histogram) / number
    return {
        "min": int(present[0]) if present.size else 0,
        "max": int(present[-1]) if present.size else 0,
        "mean": mean,
        "std": float(np.sqrt(((values - mean) ** 2 @ histogram) / number)),
        "background": background,
        "background_share": int(histogram[background]) / number,
    }


def _class_images(split: Split, classes: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation of every pixel by class.

    Sums of pixels and of their squares are products with one-hot rows. Those of pixels are exact in
    float32, since a block's stay below 2^24; those of squares need float64.
    """
    shape = split.images.shape[1:]
    sums = np.zeros((classes, int(np.prod(shape))), dtype=np.float64)
    squares = np.zeros_like(sums)
    for block in _blocks(split.images):
        rows = split.images[block].reshape(-1, sums.shape[1]).astype(np.float32)
        members = np.arange(classes)[:, None] == split.labels[block]
        sums += members.astype(np.float32) @ rows
        squares += members.astype(np.float64) @ np.square(rows, dtype=np.float64)
    counts = np.maximum(split.counts(classes), 1)[:, None]
    means = sums / counts
    spreads = np.sqrt(np.maximum(squares / counts - means**2, 0.0))
    of_classes = (classes, *shape)
    return (
        means.astype(np.float32).reshape(of_classes),
        spreads.astype(np.float32).reshape(of_classes),
    )


def _blank(splits: dict[str, Split]) -> pd.DataFrame:
    """Images in which there is nothing: every pixel is alike."""
    import pandas as pd

    rows = []
    for name, split in splits.items():
        flat = split.images.reshape(len(split), -1)
        for block in _blocks(split.images):
            part = flat[block]
            alike = np.flatnonzero((part == part[:, :1]).all(axis=1)) + block.start
            rows += [(name, int(index), int(split.labels[index])) for index in alike]
    return pd.DataFrame(rows, columns=["split", "index", "label"])


def _duplicates(splits: dict[str, Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Images that repeat an earlier one; training images come before test images."""
    import pandas as pd

    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "split": name,
                    "index": np.arange(len(split)),
                    "label": split.labels.astype(np.int64),
                    "content": _contents(split.images),
                }
            )
            for name, split in splits.items()
        ],
        ignore_index=True,
    )
    same = table.groupby("content", sort=False)
    first = same[["split", "index", "label"]].transform("first")
    first.columns = pd.Index(["of_split", "of_index", "of_label"])
    repeated = table.drop(columns="content").join(first)[same.cumcount() > 0]
    repeated = repeated.reset_index(drop=True)
    other = repeated["label"] != repeated["of_label"]
    rows = {
        f"{kind}": (repeated["split"] == split) & (repeated["of_split"] == of)
        for kind, split, of in (
            ("within train", "train", "train"),
            ("within test", "test", "test"),
            ("test also in train", "test", "train"),
        )
    }
    counted = pd.DataFrame(
        {
            "images": [int(row.sum()) for row in rows.values()],
            "other_label": [int((row & other).sum()) for row in rows.values()],
        },
        index=list(rows),
    )
    return counted, repeated


def _contents(images: Pixels) -> list[bytes]:
    """A hash of each image's pixels: equal ones are equal images (BLAKE2, 128 bits)."""
    flat = np.ascontiguousarray(images)
    return [hashlib.blake2b(image.data, digest_size=16).digest() for image in flat]


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
