"""The command line: what it prints, what it leaves, and what it exits with."""

from __future__ import annotations

import csv
import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from cnnlib.architectures import ARCHITECTURES
from cnnlib.runs.directory import Run, find, list_runs
from cnnlib.runs.lock import RunLock
from tui.cli import run as cnn_tui
from tui.cli.comparison import print_comparison
from tui.experiment import load_data, load_model

ARCHITECTURE = "Conv2d(4, kernel=3)\nReLU()\nMaxPool2d(2)\nConv2d(3)\nFlatten()\nDense(3)\n"


class Told:
    """What one command line gave."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


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
def words_of_training(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A quick training, as words without the directory of runs."""
    architecture = tmp_path_factory.mktemp("arch") / "small.txt"
    architecture.write_text(ARCHITECTURE)
    return [
        "train", "--data", str(pictures), "--arch", str(architecture),
        "--epochs", "2", "--batch-size", "16", "--lr", "0.02",
    ]  # fmt: skip


@pytest.fixture(scope="session")
def trained(words_of_training: list[str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run, to look at only."""
    root = tmp_path_factory.mktemp("trained")
    assert cnn_tui([*words_of_training, "--runs", str(root)]) == 0
    return find(root)


# ---------------------------------------------------------------------------------- training


def test_train_with_json_prints_every_event_and_the_sums_last(
    tell: Tell, words_of_training: list[str], tmp_path: Path
) -> None:
    told = tell(*words_of_training, "--runs", tmp_path, "--json")
    assert told.code == 0
    assert told.err == ""
    events = told.lines
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["event"] == "RunStarted"
    last = events[-1]
    assert last["event"] == "RunEnded"
    assert last["test_accuracy"] > 0.9
    assert last["epochs"] == 2
    assert last["images_per_second"] > 0
    assert last["seconds"] > 0
    assert last["run"] == find(tmp_path).id
    journal = find(tmp_path).journal_path.read_text().splitlines()
    assert events[:-1] == [json.loads(line) for line in journal[:-1]]


def test_the_same_command_twice_gives_the_same_bits(
    tell: Tell, words_of_training: list[str], tmp_path: Path, trained: Run
) -> None:
    assert tell(*words_of_training, "--runs", tmp_path).code == 0
    again = find(tmp_path)
    for which in ("best", "last"):
        np.testing.assert_array_equal(
            load_model(trained, which).flat_parameters, load_model(again, which).flat_parameters
        )
    assert again.report_path.read_bytes() == trained.report_path.read_bytes()


def test_train_without_json_prints_lines_for_people(
    tell: Tell, words_of_training: list[str], tmp_path: Path
) -> None:
    told = tell(*words_of_training, "--runs", tmp_path)
    assert str(find(tmp_path).path) in told.out
    assert "epoch 2 ended" in told.out
    assert "test accuracy" in told.out.splitlines()[-1]
    assert "\x1b" not in told.out


def test_the_words_of_the_command_line_reach_the_run(
    tell: Tell, words_of_training: list[str], tmp_path: Path
) -> None:
    told = tell(
        *words_of_training, "--runs", tmp_path, "--optimizer", "SGD(momentum=0.5)", "--clip", "1.5",
        "--augment", "Shift(1)", "--loss", "CrossEntropyLoss()", "--seed", "5", "--split-seed", "6",
        "--validation", "0.2", "--patience", "4", "--average", "ExponentialMovingAverage()",
        "--schedule", "Constant(0.5)", "--name", "my run",
    )  # fmt: skip
    assert told.code == 0, told.err
    run = find(tmp_path)
    assert run.id.endswith("my-run")
    description = run.description()
    training = description["training"]
    assert training["optimizer"] == "SGD(momentum=0.5)"
    assert training["schedule"] == "Constant(rate=0.02)"  # --lr changes whichever schedule
    assert training["loss"] == "CrossEntropyLoss()"
    assert training["augment"] == "Shift(pixels=1)"
    assert training["stopping"] == "EarlyStopping(patience=4)"
    assert training["average"] == "ExponentialMovingAverage()"
    assert (training["clip"], training["seed"], training["epochs"]) == (1.5, 5, 2)
    assert description["data"]["split_seed"] == 6
    assert description["data"]["valid"] == 60


def test_a_run_toml_is_a_configuration(tell: Tell, trained: Run, tmp_path: Path) -> None:
    told = tell("train", "--config", trained.description_path, "--runs", tmp_path)
    assert told.code == 0, told.err
    assert find(tmp_path).report_path.read_bytes() == trained.report_path.read_bytes()


def test_a_share_that_holds_nothing_out_is_refused(
    tell: Tell, words_of_training: list[str], tmp_path: Path
) -> None:
    told = tell(*words_of_training, "--validation", "0.00001", "--runs", tmp_path)
    assert told.code == 2
    assert "validation" in told.err
    assert "holds out none" in told.err


def test_what_is_over_is_not_resumed(tell: Tell, trained: Run) -> None:
    told = tell("resume", trained.path)
    assert told.code == 1
    assert told.out == ""
    assert "is over" in told.err


@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
def test_what_diverged_is_resumed_at_a_lower_rate(
    tell: Tell, words_of_training: list[str], tmp_path: Path
) -> None:
    wild = ["--optimizer", "SGD()", "--schedule", "Constant()", "--lr", "1e9"]
    told = tell(*words_of_training[:-2], *wild, "--runs", tmp_path)
    assert told.code == 1
    assert "lower learning rate" in told.err
    assert len(told.err.splitlines()) == 1
    run = find(tmp_path)
    assert f"cnn-tui resume {run.id} --lr" in told.err
    refused = tell("resume", run.path)
    assert "--lr" in refused.err  # the same steps would diverge again
    assert refused.out == ""
    assert tell("resume", run.path, "--lr", "-1").code == 2
    last = tell("resume", run.path, "--lr", "0.05", "--json").lines[-1]
    assert (last["reason"], last["epoch"]) == ("finished", 2)


@pytest.mark.parametrize(
    "words",
    [("pause",), ("stop",), ("step",), ("abandon",), ("snapshot",), ("evaluate", "--now")],
)
def test_nobody_at_work_cannot_be_asked(tell: Tell, trained: Run, words: tuple[str, ...]) -> None:
    told = tell(words[0], trained.path, *words[1:])
    assert told.code == 1
    assert "expected a trainer at work, received none: the run is finished" in told.err
    assert tell("rate", trained.path, 0.01).code == 1
    assert not trained.commands_path.exists()


@pytest.mark.parametrize("rate", ["0", "inf", "nan", "much"])
def test_a_rate_is_a_number_above_zero(tell: Tell, trained: Run, rate: str) -> None:
    assert tell("rate", trained.path, rate).code == 2


def test_who_does_not_answer_is_named(tell: Tell, trained: Run) -> None:
    """A process that holds the lock and looks at nothing."""
    with RunLock(trained):
        told = tell("snapshot", trained.path, "--wait", 0.05)
        as_json = tell("snapshot", trained.path, "--wait", 0.05, "--json")
    trained.commands_path.unlink()
    assert told.code == as_json.code == 1
    assert f"no answer within 0.05 seconds: process {os.getpid()} on" in told.err
    assert as_json.json["done"] is None


def test_silence_elsewhere_is_said(tell: Tell, trained: Run) -> None:
    """A trainer on another host that has not been heard of for an hour, or has just been."""
    name = {"host": "elsewhere", "pid": 4711, "token": "a"}
    trained.lock_path.write_text(json.dumps(name))
    assert tell("snapshot", trained.path, "--wait", 0.05).code == 1
    assert trained.commands_path.exists()  # it may come to read it
    trained.commands_path.unlink()
    os.utime(trained.lock_path, (time.time() - 3600,) * 2)
    told = tell("snapshot", trained.path)
    trained.lock_path.unlink()
    assert told.code == 1
    assert "process 4711 on elsewhere, silent for 60 minutes" in told.err
    assert not trained.commands_path.exists()


# ----------------------------------------------------------------------------------- results


def test_evaluate_agrees_with_scikit_learn(tell: Tell, trained: Run) -> None:
    report = tell("evaluate", trained.path, "--json").json
    test = load_data(trained).test
    predicted = load_model(trained).predict(test.images).argmax(axis=1)
    assert report["accuracy"] == pytest.approx(accuracy_score(test.labels, predicted), abs=1e-12)
    assert report["confusion"] == confusion_matrix(test.labels, predicted).tolist()
    expected = precision_recall_fscore_support(test.labels, predicted, zero_division=0.0)
    for place, name in enumerate(("precision", "recall", "f1", "support")):
        found = [scores[name] for scores in report["per_class"].values()]
        assert found == pytest.approx(list(expected[place]), abs=1e-12)


def test_evaluate_on_other_splits_and_weights(tell: Tell, trained: Run, pictures: Path) -> None:
    test = tell("evaluate", trained.path, "--json").json
    assert test["examples"] == 60
    assert tell("evaluate", trained.path, "--split", "valid", "--json").json["examples"] == 30
    last = tell("evaluate", trained.path, "--split", "train", "--which", "last", "--json").json
    assert last["examples"] == 270
    same = tell("evaluate", trained.path, "--data", pictures, "--json").json
    assert same["confusion"] == test["confusion"]
    assert "accuracy" in tell("evaluate", trained.path).out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--split", "other"], 2, "train, valid or test"),
        (["--split", "other", "--data", "not-there"], 2, "train, valid or test"),
        (["--which", "worst"], 2, "best or last"),
        (["--data", "mnist-5k"], 1, "(1, 12, 12)"),
    ],
)
def test_evaluate_says_what_does_not_fit(
    tell: Tell, trained: Run, words: list[str], code: int, told: str
) -> None:
    found = tell("evaluate", trained.path, *words)
    assert found.code == code
    assert told in found.err
    assert len(found.err.splitlines()) == 1


def test_figures_leaves_all_kinds(tell: Tell, trained: Run, tmp_path: Path) -> None:
    told = tell("figures", trained.path, "--out", tmp_path, "--format", "png")
    assert told.code == 0, told.err
    written = {Path(line).name for line in told.out.splitlines()}
    assert written == {path.name for path in tmp_path.iterdir()}
    assert written == {
        "curves.png", "confusion.png", "mistakes.png", "classes.png", "reliability.png",
        "feature-maps-conv1.png", "feature-maps-conv2.png", "filters-conv1.png",
        "filters-conv2.png",
    }  # fmt: skip
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            assert min(picture.size) > 200


def test_figures_draws_some_in_other_formats(tell: Tell, trained: Run, tmp_path: Path) -> None:
    words = ("figures", trained.path, "--only", "curves, filters", "--format", "svg")
    told = tell(*words, "--out", tmp_path, "--json")
    assert [Path(path).name for path in told.json] == [
        "curves.svg", "filters-conv1.svg", "filters-conv2.svg",
    ]  # fmt: skip
    assert all(Path(path).read_text().lstrip().startswith("<?xml") for path in told.json)


@pytest.mark.parametrize(
    "words", [["--format", "gif"], ["--only", "curves,confusions"], ["--sample", "60"]]
)
def test_figures_refuses_before_it_draws(
    tell: Tell, trained: Run, tmp_path: Path, words: list[str]
) -> None:
    only = [] if "--only" in words else ["--only", "feature-maps"]
    told = tell("figures", trained.path, "--out", tmp_path / "out", *words, *only)
    assert told.code == 2
    assert not (tmp_path / "out").exists()


def test_predict_names_the_classes_of_pictures(
    tell: Tell, trained: Run, tmp_path: Path, pictures: Path
) -> None:
    test = load_data(trained).test
    expected = load_model(trained).predict(test.images[:2])
    files = []
    for place in range(2):
        files.append(tmp_path / f"{place}.png")
        Image.fromarray(test.images[place, 0]).save(files[-1])
    rows = tell("predict", trained.path, *files, "--json").json
    assert [row["predicted"] for row in rows] == [str(row.argmax()) for row in expected]
    for row, probabilities in zip(rows, expected, strict=True):
        np.testing.assert_allclose(list(row["probabilities"].values()), probabilities, atol=1e-6)
    assert str(files[1]) in tell("predict", trained.path, *files).out


def test_predict_writes_a_submission(tell: Tell, trained: Run, tmp_path: Path) -> None:
    test = load_data(trained).test
    table, out = tmp_path / "test.csv.gz", tmp_path / "submission.csv"
    rows = [",".join(f"pixel{place}" for place in range(144))]
    rows += [",".join(map(str, image.ravel())) for image in test.images[:5]]
    table.write_bytes(gzip.compress("\n".join(rows).encode()))
    told = tell("predict", trained.path, table, "--submission", out)
    assert told.code == 0, told.err
    labels = load_model(trained).predict(test.images[:5]).argmax(axis=1)
    with out.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["ImageId", "Label"],
            *([str(place), str(label)] for place, label in enumerate(labels, 1)),
        ]


@pytest.mark.parametrize("kind", ["folder", "text", "missing", "size", "huge", "array"])
def test_predict_says_what_is_wrong_and_what_to_do(
    tell: Tell, trained: Run, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "it"
    if kind == "folder":
        (path / "empty").mkdir(parents=True)
    elif kind == "text":
        path.write_text("hello")
    elif kind == "size":
        path = tmp_path / "it.png"
        Image.new("RGB", (40, 50)).save(path)
    elif kind == "huge":
        path = tmp_path / "it.csv"
        path.write_text("pixel0\n" + "9" * 400 + "\n")
    elif kind == "array":
        path = tmp_path / "it.npz"
        np.savez(path, x=np.zeros((2, 5, 5), np.uint8))
    told = tell("predict", trained.path, path)
    assert told.code == 1
    assert len(told.err.splitlines()) == 1
    assert str(path) in told.err
    assert "expected" in told.err
    assert "received" in told.err
    assert ("--resize" in told.err) == (kind in ("size", "array"))


def test_predict_resizes_when_asked(tell: Tell, trained: Run, tmp_path: Path) -> None:
    test = load_data(trained).test
    expected = load_model(trained).predict(test.images[:12]).argmax(axis=1)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for place in range(12):  # each pixel four times, in colours: what is shrunk is what was
        large = test.images[place, 0].repeat(4, axis=0).repeat(4, axis=1)
        Image.fromarray(large).convert("RGB").save(folder / f"{place}.png")
    rows = tell("predict", trained.path, folder, "--resize", "--json").json
    assert [Path(row["file"]).name for row in rows] == [f"{place}.png" for place in range(12)]
    same = np.mean([row["predicted"] == str(k) for row, k in zip(rows, expected, strict=True)])
    assert same > 0.8


@pytest.mark.parametrize("kind", ["npz", "idx"])
def test_predict_takes_files_of_many_images(
    tell: Tell, trained: Run, tmp_path: Path, kind: str
) -> None:
    images = load_data(trained).test.images[:5]
    path = tmp_path / f"images.{kind}"
    if kind == "npz":
        np.savez(path, x_test=images, y_test=np.arange(5))
    else:
        sizes = b"".join(size.to_bytes(4, "big") for size in (5, *images.shape[2:]))
        path.write_bytes(b"\0\0\x08\x03" + sizes + images.tobytes())
    rows = tell("predict", trained.path, path, "--json").json
    expected = load_model(trained).predict(images).argmax(axis=1)
    assert [row["predicted"] for row in rows] == [str(label) for label in expected]
    assert [row["index"] for row in rows] == [0, 1, 2, 3, 4]


# -------------------------------------------------------------------------------------- data


def test_data_list_names_the_default(tell: Tell) -> None:
    entries = {entry["name"]: entry for entry in tell("data", "list", "--json").json}
    assert entries["mnist-5k"]["state"] == "embedded"
    assert entries["mnist"]["train"] == 60000
    assert "mnist-5k" in tell("data", "list").out


def test_data_show_describes(tell: Tell, pictures: Path) -> None:
    shown = tell("data", "show", pictures, "--json").json
    assert shown["splits"]["train"]["images"] == 300
    assert shown["counts"]["0"]["test"] == 20
    told = tell("data", "show", pictures).out
    assert "background" in told
    assert "within train" in told


def test_data_fetch_of_the_embedded_set_needs_no_network(tell: Tell) -> None:
    told = tell("data", "fetch", "mnist-5k")
    assert (told.code, told.out) == (0, "mnist-5k: comes with the installation\n")
    fetched = tell("data", "fetch", "mnist-5k", "--json").json
    assert fetched == {"name": "mnist-5k", "path": None}
    assert tell("data", "fetch", "mnist-6k").code == 2


# -------------------------------------------------------------------------------------- runs


def test_runs_are_listed_and_shown(tell: Tell, trained: Run) -> None:
    root = trained.path.parent
    (listed,) = tell("runs", "list", "--runs", root, "--json").json
    assert (listed["id"], listed["state"], listed["epochs"]) == (trained.id, "finished", 2)
    assert trained.id in tell("runs", "list", "--runs", root).out
    shown = tell("runs", "show", "small", "--runs", root, "--json").json
    assert shown["description"]["model"]["architecture"] == ARCHITECTURE
    assert "Conv2d(3)" in tell("runs", "show", "small", "--runs", root).out


def test_the_name_of_a_run_is_not_taken_for_that_of_its_network(
    tell: Tell, words_of_training: list[str], tmp_path: Path
) -> None:
    for name in ("try", "other try"):
        words = [*words_of_training, "--epochs", "1", "--name", name, "--runs", tmp_path]
        assert tell(*words).code == 0
    listed = tell("runs", "list", "--runs", tmp_path, "--json").json
    assert {run["architecture"] for run in listed} == {"small"}
    assert sorted(run["id"][20:] for run in listed) == ["other-try", "try"]


def test_an_empty_directory_of_runs_is_no_error(tell: Tell, tmp_path: Path) -> None:
    told = tell("runs", "list", "--runs", tmp_path / "none")
    assert told.code == 0
    assert "cnn-tui train" in told.out
    assert tell("runs", "list", "--runs", tmp_path / "none", "--json").json == []


def test_runs_are_compared_by_what_differs(
    tell: Tell, words_of_training: list[str], tmp_path: Path
) -> None:
    for seed in ("1", "2"):
        tell(*words_of_training, "--runs", tmp_path, "--seed", seed, "--name", f"seed{seed}")
    compared = tell("runs", "compare", "seed1", "seed2", "--runs", tmp_path, "--json").json
    assert compared["differences"]["training.seed"] == [1, 2]
    assert "training.epochs" not in compared["differences"]
    assert "training.seed" in tell("runs", "compare", "seed1", "seed2", "--runs", tmp_path).out


def test_a_comparison_is_as_wide_as_the_terminal_and_thins_the_epochs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    course = [
        {"epoch": i, "train_loss": 1 / i, "valid_loss": 1.0, "valid_accuracy": 0.5}
        for i in range(1, 301)
    ]
    print_comparison({"data.path": ["/tmp" * 30, "/home" * 30]}, [course, course[:150]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 30
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("  300") for line in lines)


def test_a_run_is_deleted_unless_it_is_being_trained(
    tell: Tell, words_of_training: list[str], tmp_path: Path
) -> None:
    tell(*words_of_training, "--runs", tmp_path)
    run = find(tmp_path)
    with RunLock(run):
        told = tell("runs", "delete", run.id, "--runs", tmp_path)
    assert told.code == 1
    assert run.exists()
    assert tell("runs", "delete", run.id, "--runs", tmp_path).code == 0
    assert list_runs(tmp_path) == []


# ------------------------------------------------------------------------------------ errors


def lenet_with(line: str) -> str:
    return ARCHITECTURES["lenet"].replace('Conv2d(8, kernel=5, padding="same")', line)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "--data", "mnits"], "Did you mean mnist"),
        (["train", "--arch", "lenett"], "Did you mean 'lenet'"),
        (["train", "--epochs", "0"], "epochs: expected a whole number of at least 1"),
        (["train", "--epochs", "many"], "--epochs: expected a whole number, received 'many'. See"),
        (["train", "--epochs", "1.5"], "--epochs: expected a whole number, received '1.5'"),
        (["train", "--lr", "abc"], "--lr: expected a number, received 'abc'. See `cnn-tui train"),
        (["rate", "first", "fast"], "X: expected a number, received 'fast'"),
        (["resume", "first", "--ranks", "9999"], "--ranks: expected a number of at most 4096"),
        (["sweep", "s.toml", "--workers", "-1"], "--workers: expected a number of at least 0"),
        (["train", "--optimizer", "Adma()"], "Did you mean 'Adam'"),
        (["train", "--schedule", "OneCycle(peek=1)"], "Did you mean 'peak'"),
        (["train", "--preset", "quick"], "fast"),
        (["train", "--lr", "-1"], "lr: expected a number above 0"),
        (["train", "--config", "/nowhere/run.toml"], "/nowhere/run.toml"),
        (["train", "--batch-size", "5000"], "3600 training images"),
        (["trian"], "Did you mean 'train'? See"),
        (["train", "--epoch", "3"], "--epoch"),
        (["--data", "mnist", "train"], "after the command"),
        (["data", "show"], "NAME|PATH"),
    ],
)
def test_wrong_words_are_one_line_and_two(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    monkeypatch.setenv("CNN_TUI_RUNS", str(tmp_path / "runs"))
    found = tell(*words)
    assert found.code == 2
    assert found.out == ""
    assert told in found.err
    assert len(found.err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("architecture", "told"),
    [
        (lenet_with("Conv2d(8, kernel=99)"), "99"),
        (lenet_with("Conv3d(8)"), "Did you mean 'Conv2d'"),
        (lenet_with("Conv2d(8, stride=)"), "line 1"),
        ("Flatten()\nDense(9)\n", "10 outputs"),
        ("", "a text"),
    ],
)
def test_a_wrong_network_is_one_line_and_two(
    tell: Tell, tmp_path: Path, architecture: str, told: str
) -> None:
    file = tmp_path / "network.txt"
    file.write_text(architecture)
    found = tell("train", "--arch", file, "--runs", tmp_path / "runs")
    assert found.code == 2
    assert told in found.err
    assert len(found.err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("train-images-idx3-ubyte", b"\x00\x00\x08\x03\x00\x00\x00\x0a", "train-images"),
        ("train-images-idx3-ubyte", b"\x00\x01\x08\x03" + bytes(30), "train-images"),
        ("numbers.csv", b"label,pixel0,pixel1,pixel3\n1,2,3,4\n", "line 1"),
        ("numbers.csv", b"label,pixel0,pixel1,pixel2,pixel3\nfive,2,3,4,5\n", "'five'"),
    ],
)
def test_damaged_data_is_one_line_and_one(
    tell: Tell, tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    path = tmp_path / "data" / name
    path.parent.mkdir()
    path.write_bytes(content)
    if "idx" in name:
        labels = b"\x00\x00\x08\x01" + (10).to_bytes(4, "big") + bytes(range(10))
        (path.parent / "train-labels-idx1-ubyte").write_bytes(labels)
    where = path if name.endswith(".csv") else path.parent
    found = tell("train", "--data", where, "--runs", tmp_path / "runs")
    assert found.code == 1
    assert told in found.err
    assert len(found.err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_a_run_that_is_not_there_is_named_with_those_that_are(tell: Tell, trained: Run) -> None:
    told = tell("evaluate", "nothing-like-it", "--runs", trained.path.parent)
    assert told.code == 1
    assert trained.id in told.err


def test_a_defect_is_said_to_be_one(
    tell: Tell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def breaks(root: Path) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("cnnlib.runs.directory.list_runs", breaks)
    told = tell("runs", "list", "--runs", tmp_path)
    assert told.code == 1
    assert "defect" in told.err
    assert "ZeroDivisionError: inside" in told.err
    assert "Traceback" not in told.err
    monkeypatch.setenv("CNN_TUI_DEBUG", "1")
    assert "Traceback" in tell("runs", "list", "--runs", tmp_path).err


def test_doctor_tells_versions_and_speed(tell: Tell, tmp_path: Path) -> None:
    found = tell("doctor", "--runs", tmp_path, "--json").json
    assert found["numpy"] == np.__version__
    assert found["images a second"] > 0
    assert str(tmp_path) in found["runs"]
