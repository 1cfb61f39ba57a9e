"""Where the program's own defects are noted: the screen shows a line, a file the whole story."""

from __future__ import annotations

import contextlib
import time
import traceback
from pathlib import Path

from platformdirs import user_log_path


def note_defect(error: BaseException, folder: Path | None = None) -> str:
    """Append the traceback to the log and return one line for the screen."""
    told = f"a defect of the program: {type(error).__name__}: {error}"
    path = (folder or user_log_path("cnn-tui")) / "cnn-tui.log"
    with contextlib.suppress(OSError):  # a home that cannot be written must not make it worse
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
            log.writelines(traceback.format_exception(error))
        told += f" (see {path})"
    return " ".join(told.split())
