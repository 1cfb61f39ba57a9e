"""The words for arrays that the whole library uses, and randomness that has an address.

Axes are named by letters: N examples, C channels, H rows, W columns, F filters, K kernel side.
Public image arrays are (N, C, H, W). A ``Shape`` never includes N.

Random numbers are never drawn from a generator that somebody carries along: each use has an
address (seed, purpose, index ...), and the same address always gives the same numbers. So a
forward pass for the screen cannot disturb a training, and resuming one needs no saved generator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Labels: TypeAlias = NDArray[np.integer[Any]]
Shape: TypeAlias = tuple[int, ...]


class Examples(Protocol):
    """Images with their classes: what a training or an evaluation is given."""

    @property
    def images(self) -> NDArray[np.uint8]:
        """Pixels, (N, C, H, W)."""

    @property
    def labels(self) -> Labels:
        """Class numbers, (N,)."""


def _entropy(seed: int, purpose: str, index: tuple[int, ...]) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, crc32(purpose.encode()), *index])


def stream(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """The generator at the address (seed, purpose, *index).

    Args:
        seed: the seed of the run, at least 0.
        purpose: what the numbers are for, such as "init" or "shuffle".
        index: where, such as the epoch and the layer; each at least 0.
    """
    return np.random.default_rng(_entropy(seed, purpose, index))


_WORDS = 8  # float32 draws in one block of Philox (four 64-bit words)


@dataclass(frozen=True)
class Draw:
    """Addressed random numbers for consecutive examples of one batch.

    Example i of a batch gets the same numbers whichever process draws them and however the
    batch is cut into parts, because Philox (Salmon et al. 2011) is a function of a counter, and
    the counter is the number of the example.

    Args:
        seed: the seed of the run.
        purpose: what the numbers are for.
        index: where in the run (epoch, step, layer ...).
        first: the place in the batch of the first of these examples.
        count: how many examples.
    """

    seed: int
    purpose: str
    index: tuple[int, ...] = ()
    first: int = 0
    count: int = 0

    def child(self, *index: int) -> Draw:
        """Another stream for the same examples."""
        return replace(self, index=(*self.index, *index))

    def part(self, start: int, count: int) -> Draw:
        """The same stream for ``count`` of these examples, from ``start`` on."""
        return replace(self, first=self.first + start, count=count)

    def uniform(self, per_example: int) -> NDArray[np.float32]:
        """Numbers in [0, 1), shape (count, per_example)."""
        blocks = -(-per_example // _WORDS)
        key = _entropy(self.seed, self.purpose, self.index).generate_state(2, np.uint64)
        bits = np.random.Philox(key=key, counter=[self.first * blocks, 0, 0, 0])
        numbers = np.random.Generator(bits).random((self.count, blocks * _WORDS), dtype=np.float32)
        return numbers[:, :per_example]

    def normal(self, per_example: int) -> NDArray[np.float32]:
        """Standard normal numbers, shape (count, per_example), by Box and Muller (1958)."""
        half = -(-per_example // 2)
        pairs = self.uniform(2 * half)
        radius = np.sqrt(np.float32(-2) * np.log1p(-pairs[:, :half]))
        turn = np.float32(2 * np.pi) * pairs[:, half:]
        numbers = np.concatenate([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
        return numbers[:, :per_example]
