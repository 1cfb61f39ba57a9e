"""Evaluate: how good the network is, class by class, and which classes it confuses.

The left part shows the confusion matrix, or how honest the network's confidence is, or how it
compares with the network of another run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from cnnlib.metrics import Scores
from cnnlib.runs import Run, RunSummary
from tui.panes.comparing import choices_of
from tui.panes.contrasting import ContrastingPane
from tui.render import format as say
from tui.render.calibration import reliability
from tui.render.cells import Grid
from tui.render.comparison import PARTS, comparison
from tui.render.matrix import Layout, Mode, confusion
from tui.render.montage import Montage, montage
from tui.render.tables import Cell, Column, facts, note, table, window, wrap
from tui.screens.choose import ChooseScreen
from tui.session import Session
from tui.widgets.cellgrid import CellGrid

MODES: tuple[tuple[Mode, str], ...] = (
    ("counts", "counts"),
    ("rows", "% of the true class"),
    ("columns", "% of the prediction"),
)


View = Literal["confusion", "calibration", "comparison"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What is shown: counts, the scores that follow from them, and what they were counted on."""

    title: str
    scores: Scores
    loss: float
    classes: tuple[str, ...]
    split: str
    calibration_error: float | None = None


class EvaluatePane(ContrastingPane):
    """The confusion matrix on the left, the scores on the right."""

    pane_name = "evaluate"
    first_focus = "#matrix"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.cursor = (0, 0)
        self.mode = 0
        self.prefer_validation = False
        self._first_class = 0
        self._place: Layout | None = None
        self.view: View = "confusion"
        self.part = 1
        """Which of the four counts of a comparison is chosen."""
        self.image: int | None = None
        """Which of the images that it counts; None: the cursor is on the counts."""
        self._sheet: Montage | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield CellGrid(id="matrix", classes="part", can_focus=True)
            yield CellGrid(id="scores", classes="part")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Read the report when there is a new one, and draw."""
        self.ask_report(session)
        self.draw()

    def evaluation(self) -> Evaluation | None:
        """The test report; before there is one, or when asked for, the last validation."""
        series, report = self.session.series, self.report
        seen, started = series.evaluated, series.started
        classes = started.classes if started is not None else ()
        if report is not None and not (self.prefer_validation and "valid" in seen):
            return Evaluation(
                "test",
                report.scores,
                report.loss,
                report.classes,
                "test",
                report.calibration.error,
            )
        event = seen.get("valid") or seen.get("test") or seen.get("train")
        if event is None or len(classes) != len(event.confusion):
            return None
        names = {"valid": "validation", "test": "test", "train": "training"}
        title = f"{names[event.split]}, epoch {event.epoch}"
        scores = Scores.from_confusion(np.array(event.confusion, dtype=np.int64))
        return Evaluation(title, scores, event.loss, classes, event.split)

    def draw(self) -> None:
        self.ask_comparison()
        matrix, scores = self.query_one("#matrix", CellGrid), self.query_one("#scores", CellGrid)
        found = self.evaluation()
        mode = MODES[self.mode][1]
        matrix.border_title = f"confusion: {mode}, rows are the truth" if found else "confusion"
        matrix.border_subtitle = "y counts/%  n next  Enter images" if found else ""
        scores.border_title = found.title if found else "scores"
        if found and self.view == "calibration":
            matrix.border_title = "how often it is right, by how sure it is"
            matrix.border_subtitle = "c confusion"
        elif found and self.view == "comparison":
            matrix.border_title = "compared with another run"
            keys = (
                "Enter its maps  Esc" if self.image is not None else "Enter images  o another run"
            )
            matrix.border_subtitle = f"hjkl  {keys}"
        drawn = {
            "confusion": self._draw_matrix,
            "calibration": self._draw_calibration,
            "comparison": self._draw_comparison,
        }
        matrix.draw(drawn[self.view])
        scores.draw(self._draw_scores)

    def _draw_matrix(self, width: int, height: int) -> Grid:
        found, palette = self.evaluation(), self.session.palette
        if found is None:
            return note(self._missing(), width, height, fg=palette.muted)
        self.cursor = self._inside(found, *self.cursor)
        grid = Grid.blank(width, height)
        legend = self._legend(found, width, height - len(found.classes) - 2)
        picture, self._place = confusion(
            found.scores.matrix,
            found.classes,
            width,
            max(height - len(legend) - 1, 2),
            self.session.terminal,
            cursor=self.cursor,
            mode=MODES[self.mode][0],
            palette=palette,
        )
        grid.paste(picture, 0, 0)
        top = min(self._place.bottom + 1, height - len(legend))
        for y, (text, ink) in enumerate(legend, start=top):
            grid.put(0, y, text, fg=ink)
        return grid

    def _draw_calibration(self, width: int, height: int) -> Grid:
        found, session = self.evaluation(), self.session
        if found is None or self.report is None or found.title != "test":
            words = self._missing() if found is None else "The test report says it; this is none."
            return note(words, width, height, fg=session.palette.muted)
        return reliability(
            self.report.calibration, width, height, session.terminal, session.palette
        )

    def _counted(self) -> NDArray[np.int64]:
        """The test images that the chosen count counts."""
        if self.agreement is None:
            return np.empty(0, np.int64)
        found: NDArray[np.int64] = getattr(self.agreement, PARTS[self.part])
        return found

    def _draw_comparison(self, width: int, height: int) -> Grid:
        session, run, dataset = self.session, self.session.run, self.session.dataset
        self._sheet = None
        if self.agreement is None or run is None or self.other is None or dataset is None:
            words = self.compare_problem or "comparing..."
            if self.report is None:
                words = "The comparison is made when this run has its report."
            elif self.other is None:
                words = "o chooses the run to compare with."
            return note(words, width, height, fg=session.palette.muted)
        grid = Grid.blank(width, height)
        names = (run.id, self.other.id)
        head = comparison(
            self.agreement, names, self.part, width, session.terminal, session.palette
        )
        grid.paste(head, 0, 0)
        indices = self._counted()
        room = height - head.height - 1
        if not len(indices) or room < 3:
            return grid
        at = min(self.image or 0, len(indices) - 1)
        page = max((at // 60) * 60, 0)
        some = indices[page : page + 60]
        labels = [f"{i} {dataset.classes[int(dataset.test.labels[i])]}" for i in some]
        self._sheet = montage(
            dataset.test.images[some],
            width,
            room,
            session.terminal,
            labels=labels,
            selected=at - page if self.image is not None else None,
            palette=session.palette,
        )
        grid.paste(self._sheet.grid, 0, head.height + 1)
        return grid

    def _legend(self, found: Evaluation, width: int, room: int) -> list[tuple[str, int]]:
        """What the cell under the cursor says, and the pairs that are confused most."""
        palette = self.session.palette
        row, column = self.cursor
        matrix, names = found.scores.matrix, found.classes
        value, whole = int(matrix[row, column]), int(matrix[row].sum())
        verdict = "right" if row == column else f"taken for {names[column]}"
        share = say.percent(value / whole) if whole else say.NOTHING
        lines = [(f"{names[row]} {verdict}: {value} of {whole} ({share})", palette.text)]
        arrow = "→" if self.session.terminal.unicode else ">"
        pairs = [f"{names[r]}{arrow}{names[c]}:{matrix[r, c]}" for r, c in confused(matrix)]
        words = f"most confused: {', '.join(pairs[:30])}" if pairs else "nothing is confused"
        room = min(max(room - 1, 1), 3)
        return lines + [(line, palette.muted) for line in wrap(words, width)[:room]]

    def _missing(self) -> str:
        series = self.session.series
        if self.report_problem:
            return self.report_problem
        if self.session.run is None:
            return "No run is shown. Train one in pane 3, or open one in pane 7."
        if series.is_live or series.state in ("starting", "reading"):
            return "The first validation comes at the end of the first epoch."
        return "This run has not been evaluated."

    def _draw_scores(self, width: int, height: int) -> Grid:
        found, session = self.evaluation(), self.session
        if found is None:
            return Grid.blank(width, height)
        scores = found.scores
        low, high = scores.accuracy_interval
        grid = Grid.blank(width, height)
        accuracy = say.percent(scores.accuracy, 2)
        pairs: list[tuple[str, str | Cell]] = [
            ("accuracy", Cell(accuracy, session.palette.accent, True)),
            ("95%", f"{say.percent(low, 2)[:-1]}-{say.percent(high, 2)}"),
            ("right", f"{int(scores.matrix.trace())}/{scores.examples}"),
            ("loss", say.number(found.loss, 4)),
        ]
        if self.corrected is not None and found.title == "test":
            pairs.insert(2, ("corrected", Cell(say.percent(self.corrected.accuracy, 2), bold=True)))
            if height >= 24:
                fixed, dropped = len(self.corrected.fixed), len(self.corrected.dropped)
                pairs.insert(3, ("", f"{fixed} label errors fixed"))
                pairs.insert(4, ("", f"{dropped} left out"))
        if found.calibration_error is not None and height >= 24:
            pairs.append(("calibration error", say.number(found.calibration_error, 4)))
        grid.paste(facts(pairs, width, len(pairs), session.terminal, palette=session.palette), 0, 0)
        top = len(pairs) + (1 if height > len(scores.support) + len(pairs) + 3 else 0)
        classes = max(height - top - 3, 1)
        first = window(self.cursor[0], self._first_class, len(scores.support), classes)
        self._first_class = first
        grid.paste(self._per_class(found, width, height - top - 2, first), 0, top)
        return grid

    def _per_class(self, found: Evaluation, width: int, height: int, first: int) -> Grid:
        session, scores = self.session, found.scores
        columns = [
            Column("" if width < 30 else "class", stretch=True),
            Column("prec", "right"),
            Column("rec", "right"),
            Column("f1", "right"),
            Column("n", "right", keep=50),
        ]
        worst = int(np.argmin(np.where(scores.support > 0, scores.f1, np.inf)))
        rows: list[list[str | Cell]] = []
        for i, name in enumerate(found.classes):
            ink = session.palette.warn if i == worst and scores.f1[i] < 1.0 else -1
            values = [scores.precision[i], scores.recall[i], scores.f1[i]]
            cells = [Cell(say.probability(float(value)), ink) for value in values]
            bold = i == self.cursor[0]
            rows.append([Cell(name, session.palette.accent if bold else ink, bold), *cells])
            rows[-1].append(str(int(scores.support[i])))
        narrow = width < 30  # short names keep the figures in their columns
        averages = (
            ("mac" if narrow else "macro", scores.macro),
            ("wgt" if narrow else "weighted", scores.weighted),
        )
        tail: list[list[str | Cell]] = [
            [
                Cell(name, session.palette.muted),
                *(say.probability(value) for value in (each.precision, each.recall, each.f1)),
                "",
            ]
            for name, each in averages
        ]
        shown = [*rows[first : first + max(height - 1, 1)], *tail]
        return table(columns, shown, width, height + 2, session.terminal, palette=session.palette)

    def _inside(self, found: Evaluation, row: int, column: int) -> tuple[int, int]:
        last = len(found.classes) - 1
        return max(0, min(row, last)), max(0, min(column, last))

    # What the keys do

    def action_move(self, right: int, down: int) -> None:
        """Walk the matrix, or the counts and images of a comparison."""
        found = self.evaluation()
        if self.view == "comparison":
            self._move_in_comparison(right, down)
        elif found is not None:
            self.cursor = self._inside(found, self.cursor[0] + down, self.cursor[1] + right)
            self.draw()

    def _move_in_comparison(self, right: int, down: int) -> None:
        if self.image is None:
            column = max(0, min(self.part % 2 + right, 1))
            row = max(0, min(self.part // 2 + down, 1))
            self.part = 2 * row + column
        else:
            columns = self._sheet.columns if self._sheet is not None else 1
            self.image = max(0, min(self.image + right + down * columns, len(self._counted()) - 1))
        self.draw()

    def action_calibration(self) -> None:
        """How honest the confidence is, or the confusion matrix again."""
        self.view = "confusion" if self.view == "calibration" else "calibration"
        self.draw()

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
            self.view, self.image = "comparison", None
            self.draw()

    def go_back(self) -> bool:
        """Escape: from the images to the counts, then to the confusion matrix."""
        if self.view == "confusion":
            return False
        if self.view == "comparison" and self.image is not None:
            self.image = None
        else:
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
        self.prefer_validation = not self.prefer_validation
        self.draw()

    async def action_open(self) -> None:
        """The mistakes that the cell counts."""
        found = self.evaluation()
        if found is None or self.view == "calibration":
            return
        if self.view == "comparison":
            await self._open_counted()
            return
        row, column = self.cursor
        names = found.classes
        if row == column:
            self.session.mistakes_filter = f"t={names[row]}"
        else:
            self.session.mistakes_filter = f"t={names[row]} p={names[column]}"
        self.session.touch()
        await self.application.action_show_pane("mistakes")

    async def _open_counted(self) -> None:
        """From the counts to the images, and from an image to its maps."""
        indices = self._counted()
        if self.image is None:
            self.image = 0 if len(indices) else None
            self.draw()
        elif len(indices):
            self.session.choose_sample("test", int(indices[min(self.image, len(indices) - 1)]))
            await self.application.action_show_pane("features")

    @on(CellGrid.Clicked, "#matrix")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        if self.view != "confusion":
            return
        cell = self._place.cell_at(click.x, click.y) if self._place is not None else None
        if cell is not None:
            self.cursor = cell
            self.draw()


def confused(matrix: NDArray[np.integer]) -> list[tuple[int, int]]:
    """The (true, predicted) pairs that were confused, the most frequent first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[: int(np.count_nonzero(wrong))]
    return [(int(at) // len(wrong), int(at) % len(wrong)) for at in order]
