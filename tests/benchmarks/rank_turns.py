"""A team that takes steps when it is told: ``python rank_turns.py NET BATCH RANKS``.

Reads numbers of steps and answers each with the mean seconds of a step and of its parts, as a JSON
line. Under a launcher of MPI it is one of the ranks; with the five words of ``cnnlib.rank_main`` it
is one of the local ranks.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402 - one thread, said before
from contenders import SHAPES, architecture, examples  # noqa: E402

from cnnlib import Work, rank_main  # noqa: E402
from cnnlib.ranks import Communicator, LocalRanks  # noqa: E402
from cnnlib.ranks.launcher import find_launch  # noqa: E402
from cnnlib.ranks.mpi import MpiRanks  # noqa: E402
from cnnlib.team import Share, Team  # noqa: E402

SPENT = {"tell": 0.0, "wait": 0.0, "sum": 0.0}


def timed(kind: type[Any]) -> None:
    """Let every rank of a kind meet before it adds up, and note how long each takes."""
    plain_sum, plain_tell = kind.sum, kind.tell
    meeting = np.zeros(1, np.float32)

    def sum_timed(self: Communicator, array: np.ndarray) -> None:
        start = time.perf_counter()
        plain_sum(self, meeting)
        met = time.perf_counter()
        plain_sum(self, array)
        SPENT["wait"] += met - start
        SPENT["sum"] += time.perf_counter() - met

    def tell_timed(self: Communicator, message: dict[str, Any]) -> None:
        start = time.perf_counter()
        plain_tell(self, message)
        SPENT["tell"] += time.perf_counter() - start

    kind.sum, kind.tell = sum_timed, tell_timed


def main(net: str, batch: int, ranks: int) -> None:
    launch = find_launch(os.environ)
    communicator = MpiRanks(launch) if launch else None
    start_ranks = LocalRanks.start
    LocalRanks.start = lambda size, _, block: start_ranks(size, "rank_turns", block)  # type: ignore
    if communicator and communicator.rank:
        rank_main.follow(communicator)
        return
    images, labels = examples(net)
    work = Work(architecture(net), SHAPES[net], batch_size=batch)
    team = Team(work, {"train": Share(images, labels)}, ranks, communicator)
    team.agree()
    per_epoch, taken = team.replica.batches(), 0
    for _ in range(5):
        team.step(1, 0, 1e-3)
    print(team.replica.model.flat_parameters.size, flush=True)
    for line in sys.stdin:
        steps = int(line)
        SPENT.update(tell=0.0, wait=0.0, sum=0.0)
        start = time.perf_counter()
        for _ in range(steps):
            epoch, place = divmod(taken, per_epoch)
            team.step(epoch + 1, place, 1e-3)
            taken += 1
        whole = time.perf_counter() - start
        parts = {what: spent / steps for what, spent in SPENT.items()}
        compute = whole / steps - sum(parts.values())
        print(json.dumps({"step": whole / steps, "compute": compute, **parts}), flush=True)
    team.close()


if __name__ == "__main__":
    timed(MpiRanks)
    timed(LocalRanks)
    if len(sys.argv) == 6:
        sys.exit(rank_main.main(sys.argv[1:]))
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
