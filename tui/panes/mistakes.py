"""Mistakes: the images that the network takes for something else."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from cnnlib.errors import CnnError, SpecificationError
from cnnlib.explain import LabelError, is_mnist_test
from cnnlib.report import Mistake
from tui.filtering import EXAMPLE, parse_filter
from tui.mistake_list import (
    LABEL_ERRORS,
    ORDERS,
    as_csv,
    export_mistakes,
    label_error_words,
    ordered,
)
from tui.notes import NOTHING, Note, Notes
from tui.panes.why import WhyPane
from tui.render import format as say
from tui.render.cells import Grid
from tui.render.mistake import Finding, finding
from tui.render.tables import Cell, Column, note, table, window
from tui.session import Session
from tui.widgets.cellgrid import CellGrid


class FilterLine(Input):
    """The line in which a filter is typed."""

    BINDINGS: ClassVar = [Binding("escape", "dismiss", "Clear the filter", show=False)]

    def action_dismiss(self) -> None:
        """Show all mistakes again."""
        self.post_message(self.Submitted(self, ""))


class NoteLine(Input):
    """The line in which a note is typed."""

    BINDINGS: ClassVar = [Binding("escape", "dismiss", "Leave the note as it was", show=False)]
    before = ""

    def action_dismiss(self) -> None:
        """Leave the note as it was."""
        self.post_message(self.Submitted(self, self.before))


class MistakesPane(WhyPane):
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
        self._notes: Notes | None = None
        self._notes_of = ("", "")
        self._errors: dict[int, LabelError] = {}

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="mistakes-left"):
                yield CellGrid(id="mistakes-list", classes="part", can_focus=True)
                yield FilterLine(id="filter", placeholder=EXAMPLE, select_on_focus=False)
                yield NoteLine(
                    id="note", placeholder="a note; #words are tags", select_on_focus=False
                )
            yield CellGrid(id="mistake", classes="part")

    # What is shown

    def show_session(self, session: Session) -> None:
        """Ask for the mistakes, and draw what is known."""
        self.ask_report(session)
        self._read_notes()
        self.draw()

    def _read_notes(self) -> None:
        """When another run or other data are shown: what was noted, and which labels are wrong."""
        run, dataset = self.session.run, self.session.dataset
        key = (run.id if run else "", dataset.sha256 if dataset else "")
        if key == self._notes_of:
            return
        self._notes_of, self._notes, self._errors = key, None, {}
        if run is None or dataset is None:
            return
        if is_mnist_test(dataset.test.labels):
            self._errors = dict(LABEL_ERRORS)
        try:
            self._notes = Notes.read(run, dataset.sha256)
        except CnnError as error:
            self.application.say(str(error), "warning")

    def note_of(self, index: int) -> Note:
        """What was noted about a test image."""
        return self._notes[index] if self._notes is not None else NOTHING

    def mistakes(self) -> list[Mistake]:
        """The mistakes that the filter lets through, in their order."""
        if self.report is None:
            return []
        try:
            terms = parse_filter(self.session.mistakes_filter, self.report.classes)
        except SpecificationError:
            terms = ()
        kept = [m for m in self.report.mistakes if all(term.holds(m) for term in terms)]
        return ordered(kept, self.order, backwards=self.reversed)

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
        self.ask_why(chosen)
        detail = self.query_one("#mistake", CellGrid)
        loss = f", loss {say.number(chosen.loss, 2)}" if chosen else ""
        detail.border_title = f"test #{chosen.index}{loss}" if chosen else "image"
        detail.border_subtitle = self._why_words(chosen)
        detail.draw(lambda width, height: self._draw_mistake(chosen, width, height))

    def _why_words(self, chosen: Mistake | None) -> str:
        if chosen is None or self.report is None:
            return ""
        if self.with_neighbours and self.neighbours is None:
            train = self.session.split("train")
            return f"training images {say.count(self.sought)} of {say.count(len(train or ()))}"
        if self.method is None:
            return "o why  n nearest  i note"
        name = self.report.classes[chosen.label if self.for_truth else chosen.predicted]
        computing = "..." if self.heat is None else ""
        return f"{self.method} for {name}{computing}  o O"

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
        flagged = any(
            m.index in self._errors or self.note_of(m.index).says_something for m in mistakes
        )
        columns = [
            Column("#", "right"),
            Column("true"),
            Column("predicted", stretch=True),
            Column("conf", "right"),
            Column("loss", "right", keep=50),
        ]
        rows: list[list[str | Cell]] = [
            [
                str(m.index),
                names[m.label],
                names[m.predicted],
                say.probability(m.confidence),
                say.number(m.loss, 2),
            ]
            for m in mistakes
        ]
        if flagged:
            columns.insert(1, Column(""))
            for m, row in zip(mistakes, rows, strict=True):
                row.insert(1, Cell(self._flags(m.index), session.palette.warn, True))
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

    def _flags(self, index: int) -> str:
        """``!`` a wrong label, ``*`` marked, ``"`` a note."""
        noted = self.note_of(index)
        signs = (("!", index in self._errors), ("*", noted.marked), ('"', bool(noted.text)))
        return "".join(sign for sign, there in signs if there)

    def _draw_mistake(self, mistake: Mistake | None, width: int, height: int) -> Grid:
        session, test = self.session, self.session.split("test")
        if mistake is None or self.report is None:
            return Grid.blank(width, height)
        there = test is not None and mistake.index < len(test)
        palette, noted = session.palette, self.note_of(mistake.index)
        lines = [(self.why_problem, palette.bad)] if self.why_problem else []
        if mistake.index in self._errors:
            words = label_error_words(self._errors[mistake.index], self.report.classes)
            lines.append((words, palette.warn))
        if noted.says_something:
            lines.append((f"{'* ' * noted.marked}{noted.text}", palette.accent))
        known = Finding(
            mistake,
            self.report.classes,
            test.images[mistake.index] if test is not None and there else None,
            self.heat if self.method is not None else None,
            self.neighbours if self.with_neighbours else None,
            session.split("train"),
            lines,
        )
        return finding(known, width, height, session.terminal, palette)

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

    def _change_notes(self, notes: Notes) -> None:
        """Keep them in the run, or say why that cannot be."""
        try:
            notes.save()
        except CnnError as error:
            self.application.say(str(error), "error")
            return
        self._notes = notes
        self.draw()

    def _noted(self) -> tuple[Notes, Mistake] | None:
        """The notes, and the mistake under the cursor."""
        shown = self.mistakes()
        if self._notes is None or not shown:
            return None
        return self._notes, shown[self._position(shown)]

    def action_mark(self) -> None:
        """Mark this image, or take the mark away."""
        found = self._noted()
        if found is not None:
            self._change_notes(found[0].mark(found[1].index))

    def action_note(self) -> None:
        """Write a note on this image."""
        found = self._noted()
        if found is not None:
            line = self.query_one(NoteLine)
            line.value = line.before = found[0][found[1].index].text
            line.add_class("-open")
            line.focus()
            line.action_end()

    @on(Input.Submitted, "#note")
    def _note_typed(self, event: Input.Submitted) -> None:
        event.stop()
        found = self._noted()
        if found is not None and found[0][found[1].index].text != event.value:
            self._change_notes(found[0].write(found[1].index, event.value))
        event.input.remove_class("-open")
        self.query_one("#mistakes-list").focus()

    def action_csv(self) -> None:
        """Write the list into the run's exports, as it is filtered and sorted."""
        shown = self.mistakes()
        if self.report is None or self.session.run is None or not shown:
            self.say("There are no mistakes to write.")
            return
        text = as_csv(shown, self.report.classes, self.note_of, self._errors)
        try:
            path = export_mistakes(self.session.run, text)
        except CnnError as error:
            self.application.say(str(error), "error")
            return
        self.application.copy_to_clipboard(str(path))
        self.application.say(f"{say.plural(len(shown), 'mistake')} in {path}")

    def go_back(self) -> bool:
        """Escape ends what is asked about the image, then clears the filter."""
        if self.stop_asking():
            self.draw()
            return True
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
