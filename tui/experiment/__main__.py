"""The process of a training that belongs to no terminal: `python -m tui.experiment RUN [RANKS]`."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Train the run in the directory that the first argument names; return the exit code.

    The second is the number of ranks; without it, or if it is 0, the run says how many.
    """
    # Whoever started this process may have blocked signals in all of its threads.
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    from tui.experiment.launching import one_thread_each

    one_thread_each(os.environ)
    if not 1 <= len(arguments) <= 2 or not all(word.isdecimal() for word in arguments[1:]):
        print("usage: python -m tui.experiment RUN [RANKS]", file=sys.stderr)
        return 2
    from cnnlib.errors import CnnError, SpecificationError
    from cnnlib.runs.directory import Run
    from data.errors import DataError
    from tui.experiment.keeping import mutter
    from tui.experiment.owning import train

    try:
        return train(Run(Path(arguments[0])), ranks=int(arguments[1]) if arguments[1:] else 0)
    except SpecificationError as error:
        mutter(str(error))
        return 2
    except (CnnError, DataError, OSError) as error:
        mutter(str(error))
        return 1
    except Exception:
        traceback.print_exc()  # goes to trainer.log: this is a defect
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
