"""What is suspicious in a data set: said in words, with the images that it is about.

Images of the test split that are also learned from make a score too good; images in which there is
nothing teach nothing; classes that are rare, or missing in a split, are learned and measured badly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.describe import Description

if TYPE_CHECKING:
    import pandas as pd

IMBALANCE = 3.0
"""How many times the rarest class the commonest may have before it is said."""

Image = tuple[str, int]
"""A split and a number in it."""


@dataclass(frozen=True)
class Suspicion:
    """One thing to look at.

    Attributes:
        text: what it is, in a line.
        serious: whether scores can be wrong because of it.
        images: what it is about: (split, index); empty where it is about classes.
    """

    text: str
    serious: bool
    images: tuple[Image, ...] = ()


def suspicions(known: Description) -> list[Suspicion]:
    """Everything that is suspicious, the serious things first."""
    found = [*_copies(known), *_blank(known), *_classes(known)]
    return sorted(found, key=lambda each: not each.serious)


def _copies(known: Description) -> list[Suspicion]:
    repeated = known.repeated
    found = []
    across = repeated[repeated["split"] != repeated["of_split"]]
    if len(across):
        words = f"{_images(len(across))} of test {_verb(len(across), 'stand')} in train too"
        found.append(Suspicion(words, True, _places(across)))
    other = repeated[repeated["label"] != repeated["of_label"]]
    if len(other):
        words = f"{_images(len(other))} {_verb(len(other), 'repeat')} another under another label"
        found.append(Suspicion(words, True, _places(other)))
    for split in ("train", "test"):
        within = repeated[(repeated["split"] == split) & (repeated["of_split"] == split)]
        if len(within):
            words = (
                f"{_images(len(within))} of {split} {_verb(len(within), 'repeat')} an earlier one"
            )
            found.append(Suspicion(words, False, _places(within)))
    return found


def _blank(known: Description) -> list[Suspicion]:
    if not len(known.blank):
        return []
    words = f"{_images(len(known.blank))} with nothing in: all pixels are alike"
    return [Suspicion(words, False, _places(known.blank))]


def _classes(known: Description) -> list[Suspicion]:
    found = []
    for split in ("train", "test"):
        counts = known.counts[split]
        missing = [str(name) for name in counts.index[counts == 0]]
        if missing:
            words = f"no image of {', '.join(missing)} in {split}"
            found.append(Suspicion(words, True))
    present = known.counts["train"][known.counts["train"] > 0]
    if len(present) > 1 and present.max() >= IMBALANCE * present.min():
        times = present.max() / present.min()
        words = (
            f"imbalance: {times:.1f} times as many {present.idxmax()} ({present.max()}) "
            f"as {present.idxmin()} ({present.min()}) in train"
        )
        found.append(Suspicion(words, False))
    return found


def _places(rows: pd.DataFrame) -> tuple[Image, ...]:
    return tuple(
        (str(split), int(i)) for split, i in zip(rows["split"], rows["index"], strict=True)
    )


def _images(count: int) -> str:
    return f"{count} image{'s' * (count != 1)}"


def _verb(count: int, plural: str) -> str:
    return f"{plural}s" if count == 1 else plural
