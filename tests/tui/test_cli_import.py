"""`cnn-tui import`: weights of a PyTorch network become a run like any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from cnnlib.model import Sequential
from cnnlib.runs import checkpoint
from cnnlib.runs.directory import find
from tui.cli import run as cnn_tui
from tui.experiment import load_data, load_model

NETWORK = "Conv2d(4, padding=1)\nBatchNorm2d()\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(3)\n"

Tell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Carries out a command line in this process: its exit code and what it printed."""

    def carry_out(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cnn_tui([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return carry_out


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "net.txt"
    path.write_text(NETWORK)
    return path


def weights(path: Path) -> dict[str, np.ndarray]:
    """A file with weights as an nn.Sequential calls them; the arrays by our names."""
    model = Sequential.parse(NETWORK, (1, 12, 12))
    rng = np.random.default_rng(2)
    numbers = {"conv1": "0", "norm1": "1", "dense1": "5"}
    own = {
        name: rng.uniform(0.1, 1, array.shape).astype(np.float32)
        for name, array in model.tensors().items()
    }
    theirs = {
        f"{numbers[layer]}.{leaf}": own[name] for name in own for layer, leaf in [name.split(".")]
    }
    save_file(theirs | {"1.num_batches_tracked": np.array(7)}, path)
    return own


def test_a_run_begins_with_the_weights_and_trains_on(
    tell: Tell, pictures: Path, network: Path, tmp_path: Path
) -> None:
    own = weights(tmp_path / "w.safetensors")
    words = ("--data", pictures, "--arch", network, "--runs", tmp_path / "runs")
    code, out, err = tell(
        "import", tmp_path / "w.safetensors", *words, "--epochs", "2", "--lr", "0.02", "--json"
    )
    assert code == 0, err
    told: dict[str, Any] = json.loads(out)
    assert told["by"] == "shape"
    assert told["arrays"]["dense1.weight"] == "5.weight"
    run = find(tmp_path / "runs")
    assert told["run"] == run.id
    assert run.description()["run"]["weights"] == str(tmp_path / "w.safetensors")
    for which in ("best", "last"):
        model = load_model(run, which)
        for name, array in own.items():
            np.testing.assert_array_equal(model.tensors()[name], array)
    code, out, _ = tell("evaluate", run.path, "--json")
    assert code == 0
    test = load_data(run).test
    predicted = load_model(run).predict(test.images).argmax(axis=1)
    assert json.loads(out)["accuracy"] == pytest.approx(np.mean(predicted == test.labels))

    code, out, err = tell("resume", run.path, "--json")
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["epochs"] == 2
    first = next(event for event in events if event.get("event") == "RunStarted")
    assert first["step"] == 0


def test_training_begins_where_the_weights_are(
    tell: Tell, pictures: Path, network: Path, tmp_path: Path
) -> None:
    """Weights that were trained before lose little more; random ones would lose ln 3."""
    words = ("--data", pictures, "--arch", network, "--runs", tmp_path / "runs")
    assert tell("train", *words, "--epochs", "6", "--lr", "0.02", "--name", "first")[0] == 0
    file = tmp_path / "w.safetensors"
    export = ("export", "first", "--to", "safetensors", file, "--names", "numbers")
    assert tell(*export, "--runs", tmp_path / "runs")[0] == 0
    assert tell("import", file, *words, "--epochs", "1", "--lr", "1e-6", "--name", "second")[0] == 0
    code, out, err = tell("resume", "second", "--runs", tmp_path / "runs", "--json")
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    ended = next(event for event in events if event.get("event") == "EpochEnded")
    assert ended["train_accuracy"] > 0.9


def test_it_says_what_became_what(
    tell: Tell, pictures: Path, network: Path, tmp_path: Path
) -> None:
    weights(tmp_path / "w.safetensors")
    words = ("--data", pictures, "--arch", network, "--runs", tmp_path / "runs")
    code, out, err = tell("import", tmp_path / "w.safetensors", *words)
    assert code == 0, err
    assert "8 arrays, matched by shape" in out
    assert "norm1.running_var" in out
    assert "cnn-tui resume" in out


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x02}q\x00.", b"PK\x03\x04\x14\x00\x00\x00\x08\x00"]
)
def test_what_is_no_safetensors_leaves_nothing(
    tell: Tell, pictures: Path, network: Path, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "w.pt").write_bytes(content)
    words = ("--data", pictures, "--arch", network, "--runs", tmp_path / "runs")
    code, _, err = tell("import", tmp_path / "w.pt", *words)
    assert (code, len(err.splitlines())) == (1, 1)
    assert not (tmp_path / "runs").exists()


def test_nobody_sees_a_run_before_its_weights_are_in_it(
    tell: Tell, pictures: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights(tmp_path / "w.safetensors")
    runs = tmp_path / "runs"
    seen: list[list[Path]] = []

    def die(*words: object) -> None:
        seen.append(list(runs.glob("[!.]*")))
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", die)
    words = ("--data", pictures, "--arch", network, "--runs", runs)
    assert tell("import", tmp_path / "w.safetensors", *words)[0] != 0
    assert seen == [[]]
    assert list(runs.iterdir()) == []


def test_weights_of_another_network_leave_nothing(
    tell: Tell, pictures: Path, network: Path, tmp_path: Path
) -> None:
    weights(tmp_path / "w.safetensors")
    network.write_text(NETWORK.replace("Conv2d(4", "Conv2d(5"))
    words = ("--data", pictures, "--arch", network, "--runs", tmp_path / "runs")
    code, _, err = tell("import", tmp_path / "w.safetensors", *words)
    assert code == 1
    assert "conv1.weight (5, 1, 3, 3)" in err
    assert "0.weight (4, 1, 3, 3)" in err
    assert not (tmp_path / "runs").exists()
