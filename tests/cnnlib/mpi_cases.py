"""Programs under a launcher of MPI, for tests; and the training that one rank and many share.

``python mpi_cases.py FOLDER`` is the program of each rank: it trains every case, and rank 0 writes
losses and weights.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_cases import GHOST, PLAIN, RICH, everything, only, plain, trainer_of

from cnnlib.events import StepEnded
from cnnlib.optimizers import SGD, Adam
from cnnlib.trainer import Trainer

HOME = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


def _mpiexec() -> str | None:
    """That of the packages of this Python first, since mpi4py takes their library first too."""
    beside = Path(sys.executable).parent / "mpiexec"
    return str(beside) if beside.exists() else shutil.which("mpiexec")


MPIEXEC = _mpiexec()
needs_mpi = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="there is no MPI here: pip install mpi4py mpich",
)


def environment(**more: str) -> dict[str, str]:
    """For a launcher: with more ranks than cores, and as the superuser of a container."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HOME), str(HERE)]),
        "OPENBLAS_NUM_THREADS": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        **more,
    }


def mpiexec(ranks: int, *words: str) -> list[str]:
    """The command that starts so many processes of this Python."""
    return [str(MPIEXEC), "-n", str(ranks), sys.executable, *words]


def run_under(ranks: int, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run to the end, in a minute at most."""
    return subprocess.run(
        mpiexec(ranks, *words),
        env=environment(**more), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


CASES: dict[str, dict[str, Any]] = {
    "rich": {"architecture": RICH, "optimizer": SGD(momentum=0.9)},
    "plain": {"architecture": PLAIN},
    "Adam": {"architecture": RICH, "optimizer": Adam(eps=1e-3)},
    "ghost": {"architecture": GHOST},  # statistics of parts of a share: another training for each n
}
DTYPES = ("float32", "float64")


def trainer_for(case: str, dtype: str, **other: Any) -> Trainer:
    """A short training of 30 examples in batches of 8, the last one being short."""
    make = plain if case == "plain" else everything
    return trainer_of(make(**CASES[case], dtype=dtype), **other)


def outcome(trainer: Trainer) -> tuple[list[float], dict[str, np.ndarray]]:
    """The loss of every step, and all that the training remembers at its end."""
    seen = []
    tensors: dict[str, np.ndarray] = {}
    for event in trainer.run():
        seen.append(event)
        tensors = trainer.state().tensors
    return [step.loss for step in only(seen, StepEnded)], tensors


def digest(arrays: dict[str, np.ndarray]) -> str:
    """Of all bits."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(arrays[name].tobytes())
    return found.hexdigest()


def main(folder: Path) -> None:
    """A rank: all cases one after another; rank 0 writes them."""
    from cnnlib.ranks.launcher import find_launch
    from cnnlib.ranks.mpi import MpiRanks
    from cnnlib.replica import Replica
    from cnnlib.team import receive, serve

    launch = find_launch(os.environ)
    for dtype in DTYPES:
        for case in CASES:
            ranks = MpiRanks(launch) if launch else None
            if ranks is not None and ranks.rank:
                work, splits = receive(ranks)
                replica = Replica(work, splits, ranks)
                try:
                    serve(replica, ranks)
                except Exception:
                    arrays = replica.arrays()
                    own = {name: arrays[name] for name in ("parameters", "best")}
                    (folder / f"{case}-{dtype}-rank{ranks.rank}").write_text(digest(own))
                continue
            losses, tensors = outcome(trainer_for(case, dtype, communicator=ranks))
            np.savez(folder / f"{case}-{dtype}.npz", **tensors)
            (folder / f"{case}-{dtype}.json").write_text(json.dumps(losses))
            own = {name: tensors[name] for name in ("parameters", "best")}
            (folder / f"{case}-{dtype}-rank0").write_text(digest(own))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
