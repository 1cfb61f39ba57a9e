"""Ranks as processes that a launcher of MPI started, on one machine or on many.

One ``Iallreduce`` of a flat buffer adds up; a short ``Ibcast`` tells. Neither is waited for inside
of MPI, which spins and cannot be interrupted: the wait is here, so it gives way where ranks are
more than cores, rests where it is long (a pause), answers signals, and ends where a rank does not
come. Which sums come first is MPI's choice, the same each time for a number of ranks on the same
machines.

What a rank dies of decides what happens. An exception is told to rank 0, which ends the training in
order. Of a killed process most launchers hear first, and kill all others. Of a frozen one nobody
hears: rank 0 stops waiting for it. The others wait for a word of rank 0 as long as a pause takes,
unless somebody who can see (``rank_0_is_there``) says that it has gone.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.errors import RankError
from cnnlib.ranks.communicator import Message
from cnnlib.ranks.launcher import Launch

if TYPE_CHECKING:
    from mpi4py import MPI

PATIENCE = 60.0  # seconds that rank 0 waits for the others to come
_LOOK_OUT = 0.02  # seconds of giving way before resting
_NAP = 0.001
_LOOK = 2.0  # seconds of rest between two looks whether rank 0 is there; two in vain are believed
_LETTER = 512  # bytes: what is told fits in one message, but for the first one
_HEADER = 4
_LAST_LOOK = 0.5  # seconds
_LAST_WORDS = 7  # the tag of what a rank says that fails

_give_way: Callable[[], object] = getattr(os, "sched_yield", lambda: time.sleep(0))


class MpiRanks:
    """A communicator over the processes that a launcher started.

    When the process exits, rank 0 lets the others go, whatever happened; where a rank has gone,
    it ends them, since MPI would wait for it for ever.

    Args:
        launch: what the environment says of this process.
        patience: seconds awake for which rank 0 waits for the others to come. Time for which the
            machine or the process stands still does not count.

    Attributes:
        rank_0_is_there: called by the other ranks now and then while they wait.

    Raises:
        RankError: there is no MPI, or it is not that of the launcher.
    """

    def __init__(self, launch: Launch, patience: float = PATIENCE) -> None:
        self._mpi = _load(launch)
        self._numbers: MPI.Intracomm = self._mpi.COMM_WORLD.Dup()
        self._words: MPI.Intracomm = self._mpi.COMM_WORLD.Dup()
        self.rank, self.size = launch.rank, launch.size
        # The others stay until rank 0 has saved what is left and ends them.
        self._patience = patience if launch.rank == 0 else 2 * patience + 60
        self._letter = np.zeros(_LETTER, np.uint8)
        self._broken = self._closed = False
        self.rank_0_is_there: Callable[[], bool] = _unknown
        atexit.register(self._leave)

    def sum(self, array: NDArray[Any]) -> None:
        """Replace ``array`` by its sum over all ranks."""
        self._wait(lambda: self._numbers.Iallreduce(self._mpi.IN_PLACE, array), self._patience)

    def share(self, array: NDArray[Any]) -> None:
        """Replace ``array`` by that of rank 0."""
        self._wait(lambda: self._numbers.Ibcast(array), self._patience)

    def tell(self, message: Message) -> None:
        """Rank 0: give a message to all others."""
        if self._closed:
            raise RankError("the ranks", expected="ranks at work", received="ranks let go")
        self._tell(message, self._patience)

    def hear(self) -> Message:
        """The others: wait for the next message, as long as it takes."""
        self._cast(self._letter, None)
        length = int(self._letter[:_HEADER].view(np.uint32)[0])
        body = self._letter[_HEADER : _HEADER + length].tobytes()
        if length > _LETTER - _HEADER:
            rest = np.empty(length - len(body), np.uint8)
            self._cast(rest, None)
            body += rest.tobytes()
        message: Message = json.loads(body)
        if message.get("do") == "end":
            self.rank_0_is_there = _unknown  # it lets go of everything, in order
            raise RankError("rank 0", expected="work", received="that there is none left")
        return message

    def close(self) -> None:
        """Rank 0: let the others go. May be called twice."""
        if self.rank == 0 and not self._closed and not self._broken:
            with suppress(RankError):
                self._tell({"do": "end"}, 5.0)
        self._closed = True

    def fail(self, why: str) -> None:
        """One of the others: have rank 0 end the training, and wait to be ended."""
        words = np.frombuffer(f"{why}"[:_LETTER].encode()[:_LETTER], np.uint8)
        self._wait(lambda: self._words.Isend(words, 0, _LAST_WORDS), self._patience)
        time.sleep(self._patience)
        self._broken = True

    def _tell(self, message: Message, patience: float) -> None:
        body = np.frombuffer(json.dumps(message).encode(), np.uint8)
        room = _LETTER - _HEADER
        self._letter[:_HEADER].view(np.uint32)[0] = len(body)
        self._letter[_HEADER : _HEADER + len(body)] = body[:room]
        self._cast(self._letter, patience)
        if len(body) > room:
            self._cast(body[room:].copy(), patience)

    def _cast(self, letter: NDArray[np.uint8], patience: float | None) -> None:
        self._wait(lambda: self._words.Ibcast(letter), patience)

    def _wait(self, begin: Callable[[], MPI.Request], patience: float | None) -> None:
        """Begin an exchange and wait until it is done."""
        if self._broken:
            raise _gone("one of the ranks", "one that has gone")
        try:
            self._attend(begin(), patience)
        except BaseException as error:
            self._broken = True  # the exchange is left open: no other may follow
            if isinstance(error, self._mpi.Exception):
                raise _gone("one of the ranks", f"one that has gone ({error})") from error
            raise

    def _attend(self, request: MPI.Request, patience: float | None) -> None:
        look_out, rested = time.perf_counter() + _LOOK_OUT, 0.0
        look, in_vain = _LOOK, 0
        while not request.Test():
            if time.perf_counter() < look_out:
                _give_way()
                continue
            self._listen()
            time.sleep(_NAP)
            rested += _NAP
            if patience is not None and rested >= patience:
                raise _gone("one of the ranks", f"one that has gone: no word for {patience:g} s")
            if self.rank and rested >= look:
                look = rested + _LOOK
                in_vain = 0 if self.rank_0_is_there() else in_vain + 1
                if in_vain == 2:
                    raise _gone("rank 0", "one that has gone")

    def _listen(self) -> None:
        """Rank 0: hear from a rank that fails."""
        status = self._mpi.Status()
        if self.rank == 0 and self._words.Iprobe(tag=_LAST_WORDS, status=status):
            words = np.zeros(status.Get_count(self._mpi.BYTE), np.uint8)
            self._words.Recv(words, status.Get_source(), _LAST_WORDS)
            why = words.tobytes().decode(errors="replace")
            raise _gone(f"rank {status.Get_source()}", f"one that has gone ({why})")

    def _leave(self) -> None:
        """When the process exits: leave together, or end all."""
        self.close()
        with suppress(RankError):
            self._wait(self._words.Ibarrier, 5.0 if self.rank == 0 else None)
        if self._broken:
            sys.stdout.flush()
            sys.stderr.flush()
            time.sleep(_LAST_LOOK)  # the launcher passes on what it has read when it is told
            self._mpi.COMM_WORLD.Abort(1)


def _unknown() -> bool:
    """What who cannot see says of rank 0."""
    return True


def _gone(where: str, received: str) -> RankError:
    return RankError(
        where,
        expected="a process at work",
        received=received,
        advice="The training can be resumed, also on another number of ranks",
    )


def _load(launch: Launch) -> Any:
    """MPI, when it sees as many processes as the launcher started."""
    where = f"rank {launch.rank} of {launch.size} that {launch.launcher} started"
    try:
        import mpi4py

        mpi4py.rc.thread_level = "funneled"  # MPI is called by one thread alone
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise RankError(
            where,
            expected="mpi4py and a library of MPI",
            received=str(error),
            advice="pip install 'cnn-tui[mpi]', and MPI as your cluster has it or from PyPI: mpich",
        ) from None
    world = MPI.COMM_WORLD
    if (world.rank, world.size) != (launch.rank, launch.size):
        name, version = MPI.get_vendor()
        numbers = ".".join(map(str, version))
        raise RankError(
            where,
            expected=f"an MPI of {launch.size} processes",
            received=f"one of {world.size}: mpi4py has loaded {name} {numbers}",
            advice="Use the launcher of that MPI (with srun: --mpi=pmi2 or --mpi=pmix), or an "
            "mpi4py for this one",
        )
    return MPI
