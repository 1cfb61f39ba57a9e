"""Model: the network as text, and beside it what every line makes of the image."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import TextArea

from cnnlib.architectures import ARCHITECTURES, fitted, for_classes
from cnnlib.checking import Check, check
from tui.panes.network_tools import NetworkTools
from tui.render import format as say
from tui.render.cells import Grid
from tui.render.tables import Cell, Column, note, table, window, wrap
from tui.screens.choose import ChooseScreen
from tui.session import Session
from tui.widgets.cellgrid import CellGrid
from tui.widgets.editor import Editor

QUIET_SECONDS = 0.15
"""How long the keys rest before the text is checked."""
NO_DATA = (1, 28, 28)


@dataclass(frozen=True)
class Checked:
    """A text, the images it was checked for, and what was found."""

    text: str
    input_shape: tuple[int, ...]
    classes: int | None
    found: Check


class ModelPane(NetworkTools):
    """The editor on the left; shapes, sizes and what is wrong on the right."""

    pane_name = "model"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._checked: Checked | None = None
        self._applied: str | None = None
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

    @property
    def editor(self) -> Editor:
        """Where the network is typed."""
        return self.query_one(Editor)

    @property
    def text(self) -> str:
        """The text in the editor."""
        return self.editor.text

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
        if applied != self._applied:
            if self._applied is None or self.editor.text == self._applied:
                self.editor.text = applied
            self._applied = applied
        self.draw()

    def draw(self) -> None:
        """Check the text and draw what it makes."""
        checked = self._check()
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
        choosing = editor.has_focus and bool(editor.completion[0].choices)
        problems.border_title = "Tab completes" if choosing else self._verdict(checked)
        problems.draw(self._draw_choices if choosing else self._draw_problems)

    def _check(self) -> Checked:
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
        return known

    def check_text(self, text: str) -> Check:
        """Check a text for the images of the data set."""
        known = self._check()
        return check(text, known.input_shape, known.classes)

    def _verdict(self, checked: Checked) -> str:
        found = checked.found
        if found.ok:
            sign = "✓ " if self.session.terminal.unicode else ""
            return f"{sign}the shapes fit from end to end"
        return say.plural(len(found.diagnostics), "thing is", "things are") + " wrong"

    def _draw_layers(self, width: int, height: int) -> Grid:
        session = self.session
        checked = self._check()
        found, palette = checked.found, session.palette
        if not found.rows:
            text = "No layer can be followed yet. P chooses a known network."
            return note(text, width, height, fg=palette.muted)
        columns = [
            Column("", "right", keep=60),
            Column("layer", keep=90),
            Column("output"),
            Column("params", "right"),
            Column("mult-adds" if width > 40 else "MACs", "right", keep=80),
        ]
        here = self.editor.cursor_location[0] + 1
        rows: list[list[str | Cell]] = []
        for row in found.rows:
            ink = palette.accent if row.line == here else -1
            shape = say.shape(row.output_shape)
            figures = (say.short_count(row.parameters), say.short_count(row.multiply_adds))
            words = (str(row.line), row.name, shape, *figures)
            rows.append([Cell(word, ink, row.line == here) for word in words])
        last = found.rows[-1]
        total: list[str | Cell] = [
            "",
            "total",
            say.shape(last.output_shape),
            say.short_count(found.parameters),
            say.short_count(found.multiply_adds),
        ]
        at = max((i for i, row in enumerate(found.rows) if row.line <= here), default=0)
        visible = max(height - 2, 1)
        self._first = window(at, self._first, len(rows), visible)
        shown = [*rows[self._first : self._first + visible], total]
        grid = table(columns, shown, width, height, session.terminal, palette=palette)
        bottom = min(len(shown), height - 1)
        grid.fill((0, bottom, width, 1), fg=palette.text)
        grid.bold[bottom, :] = True
        return grid

    def _draw_problems(self, width: int, height: int) -> Grid:
        checked, palette = self._check(), self.session.palette
        grid = Grid.blank(width, height)
        if checked.found.ok and not checked.found.diagnostics:
            changed = self.editor.text != self.session.settings.architecture
            words = (
                "F2 makes this the network of the next run."
                if changed
                else "The next run trains this network: 3, then r. i edits it."
            )
            lines = [*wrap(words, width), *wrap(self.about_time(), width)]
            for y, line in enumerate(lines):
                grid.put(0, y, line, fg=palette.muted)
            return grid
        y = 0
        for problem in checked.found.diagnostics:
            ink = palette.bad if problem.severity == "error" else palette.warn
            for line in wrap(say.plain(str(problem), self.session.terminal), width):
                grid.put(0, y, line, fg=ink)
                y += 1
        return grid

    def _draw_choices(self, width: int, height: int) -> Grid:
        """What Tab would put at the cursor, and what each of it means."""
        completion, at = self.editor.completion
        rows = [(choice.text, choice.about) for choice in completion.choices]
        first = window(max(at, 0), 0, len(rows), height)
        session = self.session
        return table(
            [Column("", keep=100), Column("", stretch=True, keep=90)],
            rows,
            width,
            height,
            session.terminal,
            first=first,
            selected=at,
            palette=session.palette,
            head=False,
        )

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

    def action_edit(self) -> None:
        """Type in the editor."""
        self.editor.focus()

    def action_apply(self) -> None:
        """The next run trains this network."""
        checked = self._check()
        if not checked.found.ok:
            self.draw()
            problem = next(d for d in checked.found.diagnostics if d.severity == "error")
            self.editor.cursor_location = (max(problem.line - 1, 0), 0)
            self.say(str(problem))
            return
        self._applied = checked.text
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
        lines = sorted({max(problem.line - 1, 0) for problem in self._check().found.diagnostics})
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
        found = check(text, self._check().input_shape)
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
