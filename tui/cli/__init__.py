"""The command line. Everything but the app itself works without a terminal and never prompts.

A command is a function that composes settings, experiment, library and data, which are imported
inside it: `cnn-tui --help` loads none of them. Exit codes: 0 done, 1 it failed, 2 the words or the
configuration are wrong; a signal that ended a training gives 128 and its number. An error is one
line on the standard error stream.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import typer

from tui.cli.exits import exit_code_of
from tui.cli.program import program


@cache
def _commands() -> Callable[..., Any]:
    """The table of commands as Typer carries them out; made once: that takes a while."""
    return typer.main.get_command(program)


def main() -> None:
    """Entry point of the `cnn-tui` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    # Where it finds no place of its own for its files, it takes another and need not say so.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        result = _commands()(args=list(arguments), prog_name="cnn-tui", standalone_mode=False)
    except BaseException as error:
        code = exit_code_of(error)
        if code is None:
            raise
        return code
    return result if isinstance(result, int) else 0
