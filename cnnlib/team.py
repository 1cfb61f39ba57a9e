"""All ranks as the trainer sees them: it says a thing once, and every rank does it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Array, Examples
from cnnlib.ranks import Alone, Communicator, LocalRanks
from cnnlib.ranks.shared import SharedMemory, aligned
from cnnlib.replica import Replica, StepResult, Weights
from cnnlib.work import Work


class Share(NamedTuple):
    """Examples whose arrays stand in shared memory."""

    images: NDArray[np.uint8]
    labels: NDArray[np.integer[Any]]


class Team:
    """Rank 0's own replica and the other ranks.

    Args:
        work: what is trained and how.
        splits: examples by name.
        ranks: how many processes share the work; 1 stays in this one.
        communicator: to ranks that wait already (``cnnlib.rank_main.follow``); then these share
            the work.

    Raises:
        RankError: a rank could not be started, or has gone; from every method.
    """

    def __init__(
        self,
        work: Work,
        splits: Mapping[str, Examples],
        ranks: int,
        communicator: Communicator | None = None,
    ) -> None:
        self._comm: Communicator = communicator or Alone()
        with contextlib.ExitStack() as unless_made:
            unless_made.callback(self.close)
            if communicator is not None:
                self.replica = Replica(work, splits, communicator)
                _send(communicator, work, splits)
            elif ranks == 1:
                self.replica = Replica(work, splits, self._comm)
            else:
                self._start(work, splits, ranks)
            unless_made.pop_all()

    def _start(self, work: Work, splits: Mapping[str, Examples], ranks: int) -> None:
        """Start ranks that see the examples in memory which they share with this process."""
        block, table = _in_shared_memory(splits)
        with contextlib.closing(block):
            self._comm = LocalRanks.start(ranks, "cnnlib.rank_main", block)
            self.replica = Replica(work, shares(block, table), self._comm)
            self._comm.tell({"work": work.to_plain(), "splits": table, "bytes": block.size})

    def step(self, epoch: int, batch: int, learning_rate: float) -> StepResult:
        """One step on all ranks."""
        self._comm.tell({"do": "step", "arguments": [epoch, batch, learning_rate]})
        return self.replica.step(epoch, batch, learning_rate)

    def probabilities(self, split: str, weights: Weights) -> Array:
        """Probabilities (N, K) of a split."""
        self._comm.tell({"do": "probabilities", "arguments": [split, weights]})
        return self.replica.probabilities(split, weights)

    def keep_best(self) -> None:
        """Remember the weights that are evaluated now."""
        self._comm.tell({"do": "keep_best", "arguments": []})
        self.replica.keep_best()

    def agree(self) -> None:
        """Give all ranks what rank 0 remembers, after it was restored."""
        replica = self.replica
        steps = [replica.optimizer.steps, replica.average.steps if replica.average else 0]
        self._comm.tell({"do": "agree", "arguments": steps})
        replica.agree(*steps)

    def pids(self) -> list[int]:
        """The processes of the other ranks on this machine."""
        return self._comm.pids() if isinstance(self._comm, LocalRanks) else []

    def close(self) -> None:
        """Let the other ranks go."""
        self._comm.close()


def serve(replica: Replica, communicator: Communicator) -> None:
    """Do what rank 0 says until it hangs up (a RankError)."""
    actions: dict[str, Callable[..., object]] = {
        "step": replica.step,
        "probabilities": replica.probabilities,
        "keep_best": replica.keep_best,
        "agree": replica.agree,
    }
    while True:
        message = communicator.hear()
        actions[message["do"]](*message["arguments"])


def _send(communicator: Communicator, work: Work, splits: Mapping[str, Examples]) -> None:
    """Give the work and all examples to ranks that have no memory in common."""
    arrays = {
        name: (np.ascontiguousarray(examples.images), np.ascontiguousarray(examples.labels))
        for name, examples in splits.items()
    }
    table = [
        {"name": name, "arrays": [[array.shape, array.dtype.str] for array in pair]}
        for name, pair in arrays.items()
    ]
    communicator.tell({"work": work.to_plain(), "splits": table})
    for pair in arrays.values():
        for array in pair:
            communicator.share(array)


def receive(communicator: Communicator) -> tuple[Work, dict[str, Share]]:
    """The work and all examples that rank 0 gives."""
    first = communicator.hear()
    splits = {}
    for row in first["splits"]:
        images, labels = (np.empty(tuple(shape), dtype) for shape, dtype in row["arrays"])
        communicator.share(images)
        communicator.share(labels)
        splits[row["name"]] = Share(images, labels)
    return Work.from_plain(first["work"]), splits


def _in_shared_memory(
    splits: Mapping[str, Examples],
) -> tuple[SharedMemory, list[dict[str, Any]]]:
    """Copy all examples into one block; the table says where each array begins."""
    table, offset = [], 0
    for name, examples in splits.items():
        row: dict[str, Any] = {"name": name}
        for key in ("images", "labels"):
            array = np.asarray(getattr(examples, key))
            row[key] = {"offset": offset, "shape": array.shape, "dtype": array.dtype.str}
            offset = aligned(offset + array.nbytes)
        table.append(row)
    block = SharedMemory(max(offset, 1))
    for row, share in zip(table, shares(block, table).values(), strict=True):
        np.copyto(share.images, splits[row["name"]].images)
        np.copyto(share.labels, splits[row["name"]].labels)
    return block, table


def shares(block: SharedMemory, table: list[dict[str, Any]]) -> dict[str, Share]:
    """The examples that a table describes."""
    return {
        row["name"]: Share(
            *(
                block.array(row[key]["offset"], tuple(row[key]["shape"]), row[key]["dtype"])
                for key in ("images", "labels")
            )
        )
        for row in table
    }
