"""Mistakes: the images that the network takes for something else."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from cnnlib.errors import CnnError, SpecificationError
from cnnlib.report import Mistake, Report
from tui.mistakes.filtering import EXAMPLE, Term, parse_filter
from tui.mistakes.listing import ORDERS, as_csv, export_mistakes, ordered
from tui.panes.features import FeaturesPane
from tui.panes.lines import TypedLine
from tui.panes.noting import NotingPane
from tui.render import format as say
from tui.render.cells import Grid
from tui.render.mistake import Finding, finding
from tui.render.mistake_list import mistake_list
from tui.render.number_tables import Sheet
from tui.render.tables import note, window
from tui.session import Session
from tui.widgets.cellgrid import CellGrid


class MistakesPane(NotingPane):
    """The list on the left, the image and what was made of it on the right."""

    pane_name = "mistakes"
    first_focus = "#mistakes-list"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.order = 0
        self.reversed = False
        self._complaint = ""
        """What was said of a filter that is not understood."""
        self._chosen: int | None = None
        """The number of the image under the cursor."""
        self._first = 0
        self._rows = 1
        self._listed: list[Mistake] = []
        self._listed_for: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="mistakes-left"):
                yield CellGrid(id="mistakes-list", classes="part", can_focus=True)
                yield TypedLine(id="filter", placeholder=EXAMPLE, select_on_focus=False)
                yield TypedLine(
                    id="note", placeholder="a note; #words are tags", select_on_focus=False
                )
            yield CellGrid(id="mistake", classes="part")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Ask for the mistakes, and draw what is known."""
        self.ask_report(session)
        self.read_notes()
        run = session.run.id if session.run is not None else ""
        data = session.dataset.sha256 if session.dataset is not None else session.dataset_error
        words, glyphs, palette = session.mistakes_filter, session.glyphs, session.palette
        self.draw_if_new(run, self.question, data, words, glyphs, palette)

    def mistakes(self) -> list[Mistake]:
        """The mistakes that the filter lets through, in their order."""
        report, text = self.report, self.session.mistakes_filter
        key = (id(report), text, self.order, self.reversed, id(self.notes), len(self.errors))
        if key != self._listed_for:
            self._listed_for, self._listed = key, self._list(report, text)
        return self._listed

    def _list(self, report: Report | None, text: str) -> list[Mistake]:
        if report is None:
            return []
        try:
            terms = parse_filter(text, report.classes)
        except SpecificationError:
            terms = ()
        kept = [m for m in report.mistakes if all(self._holds(term, m) for term in terms)]
        return ordered(kept, self.order, backwards=self.reversed)

    def _holds(self, term: Term, mistake: Mistake) -> bool:
        wrong_label = mistake.index in self.errors
        return term.holds(mistake, self.note_of(mistake.index), wrong_label=wrong_label)

    def _position(self, mistakes: list[Mistake]) -> int:
        for i, mistake in enumerate(mistakes):
            if mistake.index == self._chosen:
                return i
        return 0

    def chosen(self) -> Mistake | None:
        """The mistake under the cursor."""
        shown = self.mistakes()
        return shown[self._position(shown)] if shown else None

    def draw(self) -> None:
        """Draw the list and the image."""
        box = self.query_one("#mistakes-list", CellGrid)
        shown = self.mistakes()
        so_far = "" if self.report is None or self.is_final else " so far"
        order = f"{ORDERS[self.order]}{' reversed' * self.reversed}"
        box.border_title = f"mistakes{so_far} by {order}"
        box.border_subtitle = self._counted(len(shown))
        box.draw(lambda width, height: self._draw_list(shown, width, height))
        chosen = shown[self._position(shown)] if shown else None
        self.ask_why(chosen)
        detail = self.query_one("#mistake", CellGrid)
        loss = f", loss {say.number(chosen.loss, 2)}" if chosen else ""
        detail.border_title = f"test #{chosen.index}{loss}" if chosen else "image"
        detail.border_subtitle = self.why_words(chosen) or (
            "o why  n nearest  i note" * bool(shown)
        )
        detail.draw(lambda width, height: self._draw_mistake(chosen, width, height))

    def _counted(self, shown: int) -> str:
        if self.report is None:
            return ""
        total, filtered = self.report.mistakes_total, self.session.mistakes_filter
        words = f"{say.count(shown)} of {say.count(total)} wrong"
        corrected = self.corrected()
        if len(self.report.mistakes) < total and not filtered:
            words = f"the hardest {words}"
        elif corrected is not None and not filtered:
            published, right = corrected.published, corrected.accuracy
            scores = f"{say.percent(published, 2)} ({say.percent(right, 2)} corrected)"
            words = f"{say.count(total)} wrong: {scores}"
        return f"{filtered}  {words}".strip()

    def _missing(self) -> str:
        session = self.session
        if self.report_problem:
            return self.report_problem
        if session.run is None:
            return "No run is shown. Train one in pane 3, or open one in pane 7."
        if self.report is None:
            first = "The first checkpoint of this run shows what it gets wrong."
            return self.reading_words() or session.dataset_error or first
        if self.report.mistakes_total and session.mistakes_filter:
            return "No mistake passes the filter. Esc clears it."
        return "No mistakes: every image was recognised."

    def _draw_list(self, mistakes: list[Mistake], width: int, height: int) -> Grid:
        session = self.session
        if not mistakes or self.report is None:
            return note(self._missing(), width, height, fg=session.palette.muted)
        at = self._position(mistakes)
        self._rows = max(height - 1, 1)
        self._first = window(at, self._first, len(mistakes), self._rows)
        sheet = Sheet(width, height, session.terminal, session.palette)
        classes = self.report.classes
        return mistake_list(mistakes, classes, self.signs(), at, self._first, sheet)

    def _draw_mistake(self, mistake: Mistake | None, width: int, height: int) -> Grid:
        session, test = self.session, self.session.split("test")
        if mistake is None or self.report is None:
            return Grid.blank(width, height)
        there = test is not None and mistake.index < len(test)
        lines = [(self.why_problem, session.palette.bad)] if self.why_problem else []
        known = Finding(
            mistake,
            self.report.classes,
            test.images[mistake.index] if test is not None and there else None,
            self.heat if self.method is not None else None,
            self.neighbours if self.with_neighbours else None,
            session.split("train"),
            [*lines, *self.note_lines(mistake.index, self.report.classes)],
        )
        return finding(known, width, height, session.terminal, session.palette)

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
        self.query_one("#filter", TypedLine).open_with(self.session.mistakes_filter)

    @on(Input.Submitted, "#filter")
    def _filter_typed(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            if self.report is not None:
                parse_filter(event.value, self.report.classes)
        except SpecificationError as error:
            self._complaint = str(error)
            self.say(self._complaint)
            return
        if self._complaint:
            self.application.unsay(self._complaint)
            self._complaint = ""
        self._use_filter(event.value.strip())
        self.query_one("#filter", TypedLine).close()
        self.query_one(self.first_focus).focus()

    def _use_filter(self, text: str) -> None:
        self.session.mistakes_filter = text
        self._first = 0
        self.draw()

    def go_back(self) -> bool:
        """Escape ends what is asked about the image or the data, then clears the filter."""
        if self.stop_asking():
            self.draw()
            return True
        if self.give_up_reading():
            return True
        if not self.session.mistakes_filter:
            return False
        self._use_filter("")
        return True

    def action_csv(self) -> None:
        """Write the list into the run's exports, as it is filtered and sorted."""
        shown = self.mistakes()
        if self.report is None or self.session.run is None or not shown:
            self.say("There are no mistakes to write.")
            return
        text = as_csv(shown, self.report.classes, self.note_of, self.errors)
        try:
            path = export_mistakes(self.session.run, text)
        except CnnError as error:
            self.application.say(str(error), "error")
            return
        self.application.copy_to_clipboard(str(path))
        self.application.say(f"{say.plural(len(shown), 'mistake')} in {path}")

    async def action_features(self) -> None:
        """What the network sees in this image: all its maps."""
        shown = self.mistakes()
        if shown:
            self._go(self._position(shown))
            await self.application.action_show_pane("features")
            pane = self.application.current_pane
            if isinstance(pane, FeaturesPane):
                pane.start_over()
        else:
            self.go_on_reading()

    @on(CellGrid.Clicked, "#mistakes-list")
    def _clicked(self, click: CellGrid.Clicked) -> None:
        if click.y > 0:
            self._go(self._first + click.y - 1)
