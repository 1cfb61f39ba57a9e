"""What ranks can say to each other; processes on one machine are one way of it, MPI another."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

Message = dict[str, Any]
"""What rank 0 tells: plain words and numbers."""


class Communicator(Protocol):
    """The tie between the ranks; every rank calls ``sum`` and ``share`` in the same order.

    Each method raises RankError when a rank has gone.
    """

    rank: int
    size: int

    def sum(self, array: NDArray[Any]) -> None:
        """Replace ``array`` by its sum over all ranks, added in the same order each time."""

    def share(self, array: NDArray[Any]) -> None:
        """Replace ``array`` by that of rank 0."""

    def tell(self, message: Message) -> None:
        """Rank 0: give a message to all others."""

    def hear(self) -> Message:
        """The others: wait for the next message."""

    def close(self) -> None:
        """Rank 0: let the others go. May be called twice."""


class Alone:
    """One rank by itself, in the process that trains."""

    rank = 0
    size = 1

    def sum(self, array: NDArray[Any]) -> None:
        """Nothing to add."""

    def share(self, array: NDArray[Any]) -> None:
        """Nobody to share with."""

    def tell(self, message: Message) -> None:
        """Nobody to tell."""

    def hear(self) -> Message:
        """Nobody to hear."""
        return {"do": "end"}

    def close(self) -> None:
        """Nothing to close."""
