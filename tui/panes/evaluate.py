"""Evaluate: how good the network is, class by class, and which classes it confuses.

The left part shows the confusion matrix, or how honest the network's confidence is, or how it
compares with the network of another run.
"""

from __future__ import annotations

from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.following.evaluation import Evaluation, confused, of_report, of_series
from tui.panes.comparison import ComparisonPane
from tui.render.calibration import reliability
from tui.render.cells import Grid
from tui.render.confused import confusions
from tui.render.matrix import Layout, Mode
from tui.render.number_tables import Sheet
from tui.render.scores import scores
from tui.render.tables import note
from tui.session import Session
from tui.widgets.cellgrid import CellGrid

MODES: tuple[tuple[Mode, str], ...] = (
    ("counts", "counts"),
    ("rows", "% of the true class"),
    ("columns", "% of the prediction"),
)

View = Literal["confusion", "calibration", "comparison"]
Split = Literal["test", "valid"]


class EvaluatePane(ComparisonPane):
    """The confusion matrix on the left, the scores on the right."""

    pane_name = "evaluate"
    first_focus = "#matrix"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.cursor = (0, 0)
        self.mode = 0
        self.split: Split | None = None
        """What was asked for; None: the test images, but while it trains the validation ones."""
        self.view: View = "confusion"
        self._first_class = 0
        self._place: Layout | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield CellGrid(id="matrix", classes="part", can_focus=True)
            yield CellGrid(id="scores", classes="part")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Read the report when there is a new one, and draw."""
        self.ask_report(session)
        series, run = session.series, session.run.id if session.run is not None else ""
        data = session.dataset.sha256 if session.dataset is not None else session.dataset_error
        said = tuple(series.evaluated.items())
        glyphs, palette = session.glyphs, session.palette
        self.draw_if_new(run, self.question, data, said, series.state, glyphs, palette)

    def wants_report(self) -> bool:
        """A report is made unless it is validation that is shown."""
        return self._shown_split() == "test"

    def _shown_split(self) -> Split:
        return self.split or ("valid" if self.session.series.is_live else "test")

    def evaluation(self) -> Evaluation | None:
        """On the test images; while there is no such report, or when asked for, on others."""
        said = of_series(self.session.series)
        if self.report is None:
            return said
        if said is not None and said.split == "valid" and self._shown_split() == "valid":
            return said
        return of_report(self.report, "test" if self.is_final else "test, best weights so far")

    def draw(self) -> None:
        """Draw both parts."""
        self.ask_comparison()
        matrix, figures = self.query_one("#matrix", CellGrid), self.query_one("#scores", CellGrid)
        found = self.evaluation()
        matrix.border_title, matrix.border_subtitle = self._titles(found)
        figures.border_title = found.title if found else "scores"
        drawn = {
            "confusion": self._draw_matrix,
            "calibration": self._draw_calibration,
            "comparison": self.draw_comparison,
        }
        matrix.draw(drawn[self.view])
        figures.draw(self._draw_scores)

    def _titles(self, found: Evaluation | None) -> tuple[str, str]:
        """What stands on the left, and its keys."""
        if found is None:
            return "confusion", ""
        if self.view == "calibration":
            return "how often it is right, by how sure it is", "c confusion"
        if self.view == "comparison":
            return self.comparison_titles()
        title = f"confusion: {MODES[self.mode][1]}, rows are the truth"
        return title, "y counts/%  n next  Enter images"

    def _sheet(self, width: int, height: int) -> Sheet:
        return Sheet(width, height, self.session.terminal, self.session.palette)

    def _draw_matrix(self, width: int, height: int) -> Grid:
        found = self.evaluation()
        if found is None:
            return note(self._missing(), width, height, fg=self.session.palette.muted)
        self.cursor = _inside(found, *self.cursor)
        mode = MODES[self.mode][0]
        grid, self._place = confusions(found, self.cursor, mode, self._sheet(width, height))
        return grid

    def _draw_calibration(self, width: int, height: int) -> Grid:
        found, session = self.evaluation(), self.session
        if found is None or found.calibration is None:
            words = self._missing() if found is None else "The test report says it; this is none."
            return note(words, width, height, fg=session.palette.muted)
        return reliability(found.calibration, width, height, session.terminal, session.palette)

    def _missing(self) -> str:
        series = self.session.series
        if self.report_problem:
            return self.report_problem
        if self.reading_words():
            return self.reading_words()
        if self.session.run is None:
            return "No run is shown. Train one in pane 3, or open one in pane 7."
        if series.is_live or series.state in ("starting", "reading"):
            return "The first validation comes at the end of the first epoch."
        return "This run has not been evaluated."

    def _draw_scores(self, width: int, height: int) -> Grid:
        found = self.evaluation()
        if found is None:
            return Grid.blank(width, height)
        corrected = self.corrected if found.split == "test" else None
        grid, self._first_class = scores(
            found, corrected, self.cursor[0], self._first_class, self._sheet(width, height)
        )
        return grid

    # What the keys do

    def action_move(self, right: int, down: int) -> None:
        """Walk the matrix, or the counts and images of a comparison."""
        found = self.evaluation()
        if self.view == "comparison":
            self.move_in_comparison(right, down)
        elif found is not None:
            self.cursor = _inside(found, self.cursor[0] + down, self.cursor[1] + right)
            self.draw()

    def action_calibration(self) -> None:
        """How honest the confidence is, or the confusion matrix again."""
        self.view = "confusion" if self.view == "calibration" else "calibration"
        self.draw()

    def open_comparison(self) -> None:
        """Show the comparison with the run that was chosen."""
        self.view = "comparison"
        self.draw()

    def go_back(self) -> bool:
        """Escape: from the images to the counts, then to the matrix; gives up what takes long."""
        if self.view == "confusion":
            return self.give_up_reading()
        if self.view == "comparison" and self.stop_comparing():
            self.view = "confusion"
        elif self.view != "comparison" or not self.leave_images():
            self.view = "confusion"
        self.draw()
        return True

    def action_next_confused(self, step: int) -> None:
        """To the pair that is confused next most."""
        found = self.evaluation()
        pairs = confused(found.scores.matrix) if found is not None else []
        if pairs:
            start = -1 if step > 0 else 0
            here = pairs.index(self.cursor) if self.cursor in pairs else start
            self.cursor = pairs[(here + step) % len(pairs)]
            self.draw()

    def action_scale(self) -> None:
        """Counts, shares of the row, shares of the column."""
        self.mode = (self.mode + 1) % len(MODES)
        self.draw()

    def action_split(self) -> None:
        """The test report, or the last validation."""
        found = self.evaluation()
        self.split = "valid" if found is not None and found.split == "test" else "test"
        self.ask_report(self.session)
        if self.split == "valid" and "valid" not in self.session.series.evaluated:
            self.say("this run has said nothing about validation images")
        self.draw()

    async def action_open(self) -> None:
        """The mistakes that the cell counts."""
        found = self.evaluation()
        if (found is None and self.go_on_reading()) or found is None:
            return
        if self.view == "calibration":
            return
        if self.view == "comparison":
            await self.open_counted()
            return
        row, column = self.cursor
        names = found.classes
        predicted = "" if row == column else f" p={names[column]}"
        self.session.mistakes_filter = f"t={names[row]}{predicted}"
        if found.split != "test":
            self.say("these are test images; the matrix counts validation images")
        self.session.touch()
        await self.application.action_show_pane("mistakes")

    @on(CellGrid.Clicked, "#matrix")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        if self.view != "confusion":
            return
        cell = self._place.cell_at(click.x, click.y) if self._place is not None else None
        if cell is not None:
            self.cursor = cell
            self.draw()


def _inside(found: Evaluation, row: int, column: int) -> tuple[int, int]:
    last = len(found.classes) - 1
    return max(0, min(row, last)), max(0, min(column, last))
