"""The process of a rank that is not rank 0: ``python -m cnnlib.rank_main``, started by rank 0."""

from __future__ import annotations

import sys

from cnnlib.errors import RankError
from cnnlib.ranks.local import LocalRanks, leave_signals_to_rank_0
from cnnlib.ranks.shared import SharedMemory
from cnnlib.replica import Replica
from cnnlib.team import serve, shares
from cnnlib.work import Work


def main(words: list[str]) -> int:
    """Work for rank 0 until it hangs up. The words: rank, size, and three descriptors."""
    leave_signals_to_rank_0()
    rank, size, slots, block, line = map(int, words)
    communicator = LocalRanks.join(rank, size, slots, line)
    try:
        first = communicator.hear()
        splits = shares(SharedMemory(first["bytes"], block), first["splits"])
        replica = Replica(Work.from_plain(first["work"]), splits, communicator)
        serve(replica, communicator)
    except RankError:
        return 0  # rank 0 has hung up: the work is done, or rank 0 is dead
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
