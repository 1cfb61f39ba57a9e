"""A process that outlives a trainer which was killed, and says so in the journal.

A launcher of MPI that sees a rank die kills all the others, rank 0 among them, which then can say
nothing. The witness stands in a session of its own, where launchers do not reach, and holds the
end of a pipe: rank 0 either dismisses it, or the pipe is closed by its death. A trainer on this
machine alone needs none: its death is seen by the lock, and there is nobody to explain it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

_DISMISSED = b"."
_PATIENCE = 5.0  # seconds in which the system frees the lock of the dead


class Witness:
    """The end of the pipe that a trainer holds.

    Args:
        run: what it trains.
        size: how many ranks share the training.

    Raises:
        OSError: the process could not be started.
    """

    def __init__(self, run: Run, size: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tui.experiment.witness", str(run.path.resolve()), str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # the launcher waits for all who could write to it
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """The trainer has said itself how it ended."""
        self._process.communicate(_DISMISSED)


def testify(run: Run, size: int) -> None:
    """Say that the trainer was killed, unless the journal tells an end.

    Raises:
        RunError: the run cannot be written, or a trainer has it.
    """
    from cnnlib.events import RunEnded
    from cnnlib.runs.history import RunHistory
    from cnnlib.runs.journal import JournalWriter
    from cnnlib.runs.lock import RunLock

    with RunLock(run):
        state = RunHistory.read(run).state
        if state.ended:
            return
        ended = RunEnded(
            epoch=state.epoch,
            step=state.step,
            reason="failed",
            best_epoch=state.best_epoch,
            best_accuracy=state.best_accuracy,
            test_loss=None,
            test_accuracy=None,
            message=f"rank 0 of {size} was killed, as launchers do with all ranks when one of them "
            "dies; resume it from its last checkpoint, on any number of ranks",
        )
        with JournalWriter(run.journal_path) as journal:
            journal.append(ended)


def main(words: list[str]) -> int:
    """Wait for the trainer to dismiss this process or to die."""
    if sys.stdin.buffer.read():
        return 0
    from pathlib import Path

    from cnnlib.errors import RunError
    from cnnlib.runs.directory import Run

    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            testify(Run(Path(words[0])), int(words[1]))
            return 0
        except RunError:
            if time.monotonic() > deadline:
                return 1
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
