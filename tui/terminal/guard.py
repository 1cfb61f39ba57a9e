"""The check before Textual is imported: is there a terminal, and can it show an app?

Without one Textual would write escapes into a file, spin on a closed standard input, or draw on a
terminal that cannot move its cursor. So this is said in one line, with what to do, and exit code 2.
Textual reads its TEXTUAL_* variables when it is imported; they are set here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from typing import NoReturn, TextIO

from tui.terminal.abilities import Terminal, ask

NO_TERMINAL = 2
"""The exit code."""

COLOUR_SYSTEMS = {0: "standard", 16: "standard", 256: "256", 16777216: "truecolor"}


def require_terminal() -> Terminal:
    """The terminal's abilities, with Textual's environment set; exit with 2 where there is none."""
    terminal = ask()
    problem = trouble(terminal, sys.__stdin__, sys.__stderr__)
    if problem:
        _refuse(problem)
    prepare(os.environ, terminal)
    return terminal


def trouble(terminal: Terminal, stdin: TextIO | None, stderr: TextIO | None) -> str:
    """What keeps the app from running here; empty when nothing does.

    Textual reads the standard input and writes to the standard error stream; the standard output
    may well be a pipe.
    """
    for stream, name in ((stdin, "input"), (stderr, "error stream")):
        if stream is None or stream.closed or not stream.isatty():
            return f"the standard {name} is no terminal"
    if terminal.name in ("", "dumb", "unknown"):
        return f"TERM is {terminal.name or 'not set'}, a terminal that cannot move its cursor"
    return ""


def prepare(environ: MutableMapping[str, str], terminal: Terminal) -> None:
    """Set the defaults that Textual reads: no animations, fewer frames over SSH, these colours.

    A line that cannot take so many frames is not sent them (`tui.terminal.flow`).
    """
    environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    environ.setdefault("TEXTUAL_FPS", "30" if terminal.ssh else "60")
    environ["TEXTUAL_COLOR_SYSTEM"] = COLOUR_SYSTEMS[terminal.colours]


def _refuse(problem: str) -> NoReturn:
    print(
        f"cnn-tui: the app needs a terminal, but {problem}. Over SSH use `ssh -t HOST cnn-tui`; "
        "without a terminal use `cnn-tui train`.",
        file=sys.stderr,
        flush=True,
    )
    raise SystemExit(NO_TERMINAL)
