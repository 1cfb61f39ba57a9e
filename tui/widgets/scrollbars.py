"""Scroll bars without the eighths of blocks, for terminals that show ASCII alone."""

from __future__ import annotations

from textual.scrollbar import ScrollBar, ScrollBarRender


class WholeCells(ScrollBarRender):
    """Textual's bar, which begins and ends with a cell."""

    VERTICAL_BARS = [" "] * 8
    HORIZONTAL_BARS = [" "] * 8


def draw_bars(*, unicode: bool) -> None:
    """Draw all scroll bars with parts of cells, or with whole cells alone."""
    ScrollBar.renderer = ScrollBarRender if unicode else WholeCells
