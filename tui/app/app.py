"""The app: seven panes behind digit keys, one session, one tick.

It wires and owns no arithmetic. Keys come from the table in `tui.keys.commands`; data comes from
the follower's series, looked at on a tick; what happened (a data set was read, a run was launched)
comes as a message from a thread worker. Its parts are mixins: beside it `navigation` (the panes),
`reading` (data), `starting` (trainers) and `leaving`; in `tui.terminal` `typeahead` (keys) and
`flow` (slow lines).
"""

from __future__ import annotations

import gc
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Input, TextArea

from tui.app.leaving import Leaving
from tui.app.navigation import Navigation
from tui.app.reading import Reading
from tui.app.themes import THEMES
from tui.keys.bindings import bindings
from tui.keys.commands import PANES, Table
from tui.render.cells import text_width
from tui.render.palette import PALETTES
from tui.screens.export import ExportScreen
from tui.screens.help import HelpScreen
from tui.screens.palette import PaletteScreen
from tui.screens.too_small import NEEDED, TooSmallScreen
from tui.session import Session
from tui.settings.preferences import Preferences
from tui.settings.training import Settings
from tui.terminal.abilities import Terminal
from tui.terminal.flow import FlowControl
from tui.terminal.typeahead import TypeAhead
from tui.widgets.frame import KeyBar, StatusBar, TabBar
from tui.widgets.scrollbars import draw_bars

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

TICK = 0.25
TICK_OVER_SSH = 0.5
"""Seconds between two looks at the series."""
GARBAGE = (20_000, 20, 50)
"""Thresholds of Python's collector: a frame makes some ten thousand small objects."""
AFTER_FIRST_PAINT = 0.5
"""Seconds until the data of an attached run is read: its charts need none."""


class CnnTuiApp(Navigation, Leaving, Reading, TypeAhead, FlowControl, inherit_bindings=False):
    """See the module."""

    TITLE = "cnn-tui"
    CSS_PATH: ClassVar = [
        f"../styles/{name}.tcss" for name in ("base", "panes", "train", "dialogs")
    ]
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
        self._told = ""
        self._first_run = attach
        self._usual_garbage: tuple[int, int, int] | None = None
        self._drawn: dict[str, int] = {}  # pane -> the session's version that it shows
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = f"cnn-{preferences.theme}"
        self.session.palette = PALETTES[self.theme]
        self._fit_glyphs()

    # The frame

    def compose(self) -> ComposeResult:
        """Tabs, the pane, a status line, the keys."""
        yield TabBar(self.session, id="tabs")
        yield Container(id="panes")
        yield StatusBar(self.session, self.link, id="status")
        yield KeyBar(self.session, id="keys")

    async def on_mount(self) -> None:
        """Show the first pane, follow the run, read the data, start ticking."""
        if self._first_run is not None:
            if self.session.run is None:
                self.session.open_run(self._first_run)
            await self.action_show_pane("train")
            self.set_timer(AFTER_FIRST_PAINT, partial(self.read_data_of, self._first_run))
        else:
            await self.action_show_pane(PANES[0][0])
            self.read_dataset(self.session.settings.data)
        usual = TICK_OVER_SSH if self.session.terminal.ssh else TICK
        self.set_interval(self._tick or usual, self._look)
        self._check_size(self.size)
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())
        gc.freeze()  # modules and style sheets stay: no key waits for their collection
        self._usual_garbage = gc.get_threshold()
        gc.set_threshold(*GARBAGE)

    def on_unmount(self) -> None:
        """Stop following; a run goes on. Python collects as it did before."""
        self.forget_keys()
        self.session.close_all()
        if self._usual_garbage is not None:
            gc.set_threshold(*self._usual_garbage)
            gc.unfreeze()

    def _look(self) -> None:
        """A tick of the clock: on a line that is behind, what a key asks for comes first."""
        self.reap()
        self.tell_answer()
        if self.line_is_idle:
            self.tick()
        else:
            self.ask_again()

    def tick(self) -> None:
        """Let the visible pane draw what changed."""
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
            self.call_after_refresh(self.session.drawn)

    def pane_shown(self, name: str) -> None:
        """Draw the keys of the pane that is shown now, and the pane."""
        self._drawn.pop(name, None)
        self.main.query_one(KeyBar).draw_keys(name)
        self.tick()

    def say(self, text: str, severity: str = "information") -> None:
        """Put a line into the status line for a while; a long one is shown in full above it."""
        self._told = text
        self.main.query_one(StatusBar).say(text, severity)
        if severity != "information" and text_width(text) > self.size.width - 6:
            self.notify(text, severity="error", timeout=12, markup=False)

    def unsay(self, *beginnings: str) -> None:
        """Take back what was said last, if it begins so: it is true no longer."""
        if self._told.startswith(beginnings):
            self.say("")

    def redraw_all(self) -> None:
        """Let every pane draw anew when it is next seen: theme or glyphs changed."""
        self._drawn.clear()
        self.session.touch()
        self.tick()
        self.main.query_one(KeyBar).draw_keys(self._current)

    # Everywhere

    async def action_back(self) -> None:
        """Leave the focused field or what the pane has open; letters are commands again.

        A message that lies over the pane goes too.
        """
        self.clear_notifications()
        pane, focused = self.current_pane, self.main.focused
        if isinstance(focused, TextArea | Input) or pane is None or not pane.go_back():
            self.main.set_focus(None)

    def action_glyphs(self) -> None:
        """Half blocks or ASCII."""
        terminal = self.session.terminal
        self.session.terminal = terminal.with_glyphs("half" if terminal.plain else "ascii")
        self.say(f"drawing in {'half blocks' if terminal.plain else 'ASCII'}")
        self._fit_glyphs()
        self.redraw_all()

    def _fit_glyphs(self) -> None:
        unicode = self.session.terminal.unicode
        self.set_class(not unicode, "-ascii")
        draw_bars(unicode=unicode)
        self.shadow.ascii_only = not self.session.terminal.utf8

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
        self.shadow.forget()
        self.screen.refresh(repaint=True, layout=True)

    def action_help(self) -> None:
        """What the keys do here."""
        trip = self.link.label()
        self.push_screen(
            HelpScreen(
                self._current,
                self.session.terminal,
                self.session.commands,
                f"link {trip}" if trip else "",
            )
        )

    def action_export(self) -> None:
        """Write figures of the current run, or the screen."""
        if not isinstance(self.screen, ExportScreen):
            self.push_screen(ExportScreen(self.session.run, self.screen, self._current))

    def action_command_palette(self) -> None:
        """Every command of the table by its name."""

        async def carry_out(command_id: str | None) -> None:
            if command_id is not None:
                await self.run_command(command_id)

        if not isinstance(self.screen, PaletteScreen):
            self.push_screen(PaletteScreen(self.session.commands, self._current), carry_out)

    # Size

    def on_resize(self, event: Resize) -> None:
        """Say so when the terminal is too small; what it shows now, nobody knows."""
        self.shadow.forget()
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
