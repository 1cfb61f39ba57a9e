"""What a pane shares that keeps notes on images: marks, words, tags, and which labels are wrong.

Notes stand in the directory of the run; the wrong labels of MNIST's test images are known.
"""

from __future__ import annotations

from textual import on
from textual.widgets import Input

from cnnlib.errors import CnnError
from cnnlib.explain import CorrectedAccuracy, LabelError, corrected_accuracy, is_mnist_test
from cnnlib.report import Mistake, Report
from tui.inspection.inspector import predicted_by
from tui.mistakes.listing import LABEL_ERRORS, label_error_words
from tui.mistakes.notes import NOTHING, Note, Notes
from tui.panes.lines import TypedLine
from tui.panes.why import WhyPane
from tui.session import Session


class NotingPane(WhyPane):
    """A pane with an image that can be noted, and a line `#note` to type in."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.errors: dict[int, LabelError] = {}
        """The test images whose labels are wrong."""
        self.notes: Notes | None = None
        self._notes_of = ("", "")
        self._corrected: CorrectedAccuracy | None = None
        self._corrected_for: Report | None = None

    def chosen(self) -> Mistake | None:
        """The mistake under the cursor."""
        raise NotImplementedError

    def read_notes(self) -> None:
        """When another run or other data are shown: what was noted, and which labels are wrong."""
        run, dataset = self.session.run, self.session.dataset
        key = (run.id if run else "", dataset.sha256 if dataset else "")
        if key == self._notes_of:
            return
        self._notes_of, self.notes, self.errors = key, None, {}
        if run is None or dataset is None:
            return
        if is_mnist_test(dataset.test.labels):
            self.errors = dict(LABEL_ERRORS)
        try:
            self.notes = Notes.read(run, dataset.sha256)
        except CnnError as error:
            self.application.say(str(error), "warning")

    def corrected(self) -> CorrectedAccuracy | None:
        """The score without the wrong labels, where there are some and all mistakes are known."""
        test = self.session.split("test")
        if self.report is None or test is None or not self.errors:
            return None
        if self.report is not self._corrected_for:
            predicted = predicted_by(self.report, test)
            found = corrected_accuracy(test.labels, predicted) if predicted is not None else None
            self._corrected_for, self._corrected = self.report, found
        return self._corrected

    def note_of(self, index: int) -> Note:
        """What was noted about a test image."""
        return self.notes[index] if self.notes is not None else NOTHING

    def signs(self) -> dict[int, str]:
        """Of the images that have some: ``!`` a wrong label, ``*`` marked, ``"`` a note."""
        found = {}
        for index in {*self.errors, *(self.notes or ())}:
            noted = self.note_of(index)
            signs = (("!", index in self.errors), ("*", noted.marked), ('"', bool(noted.text)))
            found[index] = "".join(sign for sign, there in signs if there)
        return found

    def note_lines(self, index: int, classes: tuple[str, ...]) -> list[tuple[str, int]]:
        """What is known and noted about an image in words, each line with its colour."""
        palette, noted = self.session.palette, self.note_of(index)
        lines = []
        if index in self.errors:
            lines.append((label_error_words(self.errors[index], classes), palette.warn))
        if noted.says_something:
            lines.append((f"{'* ' * noted.marked}{noted.text}", palette.accent))
        return lines

    def _change(self, notes: Notes) -> None:
        """Keep them in the run, or say why that cannot be."""
        try:
            notes.save()
        except CnnError as error:
            self.application.say(str(error), "error")
            return
        self.notes = notes
        self.draw()

    def action_mark(self) -> None:
        """Mark this image, or take the mark away."""
        chosen = self.chosen()
        if self.notes is not None and chosen is not None:
            self._change(self.notes.mark(chosen.index))

    def action_note(self) -> None:
        """Write a note on this image."""
        chosen = self.chosen()
        if self.notes is not None and chosen is not None:
            line = self.query_one("#note", TypedLine)
            line.on_escape = self.notes[chosen.index].text
            line.open_with(line.on_escape)

    @on(Input.Submitted, "#note")
    def _note_typed(self, event: Input.Submitted) -> None:
        event.stop()
        chosen = self.chosen()
        if self.notes is not None and chosen is not None:
            if self.notes[chosen.index].text != event.value:
                self._change(self.notes.write(chosen.index, event.value))
        self.query_one("#note", TypedLine).close()
        self.query_one(self.first_focus).focus()
