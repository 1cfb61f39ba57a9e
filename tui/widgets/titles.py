"""Titles in frames that repaint nothing when they are set to what they are.

Textual refreshes a whole widget whenever one of its border titles is set; panes set them on every
tick. They are plain text: the brackets in a key or in a name are no markup.
"""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class _QuietTitle:
    def __init__(self, name: str) -> None:
        self._title = Widget.__dict__[name]
        self._kept = f"_kept_{name}"

    def __get__(self, widget: Widget | None, owner: type) -> str | None:
        return None if widget is None else getattr(widget, self._kept, None)

    def __set__(self, widget: Widget, title: str | None) -> None:
        if title != getattr(widget, self._kept, None):
            setattr(widget, self._kept, title)
            self._title.__set__(widget, None if title is None else Content(title))


class QuietTitles:
    """Mix this in before the widget's class."""

    border_title = _QuietTitle("border_title")
    border_subtitle = _QuietTitle("border_subtitle")
