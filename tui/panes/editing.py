"""What the Model pane shares that types a network: the editor, what is found wrong, the presets.

A network is checked as it is typed, and becomes that of the next run when it is applied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual import on

from cnnlib.architectures import ARCHITECTURES, for_classes
from cnnlib.checking import Check, check
from tui.panes.network_files import NetworkFiles
from tui.panes.network_tools import NetworkTools
from tui.render import format as say
from tui.screens.choose import ChooseScreen
from tui.session import Session
from tui.widgets.editor import Editor

NO_DATA = (1, 28, 28)
"""The images for which a network is checked while there are none."""


@dataclass(frozen=True)
class Checked:
    """A text, the images it was checked for, and what was found."""

    text: str
    input_shape: tuple[int, ...]
    classes: int | None
    found: Check


class EditingPane(NetworkTools, NetworkFiles):
    """A pane with an editor."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._checked: Checked | None = None
        self._complaint = ""
        self.applied: str | None = None

    @property
    def editor(self) -> Editor:
        """Where the network is typed."""
        return self.query_one(Editor)

    @property
    def text(self) -> str:
        """The text in the editor."""
        return self.editor.text

    @property
    def unsaved(self) -> str:
        """Whether the text was changed since it was applied."""
        text = self.text if self.is_mounted else self.applied
        if text in (self.applied, self.session.settings.architecture):
            return ""
        return "the editor differs from the applied network: 2, then F2 applies it"

    @on(Editor.NothingToComplete)
    def _nothing_to_complete(self) -> None:
        self.say("nothing to complete here: Esc leaves the editor")

    def check(self) -> Checked:
        """What is found in the text as it is now."""
        dataset, text = self.session.dataset, self.editor.text
        shape = dataset.image_shape if dataset is not None else NO_DATA
        classes = len(dataset.classes) if dataset is not None else None
        known = self._checked
        if known is None or (known.text, known.input_shape, known.classes) != (
            text,
            shape,
            classes,
        ):
            self._checked = known = Checked(text, shape, classes, check(text, shape, classes))
            if self._complaint:  # of a text that has been changed since
                self.application.unsay(self._complaint)
                self._complaint = ""
        return known

    def check_text(self, text: str) -> Check:
        """Check a text for the images of the data set."""
        known = self.check()
        return check(text, known.input_shape, known.classes)

    def action_edit(self) -> None:
        """Type in the editor."""
        self.editor.begin()

    def action_apply(self) -> None:
        """The next run trains this network."""
        checked = self.check()
        if not checked.found.ok:
            self.draw()
            problem = next(d for d in checked.found.diagnostics if d.severity == "error")
            self.editor.cursor_location = (max(problem.line - 1, 0), 0)
            self._complaint = str(problem)
            self.say(self._complaint)
            return
        self.applied = checked.text
        self.session.edit(replace(self.session.settings, architecture=checked.text))
        parameters = say.count(checked.found.parameters)
        self.say(f"applied: {parameters} parameters; 3, then r trains it")
        self.draw()

    def action_undo(self) -> None:
        """Take the last edit back."""
        self.editor.undo()

    def action_redo(self) -> None:
        """Make the edit again that was taken back last."""
        self.editor.redo()

    def action_problem(self) -> None:
        """Go to the next line that is wrong."""
        lines = sorted({max(problem.line - 1, 0) for problem in self.check().found.diagnostics})
        if not lines:
            self.say("nothing is wrong")
            return
        here, _ = self.editor.cursor_location
        self.editor.move_cursor((next((line for line in lines if line > here), lines[0]), 0))

    def action_revert(self) -> None:
        """Back to the network that was applied last."""
        if self.editor.text != self.session.settings.architecture:
            self.take_text(self.session.settings.architecture)
            self.say("back to the network that was applied last")

    def action_preset(self) -> None:
        """Choose one of the known networks."""
        self.application.push_screen(
            ChooseScreen("Networks", {name: self._brief(text) for name, text in self._presets()}),
            self._take_preset,
        )

    def _presets(self) -> list[tuple[str, str]]:
        """The known networks, with as many outputs as the data have classes."""
        dataset = self.session.dataset
        if dataset is None:
            return list(ARCHITECTURES.items())
        classes = len(dataset.classes)
        return [(name, for_classes(text, classes)) for name, text in ARCHITECTURES.items()]

    def _brief(self, text: str) -> str:
        found = check(text, self.check().input_shape)
        parameters, work = say.short_count(found.parameters), say.short_count(found.multiply_adds)
        return f"{len(found.rows)} layers, {parameters} parameters, {work} mult-adds"

    def _take_preset(self, name: str | None) -> None:
        if name is not None:
            self.take_text(dict(self._presets())[name])
            self.say(f"{name}: F2 applies it")

    def take_text(self, text: str) -> None:
        """Another text, as an edit that the editor can undo."""
        editor = self.editor
        editor.replace(text, (0, 0), editor.document.end)
        editor.move_cursor((0, 0))
        self.draw()

    def action_scroll_table(self, step: int) -> None:
        """Move the editor's cursor, and with it the row that is shown."""
        line, _ = self.editor.cursor_location
        last = self.editor.document.line_count - 1
        self.editor.move_cursor((max(0, min(line + step, last)), 0))
