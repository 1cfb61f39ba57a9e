"""What all dialogs are: a screen over the one that is shown, which stays to be seen around it.

Textual draws the screen below anew for each painting of a dialog, through Rich, segment by segment;
here its lines are taken as they are.
"""

from __future__ import annotations

from rich.console import RenderableType
from textual.css.styles import RulesMap
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual


class Below(Visual):
    """The lines of another screen."""

    def __init__(self, screen: Screen[object]) -> None:
        self._screen = screen

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        """As they are now."""
        return self._screen._compositor.render_strips()[:height]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """All there is."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        """All of it."""
        return self._screen.size.height


class Dialog(ModalScreen[ScreenResultType]):
    """A dialog on a transparent ground."""

    def render(self) -> RenderableType | Visual:  # type: ignore[override]  # it may be a Visual
        """The screen below."""
        below = super().render()
        return Below(below.screen) if isinstance(below, BackgroundScreen) else below
