"""The tie to Dask: a cluster that carries out runs, on this machine or on many.

Without an address the cluster lives in this process, one worker a core: a worker only starts
trainers and waits for them, and every trainer is a process of its own. With an address it is
whatever cluster answers there, of any kind that Dask knows.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlib.errors import RunError, SpecificationError
from cnnlib.runs.files import read_json
from tui.sweep.worker import carry_out

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run

CONNECT_SECONDS = 30.0
LEAVE_SECONDS = 45.0
_COUNT_SECONDS = 2.0  # between two counts of the workers


class CrewLost(RunError):
    """The scheduler is gone; the runs are not."""


class Task:
    """A run in the hands of a worker."""

    def __init__(self, future: Any) -> None:
        self._future = future

    @property
    def over(self) -> bool:
        """Whether the worker is done with it, or was lost for good."""
        return str(self._future.status) != "pending"

    def complaint(self) -> str:
        """Why the run could not be brought to its end; "" where the worker says nothing.

        Raises:
            RunError: the worker cannot do such work at all, and no other run will fare better.
        """
        from distributed.scheduler import KilledWorker

        match self._future.status:
            case "finished":
                return str(self._future.result())
            case "error":
                error = self._future.exception()
                if isinstance(error, KilledWorker):
                    return "several workers died while they had it"
                raise RunError(
                    "a worker",
                    expected="cnn-tui installed, and the same files as here",
                    received=f"{type(error).__name__}: {error}",
                ) from error
        return "its worker was lost"


class Crew:
    """The workers of a cluster.

    Args:
        client: Dask's.
        address: what the user calls the scheduler.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._counted_at = -_COUNT_SECONDS
        self._slots = 0
        self._tasks: list[Task] = []

    def slots(self) -> int:
        """How many runs can be carried out at once: the threads of all workers.

        Raises:
            CrewLost: the scheduler no longer answers.
        """
        self._require_scheduler()
        now = time.monotonic()
        if now - self._counted_at >= _COUNT_SECONDS:
            try:
                self._slots = sum(self._client.nthreads().values())
            except (OSError, TimeoutError, ValueError) as error:
                raise self._lost(str(error) or type(error).__name__) from error
            self._counted_at = now
        return self._slots

    def submit(self, run: Run, folder: Path) -> Task:
        """Give a run to whichever worker is free; those that were given first go first.

        Raises:
            CrewLost: the scheduler no longer answers.
        """
        self._require_scheduler()
        future = self._client.submit(
            carry_out,
            str(run.path.resolve()),
            str(folder.resolve()),
            key=f"{run.id}-{secrets.token_hex(4)}",
            pure=False,
        )
        task = Task(future)
        self._tasks = [each for each in self._tasks if not each.over] + [task]
        return task

    def wait(self, seconds: float) -> None:
        """Wait until the workers are done with all that they were given."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not all(task.over for task in self._tasks):
            time.sleep(0.05)

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise self._lost(f"a connection that is {self._client.status}")

    def _lost(self, received: str) -> CrewLost:
        return CrewLost(
            f"the scheduler at {self._address}",
            expected="an answer",
            received=received,
            advice="No finished trial is lost: the same command goes on.",
        )


def _written_in(file: Path) -> str:
    """The address in a scheduler's own file.

    Raises:
        RunError: there is none.
    """
    told = read_json(file, 1 << 20)
    address = told.get("address") if isinstance(told, dict) else None
    if not isinstance(address, str):
        raise RunError(str(file), expected="the file of a scheduler", received="no address in it")
    return address


def _require_listener(address: str) -> None:
    """See that somebody listens there; Dask's client asks for very long, and lingers.

    Raises:
        SpecificationError: it is no address.
        RunError: nobody does.
    """
    found = re.fullmatch(r"(tcp|tls|ucx|ws|wss)://(\[[0-9a-fA-F:]+\]|[^:/]+):([0-9]{1,5})", address)
    if not found:
        raise SpecificationError(
            "--scheduler",
            expected="an address such as tcp://10.0.0.1:8786, or a scheduler's file (.json)",
            received=repr(address),
        )
    if found[1] == "ucx":  # listens by other means
        return
    try:
        place = (found[2].strip("[]"), int(found[3]))
        socket.create_connection(place, timeout=CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_scheduler(address, str(error)) from error


def _no_scheduler(address: str | None, received: str) -> RunError:
    return RunError(
        f"--scheduler {address}",
        expected="a scheduler of Dask",
        received=received,
        advice="Start one: dask scheduler.",
    )


@contextlib.contextmanager
def open_crew(address: str | None, workers: int) -> Iterator[Crew]:
    """A crew for as long as the block lasts.

    Args:
        address: of the scheduler, such as tcp://10.0.0.1:8786, or the file (.json) in which it
            says so itself; None for a cluster of our own.
        workers: how many of our own.

    Raises:
        SpecificationError: it is no address.
        RunError: nobody answers at the address.
    """
    import distributed

    dask: Any = distributed  # it says no types

    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # we say what goes wrong, once
    with contextlib.ExitStack() as stack:
        if address is None:
            where: Any = stack.enter_context(
                dask.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=False,
                    dashboard_address=None,
                    memory_limit=0,
                )
            )
        else:
            where = _written_in(Path(address)) if address.endswith(".json") else address
            _require_listener(where)
        try:
            client = stack.enter_context(
                dask.Client(where, timeout=CONNECT_SECONDS, set_as_default=False)
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise _no_scheduler(address, str(error) or type(error).__name__) from error
        crew = Crew(client, address or "this machine")
        try:
            yield crew
        finally:
            if address is None:  # its workers end with this process, and their trainers before
                crew.wait(LEAVE_SECONDS)
