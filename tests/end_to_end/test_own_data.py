"""Data that the code has never seen, from files to a trained network and its answers, by command.

Everything goes through `cnn-tui` as a process of its own; the files are written by the programs
that people have: pandas for Kaggle's CSV, Pillow for pictures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import data


def cnn_tui(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Carry out a command line in a folder."""
    environment = os.environ | {"CNN_TUI_RUNS": str(folder / "runs")}
    command = [sys.executable, "-m", "tui", *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )


def told(folder: Path, *words: object) -> Any:
    """The last line of what a command says as JSON."""
    done = cnn_tui(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def frame(split: data.Split) -> pd.DataFrame:
    pixels = split.images.reshape(-1, 784)
    return pd.DataFrame(pixels, columns=[f"pixel{place}" for place in range(784)])


def test_kaggle_from_train_csv_to_submission_csv(tmp_path: Path) -> None:
    digits = data.load("mnist-5k")
    order = np.random.default_rng(0).permutation(len(digits.train))
    learned, unknown = digits.train.take(order[:2500]), digits.train.take(order[2500:2800])
    train = frame(learned)
    train.insert(0, "label", learned.labels)
    train.to_csv(tmp_path / "train.csv", index=False)
    frame(unknown).to_csv(tmp_path / "test.csv", index=False)
    header = (tmp_path / "train.csv").read_text().splitlines()[0]
    assert header.startswith("label,pixel0,")
    assert header.endswith(",pixel783")

    asked = ("--epochs", 3, "--ranks", 1, "--name", "kaggle")
    ended = told(tmp_path, "train", "--data", "train.csv", *asked)
    assert ended["test_accuracy"] > 0.8
    done = cnn_tui(tmp_path, "predict", "kaggle", "test.csv", "--submission", "submission.csv")
    assert done.returncode == 0, done.stderr

    lines = (tmp_path / "submission.csv").read_bytes().split(b"\n")
    assert lines[0] == b"ImageId,Label"
    assert lines[-1] == b""
    assert len(lines) == 302
    submitted = pd.read_csv(tmp_path / "submission.csv")
    assert submitted.dtypes.tolist() == [np.int64, np.int64]
    assert submitted["ImageId"].tolist() == [*range(1, 301)]
    assert (submitted["Label"] == unknown.labels).mean() > 0.8

    refused = cnn_tui(tmp_path, "train", "--data", "test.csv", *asked)
    assert refused.returncode == 1
    assert "train on train.csv, predict on test.csv" in refused.stderr


def pictures(root: Path, classes: list[str], *, each: int, size: tuple[int, int]) -> None:
    """Coloured pictures: a bright block whose place and colour say the class, on noise."""
    rng = np.random.default_rng(0)
    height, width = size
    for label, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        row, column = 4 * (label // 5 % 5), 4 * (label % 5)
        for place in range(each):
            pixels = rng.integers(0, 50, (height, width, 3), dtype=np.uint8)
            pixels[row : row + 4, column : column + 4, label // 25] = 220
            Image.fromarray(pixels).save(root / name / f"{place}.png")


@pytest.mark.parametrize("classes", [3, 47])
def test_a_folder_of_coloured_pictures_is_learned_with_no_edit_of_code(
    tmp_path: Path, classes: int
) -> None:
    names = [f"sort {number}" for number in range(classes)]
    pictures(tmp_path / "mine", names, each=40 if classes < 9 else 20, size=(20, 24))
    shown = told(tmp_path, "data", "show", "mine")
    assert shown["image_shape"] == [3, 20, 24]
    assert shown["classes"] == names
    batch = ("--epochs", 12, "--batch-size", 16, "--ranks", 1)
    ended = told(tmp_path, "train", "--data", "mine", "--name", "mine", *batch)
    assert ended["test_accuracy"] > 0.9
    report = told(tmp_path, "evaluate", "mine")
    assert report["classes"] == names
    assert report["accuracy"] == ended["test_accuracy"]

    Image.open(tmp_path / "mine" / "sort 2" / "0.png").resize((48, 40)).save(tmp_path / "new.jpg")
    refused = cnn_tui(tmp_path, "predict", "mine", "new.jpg")
    assert refused.returncode == 1
    assert "20x24" in refused.stderr
    assert "--resize" in refused.stderr
    [answer] = told(tmp_path, "predict", "mine", "new.jpg", "--resize")
    assert answer["predicted"] == "sort 2"
    assert len(answer["probabilities"]) == classes


def test_pictures_of_many_sizes_are_resized_only_when_asked(tmp_path: Path) -> None:
    pictures(tmp_path / "mine" / "train", ["bar", "ring"], each=30, size=(20, 20))
    pictures(tmp_path / "mine" / "val", ["bar", "ring"], each=9, size=(20, 20))
    for place, path in enumerate(sorted((tmp_path / "mine").rglob("*.png"))):
        if place % 2:
            Image.open(path).resize((40, 30)).save(path)
    batch = ("--epochs", 8, "--batch-size", 8, "--ranks", 1, "--name", "sizes")
    refused = cnn_tui(tmp_path, "train", "--data", "mine", *batch)
    assert refused.returncode == 1
    assert "--resize" in refused.stderr
    assert not list((tmp_path / "runs").glob("*"))
    ended = told(tmp_path, "train", "--data", "mine", "--resize", "16", *batch)
    assert ended["test_accuracy"] > 0.8
    assert told(tmp_path, "evaluate", "sizes")["accuracy"] == ended["test_accuracy"]
    described = told(tmp_path, "runs", "show", "sizes")
    assert "16x16" in json.dumps(described)
