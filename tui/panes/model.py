"""Model: the network as text, and beside it what every line makes of the image."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import TextArea

from cnnlib.architectures import fitted
from tui.panes.editing import Checked, EditingPane
from tui.render import format as say
from tui.render.cells import Grid
from tui.render.network import choice_list, layer_table, problem_list, remarks
from tui.render.number_tables import Sheet
from tui.session import Session
from tui.widgets.cellgrid import CellGrid
from tui.widgets.editor import Editor

QUIET_SECONDS = 0.15
"""How long the keys rest before the text is checked."""


class ModelPane(EditingPane):
    """The editor on the left; shapes, sizes and what is wrong on the right."""

    pane_name = "model"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._timer: Timer | None = None
        self._first = 0
        self._palette = session.palette

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="model-left"):
                yield Editor(self.session.settings.architecture, id="architecture", classes="part")
            with Vertical():
                yield CellGrid(id="layers", classes="part")
                yield CellGrid(id="diagnostics", classes="part")

    def on_mount(self) -> None:
        """The editor takes its colours from the session."""
        self.editor.palette = lambda: self.session.palette

    # What is shown

    def show_session(self, session: Session) -> None:
        """Take over a network that was applied elsewhere, and draw."""
        if session.dataset is not None:  # a known network learns how many classes there are
            text = fitted(session.settings.architecture, len(session.dataset.classes))
            if text != session.settings.architecture:
                session.edit(replace(session.settings, architecture=text))
        applied = session.settings.architecture
        if applied != self.applied:
            if self.applied is None or self.editor.text == self.applied:
                self.editor.text = applied
            self.applied = applied
        self.draw()

    def draw(self) -> None:
        """Check the text and draw what it makes."""
        checked = self.check()
        editor = self.editor
        editor.mark_wrong({problem.line - 1 for problem in checked.found.diagnostics})
        if self._palette is not self.session.palette:
            self._palette = self.session.palette
            editor.repaint()
        editor.border_title = "network, one layer a line"
        changed = editor.text != self.session.settings.architecture
        if editor.has_focus:
            editor.border_subtitle = "Tab completes  Esc leaves  F2 applies"
        else:
            editor.border_subtitle = "changed: F2 applies" if changed else "applied"
        layers = self.query_one("#layers", CellGrid)
        layers.border_title = f"on images of {say.shape(checked.input_shape)}"
        layers.draw(self._draw_layers)
        problems = self.query_one("#diagnostics", CellGrid)
        self.set_class(editor.has_focus or bool(checked.found.diagnostics), "-telling")
        choosing = editor.has_focus and bool(editor.completion[0].choices)
        problems.border_title = "Tab completes" if choosing else self._verdict(checked)
        problems.draw(self._draw_choices if choosing else self._draw_problems)

    def _verdict(self, checked: Checked) -> str:
        found = checked.found
        if found.ok:
            sign = "✓ " if self.session.terminal.unicode else ""
            return f"{sign}the shapes fit"
        return say.plural(len(found.diagnostics), "thing is", "things are") + " wrong"

    def _sheet(self, width: int, height: int) -> Sheet:
        return Sheet(width, height, self.session.terminal, self.session.palette)

    def _draw_layers(self, width: int, height: int) -> Grid:
        here = self.editor.cursor_location[0] + 1
        found = self.check().found
        grid, self._first = layer_table(found, here, self._first, self._sheet(width, height))
        return grid

    def _draw_problems(self, width: int, height: int) -> Grid:
        found, sheet = self.check().found, self._sheet(width, height)
        if found.diagnostics:
            return problem_list(found, sheet)
        changed = self.text != self.session.settings.architecture
        words = (
            "F2 makes this the network of the next run."
            if changed
            else "The next run trains this network: 3, then r. i edits it."
        )
        return remarks([words, self.about_time()], sheet)

    def _draw_choices(self, width: int, height: int) -> Grid:
        completion, at = self.editor.completion
        return choice_list(completion.choices, at, self._sheet(width, height))

    # What happens

    @on(TextArea.Changed)
    def _typed(self) -> None:
        """Check when the keys rest."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(QUIET_SECONDS, self.draw)

    @on(TextArea.SelectionChanged)
    def _moved(self) -> None:
        """The row of the cursor's line is brighter, and Tab completes something else."""
        if self._checked is not None and self._checked.text == self.editor.text:
            self.draw()

    def on_descendant_focus(self) -> None:
        """The title says what the keys do now."""
        self.draw()

    def on_descendant_blur(self) -> None:
        """The title says what the keys do now."""
        self.draw()
