"""An exception, told as one line and an exit code.

Nothing that a user does ends in a traceback. What is a defect of the program itself says so, and
shows its traceback where CNN_TUI_DEBUG is set.
"""

from __future__ import annotations

import os
import sys
import traceback

import typer

from tui.cli.mistyped import describe

DONE = 0
FAILED = 1
WRONG_WORDS = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count


def exit_code_of(error: BaseException) -> int | None:
    """Print the line that the error deserves and return its exit code; None for SystemExit."""
    match error:
        case SystemExit():
            return None
        case typer.Exit():
            return error.exit_code
        case typer.TyperException():
            return say(describe(error), error.exit_code)
        case KeyboardInterrupt() | typer.Abort():
            return INTERRUPTED
        case BrokenPipeError():
            # The reader has left, such as `head`: nothing more can be said on this stream.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        case OSError():
            return say(_of_the_system(error))
        case MemoryError():
            return say(f"not enough memory: {error}" if str(error) else "not enough memory")
    return _of_ours(error)


def say(message: str, code: int = FAILED) -> int:
    """Print one line on the standard error stream and return the exit code."""
    from tui.cli.launched import speaks

    if speaks():
        print("cnn-tui: " + " ".join(message.split()), file=sys.stderr, flush=True)
    return code


def _of_the_system(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _of_ours(error: BaseException) -> int:
    """An error of the library or of the data, or a defect."""
    from cnnlib.errors import CnnError, SpecificationError
    from data.errors import DataError

    if isinstance(error, SpecificationError):
        return say(str(error), WRONG_WORDS)
    if isinstance(error, CnnError):
        return say(str(error))
    if isinstance(error, DataError):
        return say(str(error), error.exit_code)
    if os.environ.get("CNN_TUI_DEBUG"):
        traceback.print_exception(error)
        return FAILED
    return say(
        f"a defect of the program: {type(error).__name__}: {error}. "
        "CNN_TUI_DEBUG=1 shows where; please report it."
    )
