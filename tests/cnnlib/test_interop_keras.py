"""The Keras source is Python in any case, and computes what the network does where Keras is."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from interop_cases import NAMES, case_of, images_for

from cnnlib.interop import TrainedModel, export, to_keras
from cnnlib.model import Sequential

RUN = """
import runpy, sys
import numpy as np
for folder in sys.argv[1:]:
    module = runpy.run_path(f"{folder}/network.py")
    probabilities = module["predict"](module["load"](), np.load(f"{folder}/images.npy"))
    np.save(f"{folder}/probabilities.npy", probabilities)
"""
TEXT = """\
Conv2d(4, stride=2, padding=1, bias=False)
BatchNorm2d(momentum=0.3, eps=0.01)
GELU()
Conv2d(4, padding="same", groups=2)
MaxPool2d(3, stride=2)
Flatten()
Dense(3)
"""


@pytest.mark.parametrize("name", NAMES)
def test_it_is_python_that_names_every_array_once(name: str) -> None:
    trained = case_of(name)
    module = ast.parse(to_keras(trained))
    compile(module, "network.py", "exec")
    arrays = next(
        ast.literal_eval(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ARRAYS"
    )
    assert sorted(name for names in arrays.values() for name in names) == sorted(
        trained.model.tensors()
    )
    named = [
        node.value.value
        for node in ast.walk(module)
        if isinstance(node, ast.keyword) and node.arg == "name"
    ]
    assert sorted(ast.literal_eval(ast.Constant(name)) for name in named) == sorted(arrays)


def test_what_keras_means_by_the_same_words_is_said() -> None:
    model = Sequential.parse(TEXT, (2, 9, 9))
    source = to_keras(TrainedModel(model, tuple("abc")))
    for line in (
        "keras.Input((9, 9, 2))",
        "x = layers.ZeroPadding2D(1)(x)",
        'layers.Conv2D(4, 3, strides=2, use_bias=False, name="conv1")(x)',
        'layers.BatchNormalization(momentum=0.7, epsilon=0.01, name="norm1")(x)',
        "ops.gelu(x, approximate=True)",
        'layers.Conv2D(4, 3, padding="same", groups=2, name="conv2")(x)',
        "layers.MaxPooling2D(3, strides=2)(x)",
        "layers.Permute((3, 1, 2))(x)",
    ):
        assert line in source


@pytest.mark.skipif(
    not (importlib.util.find_spec("keras") and importlib.util.find_spec("torch")),
    reason="Keras, or PyTorch as what it computes with, is not installed",
)
def test_keras_computes_what_the_network_does(tmp_path: Path) -> None:
    folders = []
    for number, name in enumerate(NAMES):
        trained = case_of(name)
        folder = tmp_path / str(number)
        folder.mkdir()
        export(trained, "keras", folder / "network.py")
        images = images_for(trained, 20).transpose(0, 2, 3, 1)
        np.save(folder / "images.npy", images)
        folders.append(folder)
    done = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, folders)],
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for folder, name in zip(folders, NAMES, strict=True):
        trained = case_of(name)
        expected = trained.model.predict(images_for(trained, 20))
        found = np.load(folder / "probabilities.npy")
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5, err_msg=name)
