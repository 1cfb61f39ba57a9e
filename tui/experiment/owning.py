"""A run owned by this process: taken, trained in its directory, and let go whatever happens.

Whatever happens to the process, the directory can be taken up again: training then goes on from
the last checkpoint to the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnlib import events as ev
from cnnlib.errors import DivergedError, RankError, RunError
from cnnlib.runs.history import RunHistory
from cnnlib.runs.journal import JournalWriter
from cnnlib.runs.lock import RunLock, TakenOver
from tui.experiment.keeping import Listen
from tui.experiment.lookout import say_which
from tui.experiment.signals import Signals
from tui.experiment.training import Training
from tui.experiment.witness import Witness

if TYPE_CHECKING:
    from cnnlib.ranks import Communicator
    from cnnlib.runs.directory import Run

OVER = ("finished", "early-stopping")  # reasons after which nothing is left to train


def train(
    run: Run,
    listen: Listen = lambda record: None,
    *,
    communicator: Communicator | None = None,
    ranks: int = 0,
) -> int:
    """Train a run in this process, from its beginning or from its last checkpoint.

    Args:
        run: its directory.
        listen: is given every record as it is written.
        communicator: to ranks that a launcher started; without it they are started here.
        ranks: how many to start; 0: as many as the run says.

    Returns:
        0 when it finished or was ended by a command; 128 and the number of the signal that
        stopped it.

    Raises:
        RunError: another trainer has the run, or it is finished.
        DivergedError: a number left the finite ones; recorded in the run.
        CnnError, DataError, OSError: it failed; recorded in the run as far as possible.
    """
    with RunLock(run) as lock, Signals() as signals:
        if communicator:
            say_which(communicator, run)
        run.remove_leftovers()
        history = RunHistory.read(run)
        _require_unfinished(run, history)
        journal = JournalWriter(run.journal_path, permit=lock.heartbeat)
        training = Training(run, lock, signals, journal, history, listen)
        witness = Witness(run, communicator.size) if communicator else None
        try:
            ended = training.carry_out(communicator, ranks)
        except TakenOver:
            raise  # with the journal as it is: it belongs to the other trainer
        except BaseException as error:
            training.record_failure(error)
            raise
        finally:
            training.close()
            if witness:
                witness.dismiss()
        journal.close()
        return _exit_code(run, ended, signals.stop)


def _require_unfinished(run: Run, history: RunHistory) -> None:
    state = history.state.state
    if state in OVER:
        raise RunError(
            f"run {run.id}",
            expected="a run with epochs left to train",
            received=f"one that is over ({state})",
            advice=f"Begin another like it: cnn-tui train --config {run.description_path}",
        )


def _exit_code(run: Run, ended: ev.RunEnded, stopped_by: int | None) -> int:
    if ended.reason == "diverged":
        raise DivergedError(
            f"run {run.id} diverged: {ended.message}",
            advice=f"Resume it with: cnn-tui resume {run.id} --lr X",
        )
    if ended.reason == "failed":
        raise RankError(f"run {run.id} failed: {ended.message}")
    return 128 + stopped_by if ended.reason == "stopped" and stopped_by is not None else 0
