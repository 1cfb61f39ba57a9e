"""Data: what the data set is, how its classes are filled, and its images one by one.

In the place of the image stand, by a key, the mean and the spread of every class, what is
suspicious, or what augmentations make of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from data import Description, Split, catalogue, describe
from data.dataset import Dataset
from data.suspicions import Suspicion, suspicions
from tui.augmenting import pipelines, preview
from tui.panes.base import Pane
from tui.render.cells import Grid
from tui.render.dataset import class_rows, place_of, summary
from tui.render.format import count
from tui.render.image import Scale, image
from tui.render.montage import montage
from tui.render.tables import note, window, wrap
from tui.screens.ask import AskScreen
from tui.screens.choose import ChooseScreen
from tui.session import Session, SplitName
from tui.widgets.cellgrid import CellGrid

PARTS = ("facts", "means", "sample", "sheet")
VIEWS = ("image", "means", "spread", "suspicions")
"""What stands in the place of the image, in the order of the key; and, by another, "augmented"."""
A_PATH = "a path ..."
ROOM = (16, 9)
"""Columns and rows for one image that was augmented."""


class DataPane(Pane):
    """Facts and class bars on the left; the chosen image and its neighbours on the right."""

    pane_name = "data"
    first_focus = "#sample"

    @dataclass
    class Described(Message):
        """The worker has described the data set."""

        description: Description
        suspicions: list[Suspicion]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.description: Description | None = None
        self.only: int | None = None
        """The class whose images are browsed; None: all."""
        self._asked = ""
        self._members_of: tuple[str, str, int | None] | None = None
        self._members: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._first_class = 0
        self._drawn: tuple[object, ...] = ()
        self.view = "image"
        self.augmentation = 0
        self.roll = 0
        """Which random numbers the augmentations get."""
        self.suspicions: list[Suspicion] = []
        self._at_suspicion = -1

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="data-left"):
                yield CellGrid(id="facts", classes="part")
                yield CellGrid(id="means", classes="part")
            with Vertical():
                yield CellGrid(id="sample", classes="part", can_focus=True)
                yield CellGrid(id="sheet", classes="part")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Have a new data set described, and draw what is known of it."""
        dataset = session.dataset
        if dataset is not None and dataset.sha256 != self._asked:
            self._asked = dataset.sha256
            self._describe(dataset)
        look = (self._asked, session.dataset_error, session.sample, session.glyphs, session.palette)
        if look != self._drawn:  # a run that trains changes nothing here
            self._drawn = look
            self.draw()

    @work(thread=True, exclusive=True, exit_on_error=False, group="describe")
    def _describe(self, dataset: Dataset) -> None:
        known = describe(dataset)
        self.post_message(self.Described(known, suspicions(known)))

    @on(Described)
    def _described(self, message: Described) -> None:
        if message.description.sha256 == self._asked:
            self.description, self.suspicions = message.description, message.suspicions
            self._at_suspicion = -1
            if self.is_shown:
                self.draw()

    @property
    def _known(self) -> Description | None:
        """The description, if it is that of the data set that is shown."""
        dataset, known = self.session.dataset, self.description
        return known if dataset and known and known.sha256 == dataset.sha256 else None

    def members(self) -> NDArray[np.int64]:
        """The images that are browsed: of the chosen split and class."""
        session = self.session
        split = session.split(session.sample.split)
        if session.dataset is None or split is None:
            return np.empty(0, dtype=np.int64)
        key = (session.dataset.sha256, session.sample.split, self.only)
        if key != self._members_of:
            wanted = slice(None) if self.only is None else split.labels == self.only
            self._members_of, self._members = key, np.arange(len(split))[wanted]
        return self._members

    def draw(self) -> None:
        """Draw all parts."""
        session, dataset = self.session, self.session.dataset
        boxes = {name: self.query_one(f"#{name}", CellGrid) for name in PARTS}
        boxes["facts"].border_title = dataset.title if dataset else session.dataset_name
        boxes["facts"].draw(self._draw_facts)
        boxes["means"].border_title = "the mean training image of each class"
        boxes["means"].draw(self._draw_means)
        sample = boxes["sample"]
        sample.border_title = f"{session.sample.split} #{session.sample.index}"
        sample.border_subtitle = "h l image  c class  s split"
        drawn = {
            "image": self._draw_sample,
            "means": self._draw_means,
            "spread": self._draw_spread,
            "suspicions": self._draw_suspicions,
            "augmented": self._draw_augmented,
        }
        titles = {
            "means": "the mean of each class",
            "spread": "the spread of each class",
            "suspicions": "what is suspicious",
            "augmented": f"{self._pipeline()} of {sample.border_title}",
        }
        sample.border_title = titles.get(self.view, sample.border_title)
        if self.view == "suspicions":
            sample.border_subtitle = "n N image  m the next view"
        elif self.view == "augmented":
            sample.border_subtitle = "a the next  R others  Esc"
        elif self.view != "image":
            sample.border_subtitle = "m the next view"
        sample.draw(drawn[self.view])
        sheet = boxes["sheet"]
        sheet.border_title = f"images from here on, {self._browsed()}"
        sheet.draw(self._draw_sheet)

    def _browsed(self) -> str:
        names = self.session.dataset.classes if self.session.dataset else ()
        which = "all classes" if self.only is None else f"class {names[self.only]}"
        return f"{self.session.sample.split}, {which}"

    def _draw_facts(self, width: int, height: int) -> Grid:
        session, dataset = self.session, self.session.dataset
        if dataset is None:
            text = session.dataset_error or f"reading {session.dataset_name}..."
            ink = session.palette.bad if session.dataset_error else session.palette.muted
            return note(text, width, height, fg=ink)
        chosen = self.only if self.only is not None else self._label()
        room = class_rows(dataset, height)
        self._first_class = window(chosen, self._first_class, len(dataset.classes), room)
        return summary(
            dataset,
            self._known,
            width,
            height,
            session.terminal,
            chosen=self.only,
            first=self._first_class,
            palette=session.palette,
        )

    def _draw_means(self, width: int, height: int) -> Grid:
        known = self._known
        return self._by_class(known.mean_images if known else None, width, height)

    def _draw_spread(self, width: int, height: int) -> Grid:
        known = self._known
        return self._by_class(known.spread_images if known else None, width, height)

    def _by_class(self, images: NDArray[np.float32] | None, width: int, height: int) -> Grid:
        session, known = self.session, self._known
        if known is None or images is None:
            return note("reading...", width, height, fg=session.palette.muted)
        page = montage(
            np.rint(images).astype(np.uint8),
            width,
            height,
            session.terminal,
            labels=known.classes,
            selected=self.only,
            palette=session.palette,
        )
        return page.grid

    def _draw_suspicions(self, width: int, height: int) -> Grid:
        palette = self.session.palette
        if self._known is None:
            return note("reading...", width, height, fg=palette.muted)
        if not self.suspicions:
            words = "Nothing: no copies, no blank images, no class that is rare or missing."
            return note(words, width, height, fg=palette.good)
        grid, y = Grid.blank(width, height), 0
        for each in self.suspicions:
            for at, line in enumerate(wrap(each.text, width - 2)):
                sign = ("! " if each.serious else "- ") if at == 0 else "  "
                ink = palette.bad if each.serious else palette.warn
                grid.put(0, y, sign + line, fg=ink, bold=each.serious)
                y += 1
            if each.images:
                some = ", ".join(f"{split} #{index}" for split, index in each.images[:40])
                for line in wrap(some, width - 2)[:3]:
                    grid.put(2, y, line, fg=palette.muted)
                    y += 1
        return grid

    def _pipeline(self) -> str:
        """The augmentation that is shown."""
        found = pipelines(self.session.settings.augment)
        return found[min(self.augmentation, len(found) - 1)]

    def _draw_augmented(self, width: int, height: int) -> Grid:
        """The image as it is, and what the augmentation makes of it, a few times."""
        session = self.session
        split, index = session.split(session.sample.split), session.sample.index
        if split is None or index >= len(split):
            return Grid.blank(width, height)
        fits = max(width // ROOM[0], 1) * max(height // ROOM[1], 1)
        original = split.images[index]
        changed = preview(original, self._pipeline(), max(fits - 1, 1), self.roll)
        page = montage(
            np.concatenate([original[np.newaxis] / np.float32(255), changed]),
            width,
            height,
            session.terminal,
            labels=["as it is", *(str(i + 1) for i in range(len(changed)))],
            scale=Scale(0.0, 1.0),
            palette=session.palette,
        )
        return page.grid

    def _label(self) -> int:
        split, index = self.session.split(self.session.sample.split), self.session.sample.index
        return int(split.labels[index]) if split is not None and index < len(split) else 0

    def _draw_sample(self, width: int, height: int) -> Grid:
        session, dataset = self.session, self.session.dataset
        split = session.split(session.sample.split)
        grid = Grid.blank(width, height)
        index = session.sample.index
        if dataset is None or split is None or index >= len(split):
            return grid
        lines = self._sample_lines(dataset, split, index)
        picture = image(split.images[index], width, max(height - len(lines), 1), session.terminal)
        grid.paste(picture, (width - picture.width) // 2, 0)
        for y, line in enumerate(lines, start=height - len(lines)):
            grid.put(1, y, line, fg=-1 if y == height - len(lines) else session.palette.muted)
        return grid

    def _sample_lines(self, dataset: Dataset, split: Split, index: int) -> list[str]:
        members = self.members()
        at = int(np.searchsorted(members, index)) + 1 if len(members) else 0
        return [
            f"label {dataset.classes[int(split.labels[index])]}",
            place_of(at, len(members), self._browsed()),
        ]

    def _draw_sheet(self, width: int, height: int) -> Grid:
        session, dataset = self.session, self.session.dataset
        split = session.split(session.sample.split)
        members = self.members()
        if dataset is None or split is None or not len(members):
            return Grid.blank(width, height)
        at = int(np.searchsorted(members, session.sample.index))
        following = members[at : at + 60]
        if len(following) < 60:
            following = members[-60:]
        labels = [dataset.classes[int(split.labels[i])] for i in following]
        here = np.flatnonzero(following == session.sample.index)
        page = montage(
            split.images[following],
            width,
            height,
            session.terminal,
            labels=labels,
            selected=int(here[0]) if here.size else None,
            palette=session.palette,
        )
        return page.grid

    # What the keys do

    def _show_member(self, position: int) -> None:
        members = self.members()
        if len(members):
            session = self.session
            session.choose_sample(session.sample.split, int(members[position % len(members)]))
            self.draw()

    def action_step(self, step: int) -> None:
        """Another image of those that are browsed, round the ends."""
        self._show_member(int(np.searchsorted(self.members(), self.session.sample.index)) + step)

    def action_first(self) -> None:
        """The first image."""
        self._show_member(0)

    def action_last(self) -> None:
        """The last image."""
        self._show_member(-1)

    def action_next_class(self, step: int) -> None:
        """One class alone: another, or all of them again."""
        dataset = self.session.dataset
        if dataset is None:
            return
        choices: Sequence[int | None] = [None, *range(len(dataset.classes))]
        self.only = choices[(choices.index(self.only) + step) % len(choices)]
        members = self.members()
        if not len(members):
            self.say(f"no image in {self._browsed()}")
        elif self.session.sample.index not in members:
            at = int(np.searchsorted(members, self.session.sample.index))
            self._show_member(min(at, len(members) - 1))
        self.draw()

    def action_split(self) -> None:
        """The images of the other split."""
        session = self.session
        session.choose_sample("train" if session.sample.split == "test" else "test", 0)
        self._show_member(0)

    def action_view(self) -> None:
        """The image, the means, the spread, what is suspicious."""
        at = VIEWS.index(self.view) if self.view in VIEWS else -1
        self.view = VIEWS[(at + 1) % len(VIEWS)]
        self.draw()

    def action_augment(self) -> None:
        """What an augmentation makes of the image: the next one, and at last the image again."""
        if self.view != "augmented":
            self.view, self.augmentation = "augmented", 0
        elif self.augmentation + 1 < len(pipelines(self.session.settings.augment)):
            self.augmentation += 1
        else:
            self.view = "image"
        self.draw()

    def action_roll(self) -> None:
        """The same augmentations with other random numbers."""
        self.roll += 1
        self.view = "augmented"
        self.draw()

    def action_next_suspicious(self, step: int) -> None:
        """The next image about which something is suspicious."""
        images = list(dict.fromkeys(image for each in self.suspicions for image in each.images))
        if not images:
            self.say("no image is suspicious" if self._known else "still reading")
            return
        start = -1 if step > 0 else 0
        at = self._at_suspicion if self._at_suspicion >= 0 else start
        self._at_suspicion = (at + step) % len(images)
        split, index = images[self._at_suspicion]
        name: SplitName = "train" if split == "train" else "test"
        self.only, self.view = None, "image"
        self.session.choose_sample(name, index)
        about = [each.text for each in self.suspicions if (split, index) in each.images]
        self.say("; ".join(about))
        self.draw()

    def action_dataset(self) -> None:
        """Choose another data set, of the catalogue or by a path."""
        choices = {
            each.name: f"{each.state}, {count(each.train + each.test)} images"
            for each in catalogue()
        }
        choices[A_PATH] = "IDX, CSV, NPZ, a folder a class"
        self.application.push_screen(ChooseScreen("Data set", choices), self._use_dataset)

    def _use_dataset(self, name: str | None) -> None:
        if name == A_PATH:
            question = "A directory or a file: IDX, CSV, NPZ, images in a folder for each class."
            self.application.push_screen(AskScreen("Data set", question), self._use_dataset)
        elif name and name.strip():
            self._read(name.strip(), self.session.settings.split_seed)

    def _read(self, name: str, seed: int) -> None:
        self.say(f"reading {name}")
        self.application.read_dataset(name, seed, keep=True)

    def action_seed(self) -> None:
        """Divide the data anew, by another seed."""
        seed = str(self.session.settings.split_seed)
        question = "The seed by which images are held out to test and to validate:"
        screen = AskScreen("Split", question, seed, check=_wrong_seed)
        self.application.push_screen(screen, self._use_seed)

    def _use_seed(self, answer: str | None) -> None:
        if answer is not None:
            self._read(self.session.dataset_name, int(answer))

    def go_back(self) -> bool:
        """Escape shows the image again, then all classes."""
        if self.view != "image":
            self.view = "image"
            self.draw()
            return True
        if self.only is None:
            return False
        self.only = None
        self.draw()
        return True


def _wrong_seed(text: str) -> str:
    """What is wrong with a seed."""
    return "" if text.strip().isdecimal() and len(text) < 10 else "A whole number from 0 up."
