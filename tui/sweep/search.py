"""How settings are searched for, and which trials are ended before their time.

A search either proposes the settings of a trial from its number alone (Grid, Random), so that a
sweep that is taken up again goes on exactly as it would have, or learns from the trials before
(TPE). Both families are read from their constructor calls; Optuna is imported only to search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from cnnlib.errors import SpecificationError
from cnnlib.text import Described
from tui.sweep.space import Parameters, Space, combinations

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

_PURPOSE = 7357  # sets the draws of a sweep apart from those of trainings with its seed


class Search(Described, family="search"):
    """How the settings of the next trial are chosen."""

    def size(self, space: Space) -> int | None:
        """How many trials there are at most; None without an end."""
        return None

    def propose(self, space: Space, seed: int, number: int) -> Parameters | None:
        """The settings of a trial by its number; None where the study must be asked."""
        return None

    def sampler(self, seed: int) -> BaseSampler:
        """The sampler of Optuna that is asked, or that only keeps the book."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed)


@dataclass(frozen=True, repr=False)
class Grid(Search):
    """Every combination once; a continuum is divided into so many points.

    Raises:
        SpecificationError: fewer than one point.
    """

    points: int = 5

    def __post_init__(self) -> None:
        _at_least(1, "Grid: points", self.points)

    def size(self, space: Space) -> int:
        """The number of combinations."""
        return math.prod(len(distribution.grid(self.points)) for distribution in space.values())

    def propose(self, space: Space, seed: int, number: int) -> Parameters:
        """The combination of this number, from 0."""
        return next(islice(combinations(space, self.points), number, None))


@dataclass(frozen=True, repr=False)
class Random(Search):
    """Independent draws.

    Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13, 2012.
    """

    def propose(self, space: Space, seed: int, number: int) -> Parameters:
        """Draws that seed and number alone decide."""
        rng = np.random.default_rng((seed, _PURPOSE, number))
        return {name: distribution.sample(rng) for name, distribution in space.items()}


@dataclass(frozen=True, repr=False)
class TPE(Search):
    """The tree-structured Parzen estimator, after so many trials at random.

    Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011.

    Raises:
        SpecificationError: fewer than one trial at random.
    """

    startup: int = 10

    def __post_init__(self) -> None:
        _at_least(1, "TPE: startup", self.startup)

    def sampler(self, seed: int) -> BaseSampler:
        """Optuna's, which takes trials that are under way as bad ones, so as not to repeat them."""
        from optuna.samplers import TPESampler

        return TPESampler(n_startup_trials=self.startup, seed=seed, constant_liar=True)


class Pruning(Described, family="pruning"):
    """Which trials are ended before their last epoch."""

    def pruner(self, epochs: int) -> BasePruner:
        """The pruner of Optuna for trials of so many epochs."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Median(Pruning):
    """Ends what is worse than the median of the finished trials at the same epoch.

    Args:
        startup: finished trials before any is ended.
        warmup: epochs that every trial is given.

    Raises:
        SpecificationError: a number below 0.
    """

    startup: int = 5
    warmup: int = 0

    def __post_init__(self) -> None:
        _at_least(0, "Median: startup", self.startup)
        _at_least(0, "Median: warmup", self.warmup)

    def pruner(self, epochs: int) -> BasePruner:
        """Optuna's."""
        from optuna.pruners import MedianPruner

        return MedianPruner(n_startup_trials=self.startup, n_warmup_steps=self.warmup)


@dataclass(frozen=True, repr=False)
class Hyperband(Pruning):
    """Several brackets of successive halving, from many short trials to few long ones.

    Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization",
    JMLR 18, 2018.

    Args:
        reduction: one of so many goes on at every rung.
        least: epochs that every trial is given.

    Raises:
        SpecificationError: a reduction below 2, or no epoch at all.
    """

    reduction: int = 3
    least: int = 1

    def __post_init__(self) -> None:
        _at_least(2, "Hyperband: reduction", self.reduction)
        _at_least(1, "Hyperband: least", self.least)

    def pruner(self, epochs: int) -> BasePruner:
        """Optuna's."""
        from optuna.pruners import HyperbandPruner

        return HyperbandPruner(
            min_resource=self.least,
            max_resource=max(epochs, self.least),
            reduction_factor=self.reduction,
        )


def _at_least(least: int, where: str, value: int) -> None:
    if value < least:
        expected = f"a whole number of at least {least}"
        raise SpecificationError(where, expected=expected, received=str(value))
