"""Data: what the data set is, how its classes are filled, and its images one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from data import Description, Split, describe
from data.dataset import Dataset
from tui.panes.base import Pane
from tui.render.cells import Grid
from tui.render.dataset import class_rows, place_of, summary
from tui.render.image import image
from tui.render.montage import montage
from tui.render.tables import note, window
from tui.session import Session
from tui.widgets.cellgrid import CellGrid

PARTS = ("facts", "means", "sample", "sheet")


class DataPane(Pane):
    """Facts and class bars on the left; the chosen image and its neighbours on the right."""

    pane_name = "data"
    first_focus = "#sample"

    @dataclass
    class Described(Message):
        """The worker has described the data set."""

        description: Description

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
        self.post_message(self.Described(describe(dataset)))

    @on(Described)
    def _described(self, message: Described) -> None:
        if message.description.sha256 == self._asked:
            self.description = message.description
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
        sample.draw(self._draw_sample)
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
        session, known = self.session, self._known
        if known is None:
            return Grid.blank(width, height)
        page = montage(
            np.rint(known.mean_images).astype(np.uint8),
            width,
            height,
            session.terminal,
            labels=known.classes,
            selected=self.only,
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

    def go_back(self) -> bool:
        """Escape shows all classes again."""
        if self.only is None:
            return False
        self.only = None
        self.draw()
        return True
