"""Ranks: processes that share the work of a batch and add up their gradients.

Every rank holds the same parameters and the same data, computes the gradient of its share of each
batch, and after a sum over the ranks takes the same step. Sums run in the same order each time, so
the same seed and the same number of ranks give the same bits. Rank 0 is the trainer; the others do
what it tells them.

``local`` starts ranks as processes of this machine. Those that a launcher of MPI started are found
by ``launcher`` and tied together by ``mpi``, which are imported where they are needed.
"""

from cnnlib.ranks.communicator import Alone, Communicator
from cnnlib.ranks.local import LocalRanks

__all__ = ["Alone", "Communicator", "LocalRanks"]
