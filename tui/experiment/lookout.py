"""Whether rank 0 is still at work, as the other ranks can see it: by the lock of the run it trains.

A launcher of MPI may leave the others alone when rank 0 is killed, and MPI tells them nothing. Rank
0 says which run it trains, and while the others wait for a word they look at its lock now and then.
On rank 0's own machine the lock is free the moment rank 0 is dead. On another one it is touched
every few seconds, also in a pause; the clocks of two machines are not compared, and silence is
believed only after minutes. Where the run cannot be seen, nothing is concluded.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlib.runs.directory import Run
from cnnlib.runs.lock import owner

if TYPE_CHECKING:
    from cnnlib.ranks import Communicator

SILENCE = 600.0
"""Seconds without a touch: rank 0 may work alone for long, such as reading data from afar."""


def say_which(communicator: Communicator, run: Run) -> None:
    """Rank 0: tell the others which run it trains.

    Raises:
        RankError: a rank has gone.
    """
    communicator.tell({"run": str(run.path.resolve())})


class Lookout:
    """Called, it says whether rank 0 may still be there.

    Args:
        path: of the run, as ``say_which`` told it, which is looked at once now: who dies before
            the first call must have been seen.
    """

    def __init__(self, path: str) -> None:
        self._run = Run(Path(path))
        self._seen = owner(self._run) is not None
        self._touched = 0
        self._changed_at = time.monotonic()

    def __call__(self) -> bool:
        found = owner(self._run)
        if found is None:
            try:
                self._run.lock_path.open("rb").close()
            except OSError:
                return True  # it cannot be seen now: the next look tells
            return not self._seen  # who had it has let go of it, or another process told its end
        self._seen = True
        if found.alive is not None:
            return found.alive
        try:
            touched = self._run.lock_path.stat().st_mtime_ns
        except OSError:
            return True  # gone between the two looks: the next one tells
        if touched != self._touched:
            self._touched, self._changed_at = touched, time.monotonic()
        return time.monotonic() - self._changed_at < SILENCE
