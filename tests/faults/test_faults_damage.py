"""Runs whose files were cut short or hold flipped bits, given to the commands of a user.

A clear refusal in one line or a clean fallback; never a traceback, and what is trained or measured
in the end is what the undamaged run gives. CNN_TUI_DAMAGES=1000 tries as many of them, not 60.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from stories import settings

from cnnlib import events as ev
from cnnlib.runs import checkpoint
from cnnlib.runs.directory import Run
from cnnlib.runs.state import read_state
from tui.cli import run as cnn_tui
from tui.experiment import prepare, train

DAMAGES = int(os.environ.get("CNN_TUI_DAMAGES", "60"))
FILES = (
    "checkpoints/last.safetensors", "checkpoints/best.safetensors", "events.jsonl", "run.toml",
    "commands.jsonl", "report.json",
)  # fmt: skip
STOP_AT = 30

pytestmark = pytest.mark.timeout(60 + 3 * DAMAGES)


@pytest.fixture(scope="module")
def runs(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """A finished training, and the same stopped after a while with commands it has answered."""
    from cnnlib.runs import commands

    root = tmp_path_factory.mktemp("damage")
    wanted = settings(pictures, ranks=1, checkpoint_seconds=0.02, epochs=3, stopping="")
    finished, stopped = (prepare(wanted, root / name) for name in ("finished", "stopped"))
    assert train(finished) == 0

    def stop(record: ev.Record) -> None:
        if isinstance(record.event, ev.StepEnded) and record.event.step == STOP_AT:
            commands.send(stopped, commands.Snapshot())
            commands.send(stopped, commands.Stop())
            time.sleep(0.06)

    assert train(stopped, stop) == 0
    return finished, stopped


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut anywhere, or with one to three bits flipped."""
    if rng.random() < 0.4:
        return content[: rng.integers(len(content))]
    changed = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        changed[rng.integers(len(changed))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def weights(run: Run) -> dict[str, bytes]:
    tensors, _ = checkpoint.load(run.checkpoints / "last.safetensors")
    return {name: array.tobytes() for name, array in tensors.items()}


def test_no_damage_is_a_traceback_or_a_wrong_weight(
    runs: tuple[Run, Run], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    finished, stopped = runs
    seed = int(os.environ.get("CNN_TUI_DAMAGE_SEED", "0")) or time.time_ns() % 2**32
    rng = np.random.default_rng(seed)
    expected = weights(finished)
    capfd.readouterr()
    assert cnn_tui(["evaluate", str(finished.path), "--json"]) == 0
    measured = json.loads(capfd.readouterr().out)["accuracy"]
    resumed = refused = 0
    for number in range(DAMAGES):
        whole = finished if number % 3 == 0 else stopped
        there = [name for name in FILES if (whole.path / name).exists()]
        name = there[rng.integers(len(there))]
        run = Run(tmp_path / "runs" / f"run-{number}")
        shutil.copytree(whole.path, run.path)
        path = run.path / name
        path.write_bytes(damaged(path.read_bytes(), rng))
        about = f"{name} of {whole.path.parent.name}, damage {number} of seed {seed}"

        def tell(*words: str, about: str = about) -> tuple[int, str]:
            capfd.readouterr()
            code = cnn_tui([*words])
            out, err = capfd.readouterr()
            assert code in (0, 1, 2), about
            assert "Traceback" not in out + err, about
            assert "defect" not in err, f"{about}: {err}"
            assert code == 0 or err.count("\n") <= 2, f"{about}: {err}"
            return code, out

        code, out = tell("runs", "list", "--runs", str(run.path.parent), "--json")
        assert code == 0
        (listed,) = json.loads(out)
        assert listed["id"] == run.id
        tell("runs", "show", str(run.path))
        code, out = tell("evaluate", str(run.path), "--json")
        if code == 0 and whole is finished:
            assert abs(json.loads(out)["accuracy"] - measured) < 1e-12, about
        code, _ = tell("resume", str(run.path), "--json")
        if code == 0 and read_state(run).state == "stopped":
            # the answer to the stop was lost, as if the trainer had been killed before giving it
            code, _ = tell("resume", str(run.path), "--json")
        if code == 0:
            assert weights(run) == expected, about
            resumed += 1
        else:
            refused += 1
        shutil.rmtree(run.path)
    print(f"{DAMAGES} damages, seed {seed}: {resumed} resumed to the same bits, {refused} refused")
    assert resumed
    assert refused
