"""Mistakes: the images that the network takes for something else."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from cnnlib.errors import SpecificationError
from cnnlib.report import Mistake
from tui.filtering import EXAMPLE, parse_filter
from tui.panes.reporting import ReportPane
from tui.render import format as say
from tui.render.cells import Grid
from tui.render.prediction import prediction
from tui.render.tables import Column, note, table, window
from tui.session import Session
from tui.widgets.cellgrid import CellGrid

ORDERS = ("loss", "confidence", "true class", "predicted class", "number")


class FilterLine(Input):
    """The line in which a filter is typed."""

    BINDINGS: ClassVar = [Binding("escape", "dismiss", "Clear the filter", show=False)]

    def action_dismiss(self) -> None:
        """Show all mistakes again."""
        self.post_message(self.Submitted(self, ""))


class MistakesPane(ReportPane):
    """The list on the left, the image and what was made of it on the right."""

    pane_name = "mistakes"
    first_focus = "#mistakes-list"
    computes = True

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.order = 0
        self.reversed = False
        self._chosen: int | None = None
        """The number of the image under the cursor."""
        self._first = 0
        self._rows = 1

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="mistakes-left"):
                yield CellGrid(id="mistakes-list", classes="part", can_focus=True)
                yield FilterLine(id="filter", placeholder=EXAMPLE, select_on_focus=False)
            yield CellGrid(id="mistake", classes="part")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Ask for the mistakes, and draw what is known."""
        self.ask_report(session)
        self.draw()

    def mistakes(self) -> list[Mistake]:
        """The mistakes that the filter lets through, in their order."""
        if self.report is None:
            return []
        try:
            terms = parse_filter(self.session.mistakes_filter, self.report.classes)
        except SpecificationError:
            terms = ()
        kept = [m for m in self.report.mistakes if all(term.holds(m) for term in terms)]
        keys = (
            lambda m: -m.loss,
            lambda m: -m.confidence,
            lambda m: (m.label, m.predicted, -m.loss),
            lambda m: (m.predicted, m.label, -m.loss),
            lambda m: m.index,
        )
        return sorted(kept, key=keys[self.order], reverse=self.reversed)

    def _position(self, mistakes: list[Mistake]) -> int:
        for i, mistake in enumerate(mistakes):
            if mistake.index == self._chosen:
                return i
        return 0

    def draw(self) -> None:
        """Draw the list and the image."""
        box = self.query_one("#mistakes-list", CellGrid)
        shown = self.mistakes()
        box.border_title = f"mistakes by {ORDERS[self.order]}{' reversed' * self.reversed}"
        box.border_subtitle = self._counted(len(shown))
        box.draw(lambda width, height: self._draw_list(shown, width, height))
        chosen = shown[self._position(shown)] if shown else None
        detail = self.query_one("#mistake", CellGrid)
        loss = f", loss {say.number(chosen.loss, 2)}" if chosen else ""
        detail.border_title = f"test #{chosen.index}{loss}" if chosen else "image"
        detail.border_subtitle = "m maps" if chosen else ""
        detail.draw(lambda width, height: self._draw_mistake(chosen, width, height))

    def _counted(self, shown: int) -> str:
        if self.report is None:
            return ""
        total = self.report.mistakes_total
        words = f"{shown} of {say.count(total)} wrong"
        return f"{self.session.mistakes_filter}  {words}".strip()

    def _missing(self) -> str:
        session = self.session
        if self.report_problem:
            return self.report_problem
        if session.run is None:
            return "No run yet. Train one in pane 3, or open one in pane 7."
        if self.is_reading:
            return "looking through the test images..."
        if self.report is None:
            return "The first checkpoint of this run shows what it gets wrong."
        if self.report.mistakes_total and session.mistakes_filter:
            return "No mistake passes the filter. Esc clears it."
        return "No mistakes: every image was recognised."

    def _draw_list(self, mistakes: list[Mistake], width: int, height: int) -> Grid:
        session = self.session
        if not mistakes or self.report is None:
            return note(self._missing(), width, height, fg=session.palette.muted)
        names = self.report.classes
        columns = [
            Column("#", "right"),
            Column("true"),
            Column("predicted", stretch=True),
            Column("conf", "right"),
            Column("loss", "right", keep=50),
        ]
        rows = [
            [
                str(m.index),
                names[m.label],
                names[m.predicted],
                say.probability(m.confidence),
                say.number(m.loss, 2),
            ]
            for m in mistakes
        ]
        at = self._position(mistakes)
        self._rows = max(height - 1, 1)
        self._first = window(at, self._first, len(rows), self._rows)
        return table(
            columns,
            rows,
            width,
            height,
            session.terminal,
            first=self._first,
            selected=at,
            palette=session.palette,
        )

    def _draw_mistake(self, mistake: Mistake | None, width: int, height: int) -> Grid:
        session, test = self.session, self.session.split("test")
        if mistake is None or self.report is None:
            return Grid.blank(width, height)
        there = test is not None and mistake.index < len(test)
        picture, _ = prediction(
            test.images[mistake.index] if test is not None and there else None,
            mistake.label,
            mistake.probabilities,
            self.report.classes,
            width,
            height,
            session.terminal,
            classes=4 if height < 24 else 10,
            palette=session.palette,
        )
        return picture

    # What the keys do

    def _go(self, position: int) -> None:
        shown = self.mistakes()
        if shown:
            mistake = shown[max(0, min(position, len(shown) - 1))]
            self._chosen = mistake.index
            self.session.choose_sample("test", mistake.index)
            self.draw()

    def action_step(self, step: int) -> None:
        """The next mistake, or the one before."""
        self._go(self._position(self.mistakes()) + step)

    def action_page(self, step: int) -> None:
        """A page of them."""
        self.action_step(step * self._rows)

    def action_first(self) -> None:
        """The first one."""
        self._go(0)

    def action_last(self) -> None:
        """The last one."""
        self._go(len(self.mistakes()) - 1)

    def action_sort(self) -> None:
        """Another order."""
        self.order = (self.order + 1) % len(ORDERS)
        self.draw()

    def action_reverse(self) -> None:
        """The other way round."""
        self.reversed = not self.reversed
        self.draw()

    def action_filter(self) -> None:
        """Open the filter line."""
        line = self.query_one(FilterLine)
        line.value = self.session.mistakes_filter
        line.add_class("-open")
        line.focus()
        line.action_end()

    def go_back(self) -> bool:
        """Escape clears the filter."""
        if not self.session.mistakes_filter:
            return False
        self._use_filter("")
        return True

    @on(Input.Submitted, "#filter")
    def _filter_typed(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            if self.report is not None:
                parse_filter(event.value, self.report.classes)
        except SpecificationError as error:
            self.say(str(error))
            return
        self._use_filter(event.value.strip())
        event.input.remove_class("-open")
        self.query_one("#mistakes-list").focus()

    def _use_filter(self, text: str) -> None:
        self.session.mistakes_filter = text
        self._first = 0
        self.draw()

    async def action_features(self) -> None:
        """What the network sees in this image."""
        shown = self.mistakes()
        if shown:
            self._go(self._position(shown))
            await self.application.action_show_pane("features")

    @on(CellGrid.Clicked, "#mistakes-list")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        if click.y > 0:
            self._go(self._first + click.y - 1)
