"""`cnn-tui export`: what it writes, what it refuses, and a data set that no code has seen."""

from __future__ import annotations

import builtins
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnlib.runs.directory import Run, find
from tui.cli import run as cnn_tui
from tui.experiment import load_data, load_model

ENDINGS = {
    "onnx": (".onnx",),
    "safetensors": (".safetensors",),
    "numpy": (".py",),
    "torch": (".safetensors", ".py"),
    "keras": (".npz", ".py"),
}
NETWORK = "Conv2d(4, padding=1)\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(3)\n"
FOREIGN = "Conv2d(8, padding=1)\nBatchNorm2d()\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(5)\n"
COLOURS = {
    "blue": (20, 30, 220),
    "green": (20, 220, 30),
    "grey": (120, 120, 120),
    "red": (220, 20, 30),
    "yellow sand": (220, 210, 40),
}


class Told:
    """What one command line gave."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Tell = Callable[..., Told]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Carries out a command line in this process."""

    def carry_out(*words: object) -> Told:
        capsys.readouterr()
        code = cnn_tui([str(word) for word in words])
        captured = capsys.readouterr()
        return Told(code, captured.out, captured.err)

    return carry_out


@pytest.fixture(scope="session")
def bars(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of three classes, to look at only."""
    root = tmp_path_factory.mktemp("bars")
    (root / "net.txt").write_text(NETWORK)
    words = ["train", "--data", str(pictures), "--arch", str(root / "net.txt"), "--epochs", "2"]
    assert cnn_tui([*words, "--lr", "0.02", "--runs", str(root / "runs")]) == 0
    return find(root / "runs")


@pytest.mark.parametrize("to", ENDINGS)
@pytest.mark.parametrize("which", ["best", "last"])
def test_it_writes_the_files_of_the_format(
    tell: Tell, bars: Run, to: str, which: str, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    file = tmp_path / f"net{ENDINGS[to][-1]}"
    told = tell("export", bars.path, "--to", to, file, "--which", which, "--json")
    assert told.code == 0, told.err
    assert told.json["files"] == [str(file.with_suffix(ending)) for ending in ENDINGS[to]]
    assert told.json["classes"] == ["0", "1", "2"]
    assert {path.name for path in tmp_path.iterdir()} == {f"net{end}" for end in ENDINGS[to]}


def test_it_prints_the_files(tell: Tell, bars: Run, tmp_path: Path) -> None:
    told = tell("export", bars.path, "--to", "torch", tmp_path / "net.py")
    assert told.out.splitlines() == [str(tmp_path / "net.safetensors"), str(tmp_path / "net.py")]


@pytest.mark.parametrize(("to", "there"), [("numpy", "net.py"), ("torch", "net.safetensors")])
def test_a_file_that_is_there_stays_unless_forced(
    tell: Tell, bars: Run, to: str, there: str, tmp_path: Path
) -> None:
    (tmp_path / there).write_text("mine")
    told = tell("export", bars.path, "--to", to, tmp_path / "net.py")
    assert told.code == 2
    assert "--force" in told.err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    assert tell("export", bars.path, "--to", to, tmp_path / "net.py", "--force").code == 0
    assert (tmp_path / there).read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--to", "tflite", "net.onnx"), 2, "onnx, safetensors, numpy, torch, keras"),
        (("--to", "onnx", "net.pt"), 2, "ends in .onnx"),
        (("--to", "numpy", "net.py", "--which", "worst"), 2, "best or last"),
        (("--to", "safetensors", "a.safetensors", "--names", "mine"), 2, "layers or numbers"),
        (("--to", "numpy", "net.py", "--names", "numbers"), 2, "safetensors"),
        (("--to", "numpy", "no/such/folder/net.py"), 1, "No such file or directory"),
        (("net.py",), 2, "--to"),
    ],
)
def test_wrong_words_are_one_line(
    tell: Tell, bars: Run, words: tuple[str, ...], code: int, said: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    told = tell("export", bars.path, *words)
    assert (told.code, len(told.err.splitlines())) == (code, 1)
    assert said in told.err
    assert not list(tmp_path.iterdir())


def test_a_run_without_a_checkpoint_says_so(tell: Tell, bars: Run, tmp_path: Path) -> None:
    shutil.copytree(bars.path, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    told = tell("export", tmp_path / "run", "--to", "numpy", tmp_path / "net.py")
    assert told.code == 1
    assert "checkpoint" in told.err


def test_without_onnx_the_extra_is_named(
    tell: Tell, bars: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without_onnx(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "onnx":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    told = tell("export", bars.path, "--to", "onnx", tmp_path / "net.onnx")
    assert told.code == 2
    assert "pip install 'cnn-tui[onnx]'" in told.err
    assert not list(tmp_path.iterdir())


def test_the_script_names_the_classes_of_the_test_images(
    tell: Tell, bars: Run, tmp_path: Path
) -> None:
    assert tell("export", bars.path, "--to", "numpy", tmp_path / "predict.py").code == 0
    test = load_data(bars).test
    np.save(tmp_path / "test.npy", test.images)
    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "predict.py"), str(tmp_path / "test.npy")],
        capture_output=True,
        text=True,
        check=True,
    )
    named = [line.split("\t")[2] for line in done.stdout.splitlines()[1:]]
    expected = load_model(bars).predict(test.images).argmax(axis=1)
    assert named == [str(label) for label in expected]


def paint(folder: Path) -> None:
    """Noisy pictures of 20 x 24 in five colours, a folder for each."""
    rng = np.random.default_rng(3)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(40):
            noisy = np.clip(np.array(colour) + rng.normal(0, 25, (24, 20, 3)), 0, 255)
            Image.fromarray(noisy.astype(np.uint8)).save(folder / name / f"{number:02d}.png")


def test_a_folder_nobody_has_seen_goes_to_a_trained_network_to_onnx(
    tell: Tell, tmp_path: Path
) -> None:
    """Five classes, RGB, 24 x 20 pixels: from pictures to a graph, by commands alone."""
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    paint(tmp_path / "colours")
    (tmp_path / "net.txt").write_text(FOREIGN)
    told = tell(
        "train", "--data", tmp_path / "colours", "--arch", tmp_path / "net.txt", "--epochs", "6",
        "--batch-size", "16", "--lr", "0.01", "--runs", tmp_path / "runs",
    )  # fmt: skip
    assert told.code == 0, told.err
    run = find(tmp_path / "runs")
    file = tmp_path / "colours.onnx"
    assert tell("export", run.path, "--to", "onnx", file).code == 0

    session = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    words = session.get_modelmeta().custom_metadata_map
    assert json.loads(words["classes"]) == sorted(COLOURS)
    assert words["run"] == run.id
    test = load_data(run).test
    assert test.images.shape[1:] == (3, 24, 20)
    probabilities = session.run(["probabilities"], {"image": test.images})[0]
    expected = load_model(run).predict(test.images)
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)
    assert np.mean(probabilities.argmax(axis=1) == test.labels) > 0.9
