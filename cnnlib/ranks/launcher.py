"""Which rank a launcher of MPI made of this process, read from the environment it was given.

No library is loaded for the answer, so a process that no launcher started never loads MPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_SIGNS = (
    ("mpiexec of Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("mpiexec", "PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI, MVAPICH, Cray; srun too
    ("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)
"""Launchers and their variables, the inner ones first: an mpiexec may itself be started by srun.

SLURM_NTASKS is not asked: a batch script has it too, and is one process.
"""


@dataclass(frozen=True)
class Launch:
    """One of several processes that were started together.

    Attributes:
        launcher: what started them.
        rank: of this one, from 0.
        size: how many they are.
    """

    launcher: str
    rank: int
    size: int


def find_launch(environment: Mapping[str, str]) -> Launch | None:
    """What the environment says; None for a process that is alone."""
    for launcher, rank, size in _SIGNS:
        words = environment.get(rank, ""), environment.get(size, "")
        if all(word.isdecimal() for word in words):
            if words == tuple(environment.get(name) for name in _SIGNS[-1][1:]):
                launcher = _SIGNS[-1][0]
            launch = Launch(launcher, *map(int, words))
            return launch if launch.rank < launch.size and launch.size > 1 else None
    return None
