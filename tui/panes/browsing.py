"""Going through the images of a data set: of a split, of one class, of what is suspicious.

Plain data without Textual; numbers of images are their places in their split.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data import Split
from data.suspicions import Suspicion
from tui.session import Sample, Session, SplitName


class Browser:
    """Which images are gone through. The image itself is the session's sample."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.only: int | None = None
        """The class whose images are browsed; None: all."""
        self._members_of: tuple[str, str, int | None] | None = None
        self._members: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._at_suspicion = -1

    @property
    def split(self) -> Split | None:
        """The split that is gone through."""
        return self._session.split(self._session.sample.split)

    @property
    def label(self) -> int:
        """The class of the image that is shown."""
        split, index = self.split, self._session.sample.index
        return int(split.labels[index]) if split is not None and index < len(split) else 0

    @property
    def words(self) -> str:
        """What is gone through: ``test, class 7``."""
        dataset = self._session.dataset
        names = dataset.classes if dataset is not None else ()
        which = "all classes" if self.only is None else f"class {names[self.only]}"
        return f"{self._session.sample.split}, {which}"

    def members(self) -> NDArray[np.int64]:
        """The images that are browsed: of the chosen split and class."""
        dataset, split = self._session.dataset, self.split
        if dataset is None or split is None:
            return np.empty(0, dtype=np.int64)
        key = (dataset.sha256, self._session.sample.split, self.only)
        if key != self._members_of:
            wanted = slice(None) if self.only is None else split.labels == self.only
            self._members_of, self._members = key, np.arange(len(split))[wanted]
        return self._members

    @property
    def position(self) -> int:
        """Where the image stands among those that are browsed."""
        return int(np.searchsorted(self.members(), self._session.sample.index))

    def show(self, position: int) -> None:
        """Choose one of those that are browsed, round the ends."""
        members = self.members()
        if len(members):
            chosen = int(members[position % len(members)])
            self._session.choose_sample(self._session.sample.split, chosen)

    def next_class(self, step: int) -> bool:
        """One class alone: another, or all of them again; whether it has images."""
        dataset = self._session.dataset
        if dataset is None:
            return False
        choices: Sequence[int | None] = [None, *range(len(dataset.classes))]
        self.only = choices[(choices.index(self.only) + step) % len(choices)]
        members = self.members()
        if len(members) and self._session.sample.index not in members:
            self.show(min(self.position, len(members) - 1))
        return bool(len(members))

    def other_split(self) -> None:
        """The first image of the other split."""
        other: SplitName = "train" if self._session.sample.split == "test" else "test"
        self._session.choose_sample(other, 0)
        self.show(0)

    def forget_suspicions(self) -> None:
        """Other data: the next suspicious image is the first one."""
        self._at_suspicion = -1

    def next_suspicious(self, found: Sequence[Suspicion], step: int) -> list[str]:
        """Choose the next image about which something is suspicious; what that is, if anything."""
        images = list(dict.fromkeys(image for each in found for image in each.images))
        if not images:
            return []
        at = self._at_suspicion if self._at_suspicion >= 0 else (-1 if step > 0 else 0)
        self._at_suspicion = (at + step) % len(images)
        split, index = images[self._at_suspicion]
        self.only = None
        name: SplitName = "train" if split == "train" else "test"
        self._session.choose_sample(name, index)
        return [each.text for each in found if (split, index) in each.images]


def page_of(members: NDArray[np.int64], sample: Sample, most: int = 60) -> NDArray[np.int64]:
    """The images among which the sample stands, ``most`` at a time: they stay as it is stepped."""
    at = int(np.searchsorted(members, sample.index)) // most * most
    return members[at : at + most]
