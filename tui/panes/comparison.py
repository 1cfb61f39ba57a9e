"""What Evaluate shares that walks through a comparison: four counts, and the images of each.

Arrows choose a count; Enter goes down to its images, and from an image to its feature maps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnlib.runs import Run, RunSummary
from tui.panes.comparing import choices_of
from tui.panes.contrasting import ContrastingPane
from tui.render.cells import Grid
from tui.render.comparison import PARTS, compared_images
from tui.render.format import count
from tui.render.montage import Montage
from tui.render.number_tables import Sheet
from tui.render.tables import note
from tui.screens.choose import ChooseScreen
from tui.session import Session


class ComparisonPane(ContrastingPane):
    """See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.part = 1
        """Which of the four counts is chosen."""
        self.image: int | None = None
        """Which of the images that it counts; None: the cursor is on the counts."""
        self._page: Montage | None = None

    def open_comparison(self) -> None:
        """Show the comparison, now that there is a run to compare with."""
        raise NotImplementedError

    def comparison_titles(self) -> tuple[str, str]:
        """What is shown, and the keys."""
        keys = "Enter its maps  Esc" if self.image is not None else "Enter images  o another run"
        return "compared with another run", f"hjkl  {keys}"

    def counted(self) -> NDArray[np.int64]:
        """The test images that the chosen count counts."""
        if self.agreement is None:
            return np.empty(0, np.int64)
        found: NDArray[np.int64] = getattr(self.agreement, PARTS[self.part])
        return found

    def draw_comparison(self, width: int, height: int) -> Grid:
        """The counts, and the images of the chosen one."""
        session, run, dataset = self.session, self.session.run, self.session.dataset
        self._page = None
        if self.agreement is None or run is None or self.other is None or dataset is None:
            words = self.compare_problem or "comparing..."
            if self.contrasted and not self.compare_problem:
                done, whole = count(self.contrasted), count(len(dataset.test) if dataset else 0)
                words = f"comparing: {done} of {whole} test images ...  Esc gives up"
            if self.report is None:
                words = "The comparison is made when this run has its report."
            elif self.other is None:
                words = "o chooses the run to compare with."
            return note(words, width, height, fg=session.palette.muted)
        grid, self._page = compared_images(
            self.agreement,
            (run.id, self.other.id),
            self.part,
            self.image,
            dataset,
            Sheet(width, height, session.terminal, session.palette),
        )
        return grid

    # What the keys do

    def move_in_comparison(self, right: int, down: int) -> None:
        """Another count, or another of its images."""
        if self.image is None:
            column = max(0, min(self.part % 2 + right, 1))
            row = max(0, min(self.part // 2 + down, 1))
            self.part = 2 * row + column
        else:
            columns = self._page.columns if self._page is not None else 1
            self.image = max(0, min(self.image + right + down * columns, len(self.counted()) - 1))
        self.draw()

    async def open_counted(self) -> None:
        """From the counts to the images, and from an image to its maps."""
        indices = self.counted()
        if self.image is None:
            self.image = 0 if len(indices) else None
            self.draw()
        elif len(indices):
            self.session.choose_sample("test", int(indices[min(self.image, len(indices) - 1)]))
            await self.application.action_show_pane("features")

    def leave_images(self) -> bool:
        """From the images to the counts; whether that was possible."""
        found, self.image = self.image is not None, None
        return found

    def action_compare(self) -> None:
        """Choose a run to compare with."""
        self.list_runs_for(self._choose_other)

    def _choose_other(self, runs: Sequence[RunSummary]) -> None:
        shown = self.session.run
        others = [run for run in runs if shown is not None and run.path != shown.path]
        if others:
            choices = choices_of(others, self.session.terminal)
            self.application.push_screen(ChooseScreen("Compare with", choices), self._compare_with)
        else:
            self.say("There is no other run to compare with.")

    def _compare_with(self, name: str | None) -> None:
        if name is not None:
            self.other = Run(self.session.runs_root / name)
            self.image = None
            self.open_comparison()
