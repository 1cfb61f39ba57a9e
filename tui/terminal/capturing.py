"""The screen as a file: plain text, text with its colours, or a drawing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment, Segments
from textual.screen import Screen
from textual.strip import Strip

from tui.terminal.looks import PLAIN, change, look_of


def strips_of(screen: Screen[object]) -> list[Strip]:
    """The rows of a screen; it need not be the one on top."""
    return screen._compositor.render_strips()


def as_text(strips: Sequence[Strip]) -> str:
    """The characters alone."""
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


def as_ansi(strips: Sequence[Strip], colours: ColorSystem = ColorSystem.TRUECOLOR) -> str:
    """The characters with the escapes of their colours: `cat` shows the screen again."""
    out: list[str] = []
    for strip in strips:
        look = PLAIN
        for segment in strip:
            wanted = look_of(segment.style, colours)
            out += [change(look, wanted), segment.text]
            look = wanted
        out += [change(look, PLAIN), "\n"]
    return "".join(out)


def as_svg(strips: Sequence[Strip], title: str) -> str:
    """A drawing of the terminal."""
    width = max((strip.cell_length for strip in strips), default=1)
    console = Console(
        width=width,
        height=len(strips),
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        safe_box=False,
    )
    rows = [[*strip, Segment.line()] for strip in strips]
    console.print(Segments([segment for row in rows for segment in row]), end="")
    return console.export_svg(title=title)


def capture(screen: Screen[object], folder: Path, name: str) -> list[Path]:
    """Write the screen in every form into a folder.

    Raises:
        OSError: the folder cannot be written.
    """
    strips = strips_of(screen)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, text in (
        ("txt", as_text(strips)),
        ("ansi", as_ansi(strips)),
        ("svg", as_svg(strips, f"cnn-tui: {name}")),
    ):
        written.append(folder / f"{name}.{kind}")
        written[-1].write_text(text, encoding="utf-8")
    return written
