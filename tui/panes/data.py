"""Data: what the data set is, how its classes are filled, and its images one by one.

In the place of the image stand, by a key, the mean and the spread of every class, what is
suspicious, or what augmentations make of the image.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.images.augmenting import pipelines, preview
from tui.panes.browsing import Browser, page_of
from tui.panes.data_sets import DataSets
from tui.panes.describing import DescribingPane
from tui.render import samples
from tui.render.cells import Grid
from tui.render.dataset import class_rows, place_of, summary
from tui.render.number_tables import Sheet
from tui.render.tables import note, window
from tui.session import Session
from tui.widgets.cellgrid import CellGrid

VIEWS = ("image", "means", "spread", "suspicions")
"""What stands in the place of the image, in the order of the key; and, by another, "augmented"."""


class DataPane(DescribingPane, DataSets):
    """Facts and class bars on the left; the chosen image and its neighbours on the right."""

    pane_name = "data"
    first_focus = "#sample"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.browser = Browser(session)
        self.view = "image"
        self.augmentation = 0
        self.roll = 0
        """Which random numbers the augmentations get."""
        self._first_class = 0

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
        self.ask_description()
        data = session.dataset.sha256 if session.dataset is not None else ""
        error, sample = session.dataset_error, session.sample
        self.draw_if_new(data, error, sample, session.glyphs, session.palette)

    def data_described(self) -> None:
        """The next suspicious image is the first one of the new data."""
        self.browser.forget_suspicions()

    def draw(self) -> None:
        """Draw all parts."""
        session, dataset = self.session, self.session.dataset
        facts, means, sample, sheet = (
            self.query_one(f"#{name}", CellGrid) for name in ("facts", "means", "sample", "sheet")
        )
        facts.border_title = dataset.title if dataset else session.dataset_name
        facts.draw(self._draw_facts)
        means.border_title = "the mean training image of each class"
        means.draw(self._draw_means)
        sample.border_title, sample.border_subtitle = self._titles()
        drawn = {
            "image": self._draw_sample,
            "means": self._draw_means,
            "spread": self._draw_spread,
            "suspicions": self._draw_suspicions,
            "augmented": self._draw_augmented,
        }
        sample.draw(drawn[self.view])
        sheet.border_title = f"the images, {self.browser.words}"
        sheet.draw(self._draw_sheet)

    def _titles(self) -> tuple[str, str]:
        """What stands in the place of the image, and its keys."""
        name = f"{self.session.sample.split} #{self.session.sample.index}"
        return {
            "image": (name, "h l image  c class  s split"),
            "means": ("the mean of each class", "m the next view"),
            "spread": ("the spread of each class", "m the next view"),
            "suspicions": ("what is suspicious", "n N image  m the next view"),
            "augmented": (f"{self._pipeline()} of {name}", "a the next  R others  Esc"),
        }[self.view]

    def _sheet(self, width: int, height: int) -> Sheet:
        return Sheet(width, height, self.session.terminal, self.session.palette)

    def _draw_facts(self, width: int, height: int) -> Grid:
        session, dataset = self.session, self.session.dataset
        if dataset is None:
            text = session.dataset_error or f"reading {session.dataset_name}..."
            ink = session.palette.bad if session.dataset_error else session.palette.muted
            return note(text, width, height, fg=ink)
        only = self.browser.only
        chosen = only if only is not None else self.browser.label
        room = class_rows(dataset, height)
        self._first_class = window(chosen, self._first_class, len(dataset.classes), room)
        return summary(
            dataset,
            self.known,
            width,
            height,
            session.terminal,
            chosen=only,
            first=self._first_class,
            palette=session.palette,
        )

    def _draw_means(self, width: int, height: int) -> Grid:
        known, sheet = self.known, self._sheet(width, height)
        images, names = (known.mean_images, known.classes) if known else (None, ())
        return samples.by_class(images, names, self.browser.only, sheet)

    def _draw_spread(self, width: int, height: int) -> Grid:
        known, sheet = self.known, self._sheet(width, height)
        images, names = (known.spread_images, known.classes) if known else (None, ())
        return samples.by_class(images, names, self.browser.only, sheet)

    def _draw_suspicions(self, width: int, height: int) -> Grid:
        if self.known is None:
            return note("reading...", width, height, fg=self.session.palette.muted)
        return samples.suspicion_list(self.suspicions, self._sheet(width, height))

    def _pipeline(self) -> str:
        """The augmentation that is shown."""
        found = pipelines(self.session.settings.augment)
        return found[min(self.augmentation, len(found) - 1)]

    def _draw_augmented(self, width: int, height: int) -> Grid:
        split, index = self.browser.split, self.session.sample.index
        if split is None or index >= len(split):
            return Grid.blank(width, height)
        fits = samples.copies_that_fit(width, height)
        changed = preview(split.images[index], self._pipeline(), fits, self.roll)
        return samples.augmented(split.images[index], changed, self._sheet(width, height))

    def _draw_sample(self, width: int, height: int) -> Grid:
        dataset, split, index = self.session.dataset, self.browser.split, self.session.sample.index
        if dataset is None or split is None or index >= len(split):
            return Grid.blank(width, height)
        members = self.browser.members()
        at = self.browser.position + 1 if len(members) else 0
        lines = [
            f"label {dataset.classes[self.browser.label]}",
            place_of(at, len(members), self.browser.words),
        ]
        return samples.sample(split.images[index], lines, self._sheet(width, height))

    def _draw_sheet(self, width: int, height: int) -> Grid:
        session, dataset, split = self.session, self.session.dataset, self.browser.split
        members = self.browser.members()
        if dataset is None or split is None or not len(members):
            return Grid.blank(width, height)
        shown = page_of(members, session.sample)
        return samples.contact_sheet(
            split, shown, dataset.classes, session.sample.index, self._sheet(width, height)
        ).grid

    # What the keys do

    def _show(self, position: int) -> None:
        self.browser.show(position)
        self.draw()

    def action_step(self, step: int) -> None:
        """Another image of those that are browsed, round the ends."""
        self._show(self.browser.position + step)

    def action_first(self) -> None:
        """The first image."""
        self._show(0)

    def action_last(self) -> None:
        """The last image."""
        self._show(-1)

    def action_next_class(self, step: int) -> None:
        """One class alone: another, or all of them again."""
        if not self.browser.next_class(step):
            self.say(f"no image in {self.browser.words}")
        self.draw()

    def action_split(self) -> None:
        """The images of the other split."""
        self.browser.other_split()
        self.draw()

    def _see(self, view: str) -> None:
        self.view = view
        self.draw()

    def action_view(self) -> None:
        """The image, the means, the spread, what is suspicious."""
        at = VIEWS.index(self.view) if self.view in VIEWS else -1
        self._see(VIEWS[(at + 1) % len(VIEWS)])

    def action_augment(self) -> None:
        """What an augmentation makes of the image: the next one, and at last the image again."""
        if self.view != "augmented":
            self.augmentation = 0
            self._see("augmented")
        elif self.augmentation + 1 < len(pipelines(self.session.settings.augment)):
            self.augmentation += 1
            self.draw()
        else:
            self._see("image")

    def action_roll(self) -> None:
        """The same augmentations with other random numbers."""
        self.roll += 1
        self._see("augmented")

    def action_next_suspicious(self, step: int) -> None:
        """The next image about which something is suspicious."""
        about = self.browser.next_suspicious(self.suspicions, step)
        if not about:
            self.say("no image is suspicious" if self.known else "still reading")
            return
        self.say("; ".join(about))
        self._see("image")

    def go_back(self) -> bool:
        """Escape shows the image again, then all classes."""
        if self.view != "image":
            self._see("image")
            return True
        if self.browser.only is None:
            return False
        self.browser.only = None
        self.draw()
        return True
