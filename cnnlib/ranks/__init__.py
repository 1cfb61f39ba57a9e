"""Ranks: processes that share the work of a batch and add up their gradients.

Every rank holds the same parameters and the same data, computes the gradient of its share of each
batch, and after a sum over the ranks takes the same step. Sums run in the order of the ranks, so
the same seed and the same number of ranks give the same bits. Rank 0 is the trainer; the others do
what it tells them.
"""

from cnnlib.ranks.communicator import Alone, Communicator
from cnnlib.ranks.local import LocalRanks

__all__ = ["Alone", "Communicator", "LocalRanks"]
