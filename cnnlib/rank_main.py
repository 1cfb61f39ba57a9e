"""What a rank does that is not rank 0.

One on this machine is ``python -m cnnlib.rank_main``, started by rank 0; one that a launcher
started calls ``follow``.
"""

from __future__ import annotations

import sys
from contextlib import suppress

from cnnlib.errors import RankError
from cnnlib.ranks import Communicator
from cnnlib.ranks.local import LocalRanks, leave_signals_to_rank_0
from cnnlib.ranks.shared import SharedMemory
from cnnlib.replica import Replica
from cnnlib.team import receive, serve, shares
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


def follow(communicator: Communicator) -> None:
    """Work for rank 0, with the examples that it gives, until it lets go or a rank has gone."""
    leave_signals_to_rank_0()
    with suppress(RankError):
        work, splits = receive(communicator)
        serve(Replica(work, splits, communicator), communicator)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
