"""The benchmark says what it promises, with and without PyTorch. No speed is asked for here."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import bench_speed
import pytest

QUICK = ["--nets", "M2", "--batches", "64", "--rounds", "1", "--seconds", "0.05"]
HAS_TORCH = importlib.util.find_spec("torch") is not None


def test_all_figures_are_there_without_torch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    bench_speed.main([*QUICK, "--ranks", "1", "2", "--json", str(tmp_path / "speed.json")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == bench_speed.WITHOUT_TORCH
    found = json.loads(lines[-1])
    assert found == json.loads((tmp_path / "speed.json").read_text())
    (result,) = found["results"]
    one, two = result["contenders"]
    assert [row["name"] for row in (one, two)] == ["cnnlib, 1 rank", "cnnlib, 2 ranks"]
    assert any("cnnlib, 2 ranks" in line for line in lines)
    for what in ("train", "infer"):
        assert two[what]["ours_over_this"] == one[what]["over_one_rank"] == 1.0
        scaling = two[what]["images_per_second"] / one[what]["images_per_second"]
        assert two[what]["over_one_rank"] == one[what]["ours_over_this"] == pytest.approx(scaling)
        for row in (one, two):
            share = row[what]["gflops"] / found["sgemm_peak_gflops"]
            assert row[what]["share_of_peak"] == pytest.approx(share)
    assert two["peak_mib"] > 1.5 * one["peak_mib"]  # of both processes


@pytest.mark.slow
@pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed")
def test_torch_takes_its_turns_in_both_layouts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for each other take an age
    bench_speed.main([*QUICK, "--ranks", "1"])
    (result,) = json.loads(capsys.readouterr().out.splitlines()[-1])["results"]
    names = [row["name"] for row in result["contenders"]]
    assert names == ["cnnlib, 1 rank", "torch", "torch channels_last"]


def test_operations_are_those_of_the_definition() -> None:
    first, second, dense = 26 * 26 * 32 * 9, 11 * 11 * 64 * 9 * 32, 10 * 1600
    forward = 2.0 * (first + second + dense)
    assert bench_speed.flops("M1") == {"train": 3 * forward - 2 * first, "infer": forward}


@pytest.mark.parametrize(("cores", "ranks"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6])])
def test_ranks_double_up_to_the_cores(cores: int, ranks: list[int]) -> None:
    assert bench_speed.numbers_of_ranks(cores) == ranks
