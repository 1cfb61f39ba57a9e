"""The app: seven panes behind digit keys, one session, one tick.

It wires and owns no arithmetic. Keys come from the table in `tui.commands`; data comes from the
follower's series, looked at on a tick; what happened (a data set was read, a run was launched)
comes as a message from a thread worker. Panes are made when they are first shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.containers import Container
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Input, TextArea

from tui.commands import PANES, Table, command
from tui.keys import bindings, palette_entries
from tui.leaving import Leaving
from tui.panes import Pane, pane_class
from tui.preferences import Preferences
from tui.render.cells import text_width
from tui.render.palette import PALETTES
from tui.screens.export import ExportScreen
from tui.screens.help import HelpScreen
from tui.screens.too_small import NEEDED, TooSmallScreen
from tui.session import Session
from tui.settings import Settings
from tui.terminal import Terminal
from tui.themes import THEMES
from tui.widgets.frame import KeyBar, StatusBar, TabBar

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

TICK = 0.25
TICK_OVER_SSH = 0.5
"""Seconds between two looks at the series."""


class CnnTuiApp(Leaving, App[None], inherit_bindings=False):
    """See the module."""

    TITLE = "cnn-tui"
    CSS_PATH: ClassVar = [f"styles/{name}.tcss" for name in ("base", "panes", "train", "dialogs")]
    BINDINGS = bindings()
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-mid"), (140, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-usual"), (40, "-high")]  # noqa: RUF012

    def __init__(
        self,
        terminal: Terminal,
        *,
        data: str,
        architecture: str | None = None,
        runs: Path,
        attach: Run | None = None,
        preferences: Preferences = Preferences(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(ansi_color=True if terminal.colours == 0 else None)
        settings = Settings(data=data)
        if architecture is not None:
            settings = replace(settings, architecture=architecture)
        if preferences.glyphs != "auto":
            terminal = terminal.with_glyphs("half" if preferences.glyphs == "half" else "ascii")
        self.session = Session(terminal, settings, runs)
        self.session.commands = preferences.commands
        self._tick = 1.0 / preferences.refresh if preferences.refresh is not None else None
        self._first_run = attach
        self._panes: dict[str, Pane] = {}
        self._current = ""
        self._drawn: dict[str, int] = {}  # pane -> the session's version that it shows
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = f"cnn-{preferences.theme}"
        self.session.palette = PALETTES[self.theme]
        self.set_class(not terminal.unicode, "-ascii")

    # The frame

    def compose(self) -> ComposeResult:
        """Tabs, the pane, a status line, the keys."""
        yield TabBar(self.session, id="tabs")
        yield Container(id="panes")
        yield StatusBar(self.session, id="status")
        yield KeyBar(self.session, id="keys")

    async def on_mount(self) -> None:
        """Show the first pane, follow the run, read the data, start ticking."""
        if self._first_run is not None:
            await self.action_show_pane("train")
            self.show_run(self._first_run)
        else:
            await self.action_show_pane(PANES[0][0])
            self.read_dataset(self.session.settings.data)
        usual = TICK_OVER_SSH if self.session.terminal.ssh else TICK
        self.set_interval(self._tick or usual, self.tick)
        self._check_size(self.size)

    def on_unmount(self) -> None:
        """Stop following; a run goes on."""
        self.session.close_all()

    def tick(self) -> None:
        """Let the visible pane draw what changed."""
        self.reap()
        if not self.screen_stack:  # the app is being left: a last tick came too late
            return
        tabs = self.main.query_one_optional(TabBar)
        status = self.main.query_one_optional(StatusBar)
        if tabs is None or status is None:  # the app is being left: the widgets are gone first
            return
        tabs.draw_tabs(self._current)
        status.draw_status()
        pane = self.current_pane
        version = self.session.version
        if pane is not None and pane.is_mounted and self._drawn.get(self._current) != version:
            self._drawn[self._current] = version
            pane.show_session(self.session)

    @property
    def main(self) -> Screen[object]:
        """The screen below all dialogs."""
        return self.screen_stack[0]

    @property
    def current_pane(self) -> Pane | None:
        """The pane that is shown."""
        return self._panes.get(self._current)

    def say(self, text: str, severity: str = "information") -> None:
        """Put a line into the status line for a while; a long one is shown in full above it."""
        self.main.query_one(StatusBar).say(text, severity)
        if severity != "information" and text_width(text) > self.size.width - 6:
            self.notify(text, severity="error", timeout=12, markup=False)

    def redraw_all(self) -> None:
        """Let every pane draw anew when it is next seen: theme or glyphs changed."""
        self._drawn.clear()
        self.session.touch()
        self.tick()
        self.main.query_one(KeyBar).draw_keys(self._current)

    # Panes

    async def action_show_pane(self, name: str) -> None:
        """Show a pane, making it if it was never seen."""
        if name == self._current:
            return
        before = self.current_pane
        pane = self._panes.get(name)
        if pane is None:
            pane = self._panes[name] = pane_class(name)(self.session)
            pane.display = False
            await self.main.query_one("#panes", Container).mount(pane)
        self.main.set_focus(None)
        self._current = name
        with self.batch_update():
            if before is not None:
                before.display = False
            pane.display = True
        self._drawn.pop(name, None)
        self.main.query_one(KeyBar).draw_keys(name)
        self.tick()
        if pane.first_focus:
            pane.query_one(pane.first_focus).focus()

    def action_in_pane(self, command_id: str) -> None:
        """Carry out a command of the visible pane."""
        pane = self.current_pane
        if pane is not None:
            self.call_later(pane.run_action, command(command_id).action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command of a pane works while that pane is shown and no dialog is open."""
        if action == "in_pane":
            here = command(str(parameters[0])).pane == self._current
            return here and len(self.screen_stack) == 1
        return True

    # Textual's screens bind Tab and Shift+Tab to these two.

    def action_focus_next(self) -> None:
        """Focus the next widget of the pane; after the last one, show the next pane."""
        self.call_later(self._focus_part, 1)

    def action_focus_previous(self) -> None:
        """Focus the previous widget of the pane; before the first one, show the previous pane."""
        self.call_later(self._focus_part, -1)

    async def _focus_part(self, step: int) -> None:
        if len(self.screen_stack) > 1:  # within a dialog
            (self.screen.focus_next if step > 0 else self.screen.focus_previous)()
            return
        chain = self.main.focus_chain
        focused = self.main.focused
        at = (
            chain.index(focused) + step if focused in chain else (0 if step > 0 else len(chain) - 1)
        )
        if 0 <= at < len(chain):
            self.main.set_focus(chain[at])
            return
        names = [name for name, _ in PANES]
        await self.action_show_pane(names[(names.index(self._current) + step) % len(names)])
        self.main.set_focus(None)
        chain = self.main.focus_chain
        if chain:
            self.main.set_focus(chain[0 if step > 0 else -1])

    # Everywhere

    async def action_back(self) -> None:
        """Leave the focused field or what the pane has open; letters are commands again."""
        pane, focused = self.current_pane, self.main.focused
        if isinstance(focused, TextArea | Input) or pane is None or not pane.go_back():
            self.main.set_focus(None)

    def action_glyphs(self) -> None:
        """Half blocks or ASCII."""
        terminal = self.session.terminal
        self.session.terminal = terminal.with_glyphs("half" if terminal.plain else "ascii")
        self.say(f"drawing in {'half blocks' if terminal.plain else 'ASCII'}")
        self.set_class(not self.session.terminal.unicode, "-ascii")
        self.redraw_all()

    def action_theme(self) -> None:
        """The next of the themes."""
        names = list(PALETTES)
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        self.say(f"theme: {self.theme.removeprefix('cnn-')}")

    def watch_theme(self, name: str) -> None:
        """Renderers use the palette of the theme."""
        if name in PALETTES and self.is_running:
            self.session.palette = PALETTES[name]
            self.call_after_refresh(self.redraw_all)

    def action_redraw(self) -> None:
        """Paint everything again, after something else wrote on the terminal."""
        self.screen.refresh(repaint=True, layout=True)

    def action_help(self) -> None:
        """What the keys do here."""
        self.push_screen(HelpScreen(self._current, self.session.terminal, self.session.commands))

    def action_export(self) -> None:
        """Write figures of the current run."""
        if self.session.run is None:
            self.say("no run to export: start one (3, r) or choose one (7)", "warning")
        else:
            self.push_screen(ExportScreen(self.session.run))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command of the table stands in the palette."""
        yield from palette_entries(self.run_command)

    async def run_command(self, command_id: str) -> None:
        """Carry a command out from anywhere, going to its pane first."""
        entry = command(command_id)
        if entry.pane is None:
            await self.run_action(entry.action)
        else:
            await self.action_show_pane(entry.pane)
            self.action_in_pane(command_id)

    # Size

    def on_resize(self, event: Resize) -> None:
        """Say so when the terminal is too small."""
        self._check_size(event.size)

    def _check_size(self, size: Size) -> None:
        small = size.width < NEEDED[0] or size.height < NEEDED[1]
        shown = isinstance(self.screen, TooSmallScreen)
        if small and not shown:
            self.push_screen(TooSmallScreen())
        elif shown and not small:
            self.pop_screen()


def app_with(table: Table) -> type[CnnTuiApp]:
    """The app bound to the keys of this table."""

    class Bound(CnnTuiApp, inherit_bindings=False):
        BINDINGS = bindings(table)

    return Bound
