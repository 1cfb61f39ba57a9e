"""The benchmark of ranks measures both kinds, and its model is the one that it states."""

from __future__ import annotations

import json

import bench_ranks
import pytest
from mpi_cases import needs_mpi

QUICK = ["--nets", "M2", "--batch", "32", "--rounds", "1", "--steps", "2"]
MODEL = {
    "fixed": 1e-3, "each": 1e-4, "wait": 2e-3, "bytes": 4e6, "latency": 5e-6, "bandwidth": 1e9,
}  # fmt: skip


@needs_mpi
def test_local_ranks_and_those_of_mpi_are_measured_and_a_prediction_is_called_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench_ranks.main([*QUICK, "--latency", "2e-6", "--bandwidth", "1.2e10"])
    lines = capsys.readouterr().out.splitlines()
    (result,) = json.loads(lines[-1])["results"]
    assert [(row["kind"], row["ranks"]) for row in result["rows"]] == [
        ("local", 1), ("local", 2), ("MPI", 2),
    ]  # fmt: skip
    for row in result["rows"]:
        parts = [row[what] for what in ("compute", "tell", "wait", "sum")]
        assert sum(parts) == pytest.approx(row["step"])
        assert all(part > 0 for part in parts) == (row["ranks"] > 1)
        assert row["efficiency"] == pytest.approx(row["speed_up"] / row["ranks"])
    assert result["model"]["latency"] == 2e-6
    (marked,) = [number for number, line in enumerate(lines) if "PREDICTION" in line]
    predicted = [row["ranks"] for row in result["predictions"]]
    assert set(predicted) == {8, 64, 512}
    for number, ranks in enumerate(predicted, marked + 1):
        assert f"{ranks} ranks" in lines[number]


def test_the_model_is_the_formula() -> None:
    found = bench_ranks.predict(MODEL, 512, 8)
    reduce = 2 * 3 * 5e-6 + 2 * 7 / 8 * 4e6 / 1e9
    step = 1e-3 + 64 * 1e-4 + 2e-3 * 3**0.5 + reduce
    assert found["step"] == pytest.approx(step)
    assert found["sum_share"] == pytest.approx(reduce / step)
    assert found["speed_up"] == pytest.approx((1e-3 + 512e-4) / step)


def test_one_rank_waits_for_nobody() -> None:
    alone = bench_ranks.predict(MODEL, 100, 1)
    assert alone["step"] == pytest.approx(1e-3 + 100e-4)
    assert alone["speed_up"] == pytest.approx(1)
    assert alone["sum_share"] == 0


@pytest.mark.parametrize("fixed", [0.0, 0.5, 2.0])
def test_the_line_is_found_again(fixed: float) -> None:
    points = [(float(x), fixed + 0.25 * x) for x in (16, 32, 64, 128)]
    assert bench_ranks.line_through(points) == (pytest.approx(fixed, abs=1e-9), pytest.approx(0.25))


def test_a_step_never_costs_less_than_nothing() -> None:
    intercept, slope = bench_ranks.line_through([(1.0, 0.5), (2.0, 2.0), (4.0, 5.0)])
    assert intercept == 0
    assert slope == pytest.approx((0.5 + 4 + 20) / 21)
