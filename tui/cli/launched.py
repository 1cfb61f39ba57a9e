"""A command that a launcher of MPI started several times: rank 0 is it, the others work for rank 0.

Every process reads the words, so that wrong ones end all of them alike; rank 0 alone says so.
"""

from __future__ import annotations

import math
import os
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlib.ranks.launcher import Launch
    from cnnlib.ranks.mpi import MpiRanks

PATIENCE = "CNN_TUI_RANK_PATIENCE"


def launched_here() -> Launch | None:
    """The processes among which a launcher started this one; None where it is alone."""
    from cnnlib.ranks.launcher import find_launch

    return find_launch(os.environ)


def speaks() -> bool:
    """Whether this process is the one that says what went wrong."""
    launch = launched_here()
    return launch is None or launch.rank == 0


def join(*, ranks: int | None, detach: bool) -> MpiRanks | None:
    """The tie to the other processes; None where this one is alone.

    Args:
        ranks: how many the words ask for.
        detach: whether the words ask for a process of its own.

    Raises:
        SpecificationError: the words mean something else than what the launcher did.
        RankError: there is no MPI, or it is not that of the launcher.
    """
    launch = launched_here()
    if launch is None:
        return None
    from cnnlib.errors import SpecificationError
    from cnnlib.ranks.mpi import MpiRanks

    started = f"the {launch.size} processes that {launch.launcher} started"
    if ranks not in (None, 0, launch.size):
        expected = f"nothing, for {started} are the ranks"
        raise SpecificationError("ranks", expected=expected, received=str(ranks))
    if detach:
        raise SpecificationError(
            "--detach",
            expected=f"to stay with {started}",
            received="the wish to leave them",
            advice="Let the launcher itself go on without a terminal.",
        )
    return MpiRanks(launch, _patience(os.environ))


def work_for_rank_0(ranks: MpiRanks) -> int:
    """Do what rank 0 says until it lets go; return the exit code."""
    from cnnlib.errors import RankError
    from cnnlib.rank_main import follow
    from tui.experiment.lookout import Lookout

    try:
        ranks.rank_0_is_there = Lookout(ranks.hear()["run"])
        follow(ranks)
    except RankError:
        return 0  # rank 0 has found something wrong before it came to train
    except Exception as error:  # told to rank 0, which ends the training in order
        traceback.print_exc()
        ranks.fail(f"{type(error).__name__}: {error}")
        return 1
    return 0


def _patience(environment: Mapping[str, str]) -> float:
    """Seconds that rank 0 waits for the others.

    Raises:
        SpecificationError: the variable holds no such number.
    """
    from cnnlib.errors import SpecificationError
    from cnnlib.ranks.mpi import PATIENCE as USUAL

    word = environment.get(PATIENCE, "")
    try:
        seconds = float(word) if word else USUAL
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SpecificationError(PATIENCE, expected="seconds above 0", received=repr(word))
    return seconds
