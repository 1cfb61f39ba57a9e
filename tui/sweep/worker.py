"""What a worker does for a sweep: see one run through to its end.

The training is a process of its own, in a session of its own, as everywhere: a worker that is
killed takes nothing with it, and whoever is given the run next finds the trainer still at work and
waits for it, or finds the run interrupted and resumes it. The run's lock decides, so that two
workers that were given the same run never train it twice.

While the driver holds the lock of the sweep's folder, or died with it, the worker carries on. Once
the driver has let go of it in good order, the worker stops its trainer, which writes a checkpoint.
"""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from cnnlib.runs.directory import Run
from cnnlib.runs.lock import owner
from cnnlib.runs.state import read_state
from tui.experiment.launching import launch
from tui.sweep.trials import Course

FRUITLESS = 3  # times that a trainer may end without one step done
_POLL = 0.05
_LOOK = 1.0  # seconds between two looks at what others do
_PATIENCE = 30.0  # seconds in which a trainer writes its checkpoint and ends


def carry_out(run_path: str, sweep_folder: str) -> str:
    """Train a run until it is over, or until the sweep is left alone.

    Args:
        run_path: its directory, on the file system that all machines of the sweep see.
        sweep_folder: the folder whose lock the driver holds.

    Returns:
        "" or why the run cannot be brought to its end.

    Raises:
        FileNotFoundError: this machine does not see the run.
        RunError: the run cannot be read.
        OSError: no trainer can be started.
    """
    run = Run(Path(run_path))
    if not run.exists():
        raise FileNotFoundError(f"{socket.gethostname()} sees no run at {run_path}")
    course = Course(run, "accuracy")
    steps, fruitless = -1, 0
    while fruitless < FRUITLESS:
        course.follow()
        if course.end or _left_alone(sweep_folder):
            return ""
        if _is_trained(run):
            time.sleep(_LOOK / 2)
            continue
        done = read_state(run).step
        fruitless = fruitless + 1 if done <= steps else 0
        steps = done
        if not _see_through(launch(run), sweep_folder):
            return ""
    course.follow()
    return "" if course.end else f"its trainer ended {FRUITLESS} times: {_last_words(run)}"


def _see_through(trainer: subprocess.Popen[bytes], sweep_folder: str) -> bool:
    """Wait for a trainer; whether it ended without being asked to."""
    look = time.monotonic() + _LOOK
    while trainer.poll() is None:
        time.sleep(_POLL)
        if time.monotonic() >= look:
            look = time.monotonic() + _LOOK
            if _left_alone(sweep_folder):
                trainer.terminate()
                try:
                    trainer.wait(_PATIENCE)
                except subprocess.TimeoutExpired:
                    trainer.kill()
                    trainer.wait()
                return False
    return True


def _left_alone(sweep_folder: str) -> bool:
    """Whether the driver has let go of the sweep in good order."""
    return owner(Run(Path(sweep_folder))) is None


def _is_trained(run: Run) -> bool:
    found = owner(run)
    return found is not None and found.present


def _last_words(run: Run) -> str:
    try:
        lines = run.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return error.strerror or str(error)
    return lines[-1][:200] if lines else "without a word"
