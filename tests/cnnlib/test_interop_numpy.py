"""The exported script computes what the network does, with nothing but NumPy."""

from __future__ import annotations

import ast
import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interop_cases import NAMES, case_of, images_for

from cnnlib.interop import TrainedModel, to_script
from cnnlib.layers import Dense, Flatten
from cnnlib.model import Sequential

ALONE = """
import runpy, sys
class OnlyNumpy:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {"numpy", *sys.stdlib_module_names}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, OnlyNumpy())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs a script where nothing can be imported but NumPy and the standard library."""
    return subprocess.run(
        [sys.executable, "-I", "-c", ALONE, *map(str, words)], capture_output=True, text=True
    )


def imported(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "predict"}
    exec(compile(source, "predict.py", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("name", NAMES)
def test_it_computes_what_the_network_does(name: str) -> None:
    trained = case_of(name)
    images = images_for(trained, 150)
    found = imported(to_script(trained))["predict"](images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, trained.model.predict(images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_it_holds_only_what_the_network_uses(name: str) -> None:
    module = ast.parse(to_script(case_of(name)), feature_version=(3, 9))
    functions = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    called = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    assert functions <= called
    packages = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {str(name).split(".")[0] for name in packages} <= {"numpy", *sys.stdlib_module_names}


@pytest.mark.parametrize("name", ["lenet", NAMES[-1]])
def test_it_runs_alone_on_files(name: str, tmp_path: Path) -> None:
    trained = case_of(name)
    images = images_for(trained, 20)
    script = tmp_path / "predict.py"
    script.write_text(to_script(trained))
    np.save(tmp_path / "images.npy", images)
    header = bytes((0, 0, 8, 4)) + b"".join(n.to_bytes(4, "big") for n in images.shape)
    (tmp_path / "images.gz").write_bytes(gzip.compress(header + images.tobytes()))
    done = run_alone(script, tmp_path / "images.npy", tmp_path / "images.gz", "--all")
    assert done.returncode == 0, done.stderr
    head, *lines = (line.split("\t") for line in done.stdout.splitlines())
    assert head == ["file", "image", "class", "probability", *trained.classes]
    assert [line[1] for line in lines] == [str(n) for n in range(20)] * 2
    expected = np.tile(trained.model.predict(images), (2, 1))
    np.testing.assert_allclose(np.array([line[4:] for line in lines], float), expected, atol=1e-5)
    assert [line[2] for line in lines] == [trained.classes[k] for k in expected.argmax(axis=1)]


def test_images_are_understood_however_they_are_kept() -> None:
    trained = case_of("lenet")
    predict = imported(to_script(trained))["predict"]
    images = images_for(trained, 3)
    expected = predict(images)
    for same in (
        images[:, 0],
        images.transpose(0, 2, 3, 1),
        images.astype(np.int64),
        images / 255,
        images.astype(np.float32) / np.float32(255),
    ):
        np.testing.assert_allclose(predict(same), expected, atol=1e-6)
    for one in (images[0], images[0, 0]):
        np.testing.assert_allclose(predict(one), expected[:1], atol=1e-6)
    assert predict(images[:0]).shape == (0, 10)


def test_rgb_images_with_channels_at_the_end_are_turned() -> None:
    trained = TrainedModel(Sequential([Flatten(), Dense(2)], (3, 5, 4)), ("a", "b"))
    predict = imported(to_script(trained))["predict"]
    images = images_for(trained, 4)
    np.testing.assert_array_equal(predict(images.transpose(0, 2, 3, 1)), predict(images))


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 1, 28, 27), np.uint8), np.full((1, 28, 28), 2.0), np.full((28, 28), -1)]
)
def test_other_images_are_refused(wrong: np.ndarray) -> None:
    predict = imported(to_script(case_of("tiny")))["predict"]
    with pytest.raises(ValueError, match="expected"):
        predict(wrong)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"\0\0\x08\x03\0\0\0\x01",
        b"\0\0\x08\x01\xff\xff\xff\xff",
        b"\x1f\x8bno",
        gzip.compress(bytes(100), mtime=0)[:10] + b"damage",
        b"\x93NUMPY\x01\0\x10\0{'descr': '|u1'}",
    ],
)
def test_a_wrong_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    script, wrong = tmp_path / "predict.py", tmp_path / "images"
    script.write_text(to_script(case_of("tiny")))
    wrong.write_bytes(content)
    done = run_alone(script, wrong)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    trained = case_of("tiny")
    script, images = tmp_path / "predict.py", tmp_path / "images.npy"
    script.write_text(to_script(trained))
    np.save(images, images_for(trained, 3000))
    words = f"'{sys.executable}' '{script}' '{images}' --all | head -n 1"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True)
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)


@pytest.mark.parametrize(
    "word", ['"""', "\\", "'", '"', "a\nb", "ä ✓ 𝒂", "\0", "\ud800", "{x}", "%s", "", " "]
)
def test_names_are_text_whatever_they_are(word: str) -> None:
    model = Sequential([Flatten(), Dense(2)], (1, 2, 2))
    trained = TrainedModel(model, (word, "b"), run=word, data=word)
    assert imported(to_script(trained))["CLASSES"] == [word, "b"]
