"""Start a training in a process of its own that no terminal can take down with it.

`subprocess` and not `multiprocessing`: the latter cannot start a process from within a running
Textual app. The process has its own session, so a hang-up of the terminal does not reach it, and
what it prints goes to the run's trainer.log.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run


def one_thread_each(environment: MutableMapping[str, str]) -> None:
    """Ask every BLAS for one thread; to be said before NumPy is imported.

    The products of a small network are too thin to be worth sharing: one thread a process is
    about twice as fast as two. Whoever has set one of these variables is obeyed.
    """
    for name in (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ):
        environment.setdefault(name, "1")


def launch(run: Run, ranks: int = 0) -> subprocess.Popen[bytes]:
    """Start the trainer of a run, or resume it; returns at once.

    Args:
        run: its directory.
        ranks: processes that share the training; 0: as many as the run says.

    Raises:
        OSError: the process could not be started.
    """
    from cnnlib.runs.files import open_regular

    environment = dict(os.environ)
    one_thread_each(environment)
    environment["PYTHONUNBUFFERED"] = "1"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    with open(open_regular(run.log_path, flags), "ab") as log:  # for its owner only
        return subprocess.Popen(
            [sys.executable, "-m", "tui.experiment", str(run.path.resolve()), str(ranks)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
