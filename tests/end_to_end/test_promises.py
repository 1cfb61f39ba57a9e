"""The accuracies and the repeatability that the README and the issues promise, as commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def train(runs: Path, *words: str) -> dict[str, Any]:
    """The last line of ``cnn-tui train --json``."""
    done = subprocess.run(
        [sys.executable, "-m", "tui", "train", *words, "--json", "--runs", str(runs)],
        capture_output=True,
        text=True,
        check=True,
    )
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


def weights(last: dict[str, Any]) -> bytes:
    """The file of the best weights."""
    return (Path(last["path"]) / "checkpoints" / "best.safetensors").read_bytes()


@pytest.mark.slow
def test_five_epochs_of_the_embedded_images_twice(tmp_path: Path) -> None:
    words = ("--data", "mnist-5k", "--epochs", "5", "--seed", "0")
    first, second = (train(tmp_path / name, *words) for name in ("first", "second"))
    assert first["test_accuracy"] >= 0.965
    assert first["test_accuracy"] == second["test_accuracy"]
    assert {"epochs", "images_per_second", "seconds", "run"} <= first.keys()
    assert weights(first) == weights(second)


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.skipif("CNN_TUI_DATA" not in os.environ, reason="CNN_TUI_DATA names no folder")
def test_two_epochs_of_the_real_mnist(tmp_path: Path) -> None:
    last = train(tmp_path, "--data", "mnist", "--epochs", "2", "--seed", "0")
    assert last["test_accuracy"] >= 0.985
