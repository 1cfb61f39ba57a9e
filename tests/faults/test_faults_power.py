"""The power goes at any moment of a training; what the disk kept is resumed to the same bits.

CNN_TUI_POWER_CUTS=200 tries as many moments, not 12.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from power import Disk
from stories import settings, story, whole_checkpoints

from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from tui.cli import run as cnn_tui
from tui.experiment import prepare, train

CUTS = int(os.environ.get("CNN_TUI_POWER_CUTS", "12"))

pytestmark = [
    pytest.mark.timeout(120 + 4 * CUTS),
    pytest.mark.skipif(sys.platform != "linux", reason="/proc names the files of descriptors"),
]


def test_after_a_power_cut_the_run_goes_on_to_the_same_bits(
    pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = settings(pictures, ranks=1, epochs=4, stopping="")
    straight = prepare(wanted, tmp_path / "straight")
    with pytest.MonkeyPatch.context() as patch:
        counted = Disk(straight.path, patch)
        assert train(straight) == 0
    seed = int(os.environ.get("CNN_TUI_POWER_SEED", "0")) or time.time_ns() % 2**32
    rng = np.random.default_rng(seed)
    moments = rng.integers(0, counted.moments, CUTS).tolist()

    run = prepare(wanted, tmp_path / "cut")
    cut = tmp_path / "after"
    made: list[Run] = []
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(run.path, patch)

        def let_the_power_go(moment: int) -> None:
            for number in range(moments.count(moment)):
                target = cut / f"{moment:04d}-{number}"
                disk.after_a_cut(target, rng)
                made.append(Run(target))

        disk.at_every_moment(let_the_power_go)
        assert train(run) == 0
    assert len(made) > len(moments) / 2

    expected, final = story(straight), whole_checkpoints(straight)
    for number, run in enumerate(made):
        about = f"{run.id} of seed {seed}"
        assert cnn_tui(["runs", "show", str(run.path)]) == 0, about  # it can be looked at
        if not RunHistory.read(run).state.ended:
            assert train(run) == 0, about
        assert story(run) == expected, about
        there = whole_checkpoints(run)
        for name in ("last.safetensors", "best.safetensors", "epoch-004.safetensors"):
            assert there[name] == final[name], f"{name}, {about}"
        assert run.report_path.read_bytes() == straight.report_path.read_bytes(), about
        assert number < CUTS
    print(f"{len(made)} power cuts among {counted.moments} moments, seed {seed}")
