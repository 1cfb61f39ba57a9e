"""Ranks over MPI learn what one rank learns, from any launcher, and say what is wrong with one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from mpi_cases import CASES, DTYPES, HERE, needs_mpi, outcome, run_under, trainer_for

from cnnlib.errors import RankError
from cnnlib.ranks.launcher import Launch, find_launch
from cnnlib.ranks.mpi import MpiRanks

CLOSE = {"float32": 1e-5, "float64": 1e-12}
Outcomes = dict[tuple[str, str], tuple[list[float], dict[str, np.ndarray]]]


# ------------------------------------------------------------------ the same numbers
@pytest.fixture(scope="module")
def alone() -> Outcomes:
    """The trainings of one rank, in this process."""
    return {
        (case, dtype): outcome(trainer_for(case, dtype))
        for case in CASES
        if case != "ghost"
        for dtype in DTYPES
    }


@needs_mpi
@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_ranks_of_mpi_learn_what_one_rank_learns(
    ranks: int, alone: Outcomes, tmp_path: Path
) -> None:
    ended = run_under(ranks, str(HERE / "mpi_cases.py"), str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    for (case, dtype), (losses, tensors) in alone.items():
        found = json.loads((tmp_path / f"{case}-{dtype}.json").read_text())
        assert len(found) == 12  # three epochs of four batches, the last one short
        np.testing.assert_allclose(found, losses, rtol=0, atol=CLOSE[dtype])
        with np.load(tmp_path / f"{case}-{dtype}.npz") as arrays:
            assert arrays.keys() == tensors.keys()
            for name in arrays:
                assert arrays[name].dtype == tensors[name].dtype
                np.testing.assert_allclose(arrays[name], tensors[name], atol=CLOSE[dtype])
    for case in CASES:
        for dtype in DTYPES:
            digests = [path.read_text() for path in tmp_path.glob(f"{case}-{dtype}-rank*")]
            assert len(digests) == ranks
            assert len(set(digests)) == 1, f"{case}: the ranks hold other bits"


@needs_mpi
def test_a_number_of_ranks_gives_the_same_bits(tmp_path: Path) -> None:
    digests = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        ended = run_under(3, str(HERE / "mpi_cases.py"), str(folder))
        assert ended.returncode == 0, ended.stderr
        digests.append({path.name: path.read_text() for path in folder.glob("*-rank*")})
    assert len(digests[0]) == 3 * len(CASES) * len(DTYPES)
    assert digests[0] == digests[1]


# ------------------------------------------------------------------ launchers
@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"PMI_RANK": "2", "PMI_SIZE": "4"}, ("mpiexec", 2, 4)),
        ({"PMI_RANK": "0", "PMI_SIZE": "1"}, None),
        (
            {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"},
            ("mpiexec of Open MPI", 1, 2),
        ),
        ({"SLURM_PROCID": "31", "SLURM_STEP_NUM_TASKS": "32"}, ("srun", 31, 32)),
        (
            {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2", "PMI_RANK": "1", "PMI_SIZE": "2"},
            ("srun", 1, 2),
        ),
        # a batch script: one process, with the tasks that it may start
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "32"}, None),
        # an mpiexec that reaches its nodes by srun
        (
            {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2", "PMI_RANK": "5", "PMI_SIZE": "8"},
            ("mpiexec", 5, 8),
        ),
        ({"PMI_RANK": "four", "PMI_SIZE": "8"}, None),
        ({"PMI_RANK": "8", "PMI_SIZE": "8"}, None),
    ],
)
def test_a_rank_is_found_from_the_environment(
    environment: dict[str, str], expected: tuple[str, int, int] | None
) -> None:
    assert find_launch(environment) == (Launch(*expected) if expected else None)


def test_without_mpi4py_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(RankError, match=r"rank 0 of 4 that srun started: .*cnn-tui\[mpi\]"):
        MpiRanks(Launch("srun", 0, 4))


STRANGER = """
from cnnlib.ranks.launcher import Launch
from cnnlib.ranks.mpi import MpiRanks
MpiRanks(Launch("srun", 0, 4))
"""


@needs_mpi
def test_a_launcher_of_another_mpi_is_refused() -> None:
    ended = run_under(1, "-c", STRANGER)
    assert ended.returncode != 0
    assert "RankError: rank 0 of 4 that srun started: expected an MPI of 4" in ended.stderr
    assert "received one of 1: mpi4py has loaded" in ended.stderr


# ------------------------------------------------------------------ exchanges
EXCHANGES = """
import os
import numpy as np
from cnnlib.errors import RankError
from cnnlib.ranks.launcher import find_launch
from cnnlib.ranks.mpi import MpiRanks
ranks = MpiRanks(find_launch(os.environ))
long = {"do": "step", "text": "ä" * 5000, "number": 0.1}
for message in ({"do": "step", "arguments": [1, 0, 1e-3]}, long):
    if ranks.rank == 0:
        ranks.tell(message)
    else:
        assert ranks.hear() == message
counts = np.arange(12.0).reshape(3, 4) + ranks.rank
ranks.sum(counts)
expected = ranks.size * np.arange(12.0).reshape(3, 4) + sum(range(ranks.size))
assert np.array_equal(counts, expected)
for dtype in ("u1", "i8", "f4"):
    array = np.full((2, 3), ranks.rank + 7, dtype)
    ranks.share(array)
    assert np.array_equal(array, np.full((2, 3), 7, dtype))
if ranks.rank == 0:
    ranks.close()
    ranks.close()
    try:
        ranks.tell({"do": "step"})
    except RankError as error:
        assert "ranks let go" in str(error)
        print("done")
else:
    try:
        ranks.hear()
    except RankError:
        print("done")
"""


@needs_mpi
def test_words_and_numbers_arrive_whole() -> None:
    ended = run_under(3, "-c", EXCHANGES)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("done") == 3  # the ends of lines may come in any order


def test_no_other_module_of_the_library_knows_of_mpi() -> None:
    home = HERE.parents[1] / "cnnlib"
    users = [
        path.relative_to(home).as_posix()
        for path in home.rglob("*.py")
        if "mpi4py" in path.read_text(encoding="utf-8") or "ranks.mpi" in path.read_text("utf-8")
    ]
    assert users == ["ranks/mpi.py"]
