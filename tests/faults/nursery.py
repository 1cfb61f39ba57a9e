"""A process that has loaded everything and bears trainers: each one is a fork of it.

``python nursery.py``: for every line with the path of a run on its standard input it forks a
trainer in a session of its own and prints its process number; a line "wait" waits for the last
one and prints its exit status, negative for a signal. A trainer born so starts in milliseconds.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path


def main() -> None:
    """Serve until the input ends."""
    from cnnlib.runs.directory import Run
    from tui.experiment.owning import train

    child = 0
    for line in sys.stdin:
        word = line.strip()
        if word == "wait":
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if not child:
            os.setsid()
            code = 1
            try:
                code = train(Run(Path(word)))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        print(child, flush=True)


if __name__ == "__main__":
    main()
