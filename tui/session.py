"""What the screens share: the data, the draft of a training, the run that is shown, the sample.

Plain data without Textual. Whoever changes something calls `touch`; panes look at `version` on the
app's tick and draw what they find. Nothing here notifies anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tui.following.follower import Follower
from tui.following.series import Series
from tui.keys.commands import COMMANDS
from tui.render.palette import DARK, Palette

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run
    from data.dataset import Dataset, Split
    from tui.inspection.inspector import Inspector
    from tui.settings.training import Settings
    from tui.terminal.abilities import Glyphs, Terminal

SplitName = Literal["train", "test"]
MOST_COMPARED = 4
"""Runs beside the one that is shown: more curves than that are told apart by nobody."""


@dataclass(frozen=True)
class Sample:
    """One image of the data set."""

    split: SplitName = "test"
    index: int = 0


class Session:
    """The state behind all panes, owned by the thread of the app."""

    def __init__(self, terminal: Terminal, settings: Settings, runs_root: Path) -> None:
        self.terminal = terminal
        self.palette: Palette = DARK
        self.commands = COMMANDS
        """The table of commands with the user's keys."""
        self.settings = settings
        """The draft: what the next run is started with. Replace it with `edit`."""
        self.runs_root = runs_root
        self.dataset: Dataset | None = None
        self.dataset_error = ""
        self.run: Run | None = None
        self.run_name = ""
        """What its user calls it."""
        self.sweep: Path | None = None
        """The folder of the sweep that was opened last."""
        self.sample = Sample()
        self.mistakes_filter = ""
        """Which mistakes are listed, such as "t=2 p=7"; empty: all."""
        self._follower: Follower | None = None
        self._compared: dict[Path, Follower] = {}
        self._nothing = Series()
        self._version = 0

    @property
    def series(self) -> Series:
        """What is known of the run that is shown; empty without one."""
        return self._follower.series if self._follower is not None else self._nothing

    @property
    def version(self) -> int:
        """Grows whenever something that a pane may show has changed."""
        others = sum(follower.series.version for follower in self._compared.values())
        return self._version + self.series.version + others

    def touch(self) -> None:
        """Say that something changed."""
        self._version += 1

    @cached_property
    def inspector(self) -> Inspector:
        """Tries networks on whole splits; shared, so that no pane does again what another did."""
        from tui.inspection.inspector import Inspector

        return Inspector()

    @property
    def glyphs(self) -> Glyphs:
        """How pictures are drawn now."""
        return self.terminal.glyphs

    @property
    def dataset_name(self) -> str:
        """The name (or path) of the data set in the draft."""
        return self.settings.data

    def edit(self, settings: Settings) -> None:
        """Replace the draft of the next training."""
        self.settings = settings
        self.touch()

    def use_dataset(self, dataset: Dataset) -> None:
        """Show this data set."""
        self.dataset, self.dataset_error = dataset, ""
        self.choose_sample(self.sample.split, self.sample.index)

    def refuse_dataset(self, reason: str) -> None:
        """The data set of the draft could not be loaded."""
        self.dataset, self.dataset_error = None, reason
        self.touch()

    def split(self, name: SplitName) -> Split | None:
        """A part of the data set, where one is loaded."""
        if self.dataset is None:
            return None
        return self.dataset.test if name == "test" else self.dataset.train

    def choose_sample(self, split: SplitName, index: int) -> None:
        """Choose an image; the index is held inside the split."""
        part = self.split(split)
        last = len(part) - 1 if part is not None else index
        self.sample = Sample(split, max(0, min(index, last)))
        self.touch()

    def step_sample(self, step: int) -> None:
        """The next (+1) or the previous (-1) image, round the ends."""
        part = self.split(self.sample.split)
        count = len(part) if part is not None else 0
        if count:
            self.choose_sample(self.sample.split, (self.sample.index + step) % count)

    def open_run(
        self, run: Run | None, *, launched: bool = False, follower: Follower | None = None
    ) -> None:
        """Show another run (or none) and follow its journal from now on.

        `launched` says that a trainer was just started on it, whose first word is awaited;
        `follower` follows it already.
        """
        self.close()
        self._version += self.series.version  # the version never falls back
        self.run = run
        self.run_name = _name_of(run)
        self._follower = follower or (Follower(run) if run is not None else None)
        if self._follower is not None and follower is None:
            if launched:
                self._follower.series.expect_trainer()
            self._follower.start()
        self.touch()

    def drawn(self) -> None:
        """A pane has drawn what is known of the run."""
        for follower in (self._follower, *self._compared.values()):
            if follower is not None and follower.series.started is not None:
                follower.drawn.set()

    @property
    def compared(self) -> list[tuple[Run, Series]]:
        """The other runs whose curves are drawn beside those of the run that is shown."""
        shown = self.run.path if self.run is not None else None
        return [
            (follower.run, follower.series)
            for path, follower in self._compared.items()
            if path != shown
        ]

    def is_compared(self, run: Run) -> bool:
        """Whether its curves are drawn too."""
        return run.path in self._compared

    def compare(self, run: Run) -> bool:
        """Draw the curves of this run too, or no longer; returns which of the two."""
        follower = self._compared.pop(run.path, None)
        if follower is None:
            if len(self._compared) >= MOST_COMPARED:
                self.compare(next(iter(self._compared.values())).run)
            follower = self._compared[run.path] = Follower(run)
            follower.start()
        else:
            follower.stop()
            self._version += follower.series.version  # the version never falls back
        self.touch()
        return run.path in self._compared

    def close(self) -> None:
        """Stop following the run that is shown."""
        if self._follower is not None:
            self._follower.stop()

    def close_all(self) -> None:
        """Stop following."""
        self.close()
        for follower in self._compared.values():
            follower.stop()


def _name_of(run: Run | None) -> str:
    if run is None or not run.exists():
        return ""
    from cnnlib.errors import RunError
    from cnnlib.runs.labels import Labels

    try:
        return Labels.of(run.description()).name
    except RunError:
        return ""  # what is wrong with it is said by what reads more of it
