"""Runs as things: labelled, listed, forked, compared, deleted and brought back."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnlib import events as ev
from cnnlib.errors import CnnError, RunError, SpecificationError
from cnnlib.runs import checkpoint, labels, trash
from cnnlib.runs.directory import Run, create, find, list_runs, summary
from cnnlib.runs.history import RunHistory
from cnnlib.runs.labels import Labels
from cnnlib.runs.lock import RunLock
from tui.cli import run as cnn_tui
from tui.experiment import fork, load_model, prepare, train
from tui.experiment.checkpoints import kept_epochs
from tui.following.follower import Follower
from tui.following.log_lines import clock
from tui.following.series import RESUMABLE
from tui.render.palette import DARK
from tui.render.training import figures_of_run
from tui.settings.training import Settings
from tui.terminal.abilities import Terminal

Tell = Callable[..., Any]
EPOCHS = 6


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Carries out `cnn-tui runs ...`; gives what it printed."""

    def carry_out(*words: object, code: int = 0) -> str:
        capsys.readouterr()
        assert cnn_tui(["runs", *(str(word) for word in words)]) == code
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return out if code == 0 else err

    return carry_out


@pytest.fixture(scope="module")
def parent(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of six epochs with two ranks, to look at only."""
    settings = Settings(
        data=str(pictures),
        architecture="Conv2d(4, kernel=3, stride=2)\nBatchNorm2d()\nReLU()\nFlatten()\nDense(3)\n",
        epochs=EPOCHS,
        batch_size=32,
        schedule="OneCycle(peak=0.02)",
        average="ExponentialMovingAverage(decay=0.9)",
        augment="Shift(1)",
        ranks=2,
        keep_epochs=3,
    )
    run = prepare(settings, tmp_path_factory.mktemp("parent") / "runs", "parent")
    assert train(run) == 0
    return run


def new_run(root: Path, name: str = "lenet") -> Run:
    return create(root, name, Settings().to_description())


# ------------------------------------------------------------------------------------- labels


def test_a_run_is_renamed_noted_and_tagged(tell: Tell, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    before = Settings.from_description(run.description())
    tell("rename", run.id, "The good one", "--runs", tmp_path)
    tell("note", "The good one", "try a lower rate", "--runs", tmp_path)
    tell("tag", run.id, "paper", "best", "--runs", tmp_path)
    tell("tag", run.id, "one,two", "#three,", "--runs", tmp_path)
    tell("tag", run.id, "best", "three, two,one", "--remove", "--runs", tmp_path)
    assert "a tag: expected one word" in tell("tag", run.id, " ", "--runs", tmp_path, code=2)
    (listed,) = json.loads(tell("list", "--runs", tmp_path, "--json"))
    assert listed["id"] == run.id
    assert (listed["name"], listed["note"]) == ("The good one", "try a lower rate")
    assert listed["tags"] == ["paper"]
    assert listed["bytes"] > 0
    assert Settings.from_description(run.description()) == before


def test_a_run_is_labelled_while_it_is_trained(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    with RunLock(run):
        labels.rename(run, "busy")
    assert summary(run).name == "busy"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81, "\x1b[31m", "a\0"])
def test_names_that_cannot_be_shown_are_refused(tmp_path: Path, name: str) -> None:
    run = new_run(tmp_path)
    before = run.description_path.read_bytes()
    with pytest.raises(SpecificationError):
        labels.rename(run, name)
    with pytest.raises(SpecificationError):
        labels.tag(run, [name or "two words"])
    assert run.description_path.read_bytes() == before


def test_a_damaged_run_is_not_labelled(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.description_path.write_bytes(run.description_path.read_bytes()[:-3])
    with pytest.raises(RunError, match="damaged"):
        labels.rename(run, "new")


# --------------------------------------------------------------------------------------- list


def test_the_list_is_sorted_searched_and_filtered(tell: Tell, tmp_path: Path, parent: Run) -> None:
    first, second = new_run(tmp_path, "apple"), new_run(tmp_path, "berry")
    labels.tag(second, ["fruit"])
    (tmp_path / "foreign").mkdir()

    def ids(*words: str) -> list[str]:
        listed = json.loads(tell("list", *words, "--runs", tmp_path, "--json"))
        return [each["id"] for each in listed]

    assert set(ids()) == {first.id, second.id, "foreign"}
    assert [each for each in ids("--sort", "name") if each != "foreign"] == [first.id, second.id]
    backwards = ids("--sort", "name", "--reverse")
    assert backwards.index(second.id) < backwards.index(first.id)
    assert ids("BERRY") == ids("--tag", "fruit") == [second.id]
    assert ids("berry", "fruit", "new") == [second.id]
    assert ids("nothing") == []
    assert ids("--state", "damaged") == ["foreign"]
    assert set(ids("--sort", "size")) == set(ids("--sort", "valid")) == set(ids())
    assert "such run" in tell("list", "nothing", "--runs", tmp_path)
    assert "expected one of" in tell("list", "--sort", "colour", "--runs", tmp_path, code=2)


def test_disk_use_counts_a_file_once(parent: Run) -> None:
    sizes = [path.stat().st_size for path in parent.path.rglob("*") if path.is_file()]
    unique = {path.stat().st_ino: path.stat().st_size for path in parent.path.rglob("*.*")}
    assert 0 < trash.disk_use(parent) < sum(sizes) + 4096 * len(sizes)
    assert len(unique) < len(sizes)  # the last epoch and the last checkpoint are one


# -------------------------------------------------------------------------------------- forks


def test_epochs_are_kept_within_the_bound_and_spread(parent: Run) -> None:
    assert kept_epochs(parent) == [2, 4, 6]


def learned(run: Run) -> list[ev.Event]:
    kinds = ev.EpochStarted | ev.StepEnded | ev.EpochEnded | ev.Evaluated
    return [r.event for r in RunHistory.read(run).records if isinstance(r.event, kinds)]


@pytest.mark.parametrize("epoch", [2, 4, 6])
def test_a_fork_without_changes_trains_to_the_bits_of_its_parent(
    parent: Run, tmp_path: Path, epoch: int
) -> None:
    made = fork(parent, tmp_path, epoch)
    assert summary(made).state == "interrupted"
    np.testing.assert_array_equal(
        load_model(made).flat_parameters,
        load_model(parent).flat_parameters if epoch == EPOCHS else checkpoint_best(parent, epoch),
    )
    assert train(made) == 0
    assert learned(made) == learned(parent)
    for name in ("last.safetensors", "best.safetensors"):
        ours, theirs = (checkpoint.load(run.checkpoints / name)[0] for run in (made, parent))
        assert {k: a.tobytes() for k, a in ours.items()} == {
            k: a.tobytes() for k, a in theirs.items()
        }
    assert made.report_path.read_bytes() == parent.report_path.read_bytes()
    assert made.description()["run"]["forked_from"] == parent.id


def checkpoint_best(run: Run, epoch: int) -> np.ndarray:
    return checkpoint.load(run.checkpoints / f"epoch-{epoch:03d}.safetensors")[0]["best"]


def test_a_fork_has_a_name_of_its_own(tell: Tell, parent: Run) -> None:
    root, name = parent.path.parent, Labels.of(parent.description()).name
    made = find(root, json.loads(tell("fork", parent.id, "--runs", root, "--json"))["run"])
    try:
        assert Labels.of(made.description()).name == f"{name}-fork"
        assert (find(root, name), find(root, f"{name}-fork")) == (parent, made)
        table = tell("compare", name, f"{name}-fork", "--runs", root)
        assert table.startswith(f"A {parent.id}\nB {made.id}\n")
    finally:
        shutil.rmtree(made.path)


def test_a_fork_goes_its_own_way(tell: Tell, parent: Run) -> None:
    root = parent.path.parent
    told = json.loads(
        tell("fork", parent.id, "--epoch", "4", "--epochs", "5", "--lr", "0.001",
             "--name", "slower", "--runs", root, "--json")
    )  # fmt: skip
    made = find(root, told["run"])
    try:
        assert cnn_tui(["resume", str(made.path), "--json"]) == 0
        steps = RunHistory.read(made).steps()
        assert steps["epoch"].max() == 5
        later = steps[steps["epoch"] == 5]
        assert later["learning_rate"].max() < 0.001
        assert kept_epochs(made)[-1] == 5
    finally:
        trash.delete(made)


@pytest.mark.parametrize(
    ("epoch", "changes", "told"),
    [
        (3, {}, "kept are 2, 4, 6"),
        (2, {"epochs": 1}, "at least 2"),
        (2, {"batch_size": 8}, "the run that is forked"),
        (2, {"schedule": "Never()"}, "Never"),
    ],
)
def test_what_cannot_be_forked_is_said(
    parent: Run, tmp_path: Path, epoch: int, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(CnnError, match=told):
        fork(parent, tmp_path / "runs", epoch, **changes)
    assert list_runs(tmp_path / "runs") == []


# ------------------------------------------------------------------------------------- compare


def test_two_runs_are_compared_in_words_and_in_a_figure(
    tell: Tell, parent: Run, tmp_path: Path
) -> None:
    made = fork(parent, tmp_path, 2)
    words = ("compare", parent.path, made.path, "--runs", tmp_path)
    told = json.loads(tell(*words, "--json"))
    assert told["differences"]["epoch"] == [6, 2]
    assert [len(course) for course in told["epochs"]] == [6, 2]
    assert told["epochs"][0][:2] == told["epochs"][1]
    assert "valid acc B" in tell(*words)
    out = tmp_path / "both.png"
    tell(*words, "--out", out)
    with Image.open(out) as picture:
        assert picture.width > 500
    assert "png" in tell(*words, "--out", tmp_path / "both.doc", code=2)


# --------------------------------------------------------------------------------------- trash


def test_what_is_deleted_comes_back_whole(tell: Tell, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    labels.annotate(run, "precious")
    before = {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()}
    assert "restore" in tell("delete", run.id, "--runs", tmp_path)
    assert list_runs(tmp_path) == []
    assert run.id in tell("list", "--trash", "--runs", tmp_path)
    tell("restore", "--runs", tmp_path)
    after = {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()}
    after.pop("lock", None)
    assert after == before


def test_the_trash_keeps_runs_of_one_name_apart_and_is_emptied(tell: Tell, tmp_path: Path) -> None:
    for _ in range(2):
        run = Run(tmp_path / "same")
        run.path.mkdir()
        run.describe({"run": {"id": "same"}})
        trash.delete(run)
    assert len(trash.trashed(tmp_path)) == 2
    tell("restore", "same", "--runs", tmp_path)
    with pytest.raises(RunError, match="no such one"):
        trash.restore(tmp_path, "other")
    (tmp_path / "same-2").mkdir()
    assert "another run" in tell("restore", "--runs", tmp_path, code=1)
    assert "deleted for good" in tell("empty-trash", "--runs", tmp_path)
    assert trash.trashed(tmp_path) == []
    assert "no such one" in tell("restore", "--runs", tmp_path, code=1)


def test_a_run_at_work_is_not_deleted(tell: Tell, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    with RunLock(run):
        assert "is being trained" in tell("delete", run.id, "--runs", tmp_path, code=1)
    assert run.exists()
    tell("delete", run.id, "--forever", "--runs", tmp_path)
    assert trash.trashed(tmp_path) == []


@pytest.mark.parametrize("columns", [40, 60, 74, 80, 120])
def test_a_comparison_keeps_within_the_terminal(
    parent: Run, tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    made = fork(parent, tmp_path, 2)
    told = tell("compare", parent.path, made.path, "--runs", tmp_path)
    _, _, below = told.partition("\n\n")
    assert max(map(len, below.splitlines())) <= columns
    for head in ("loss A", "loss B", "valid loss A", "valid acc B"):
        assert head in told


def test_a_comparison_is_readable(parent: Run, tell: Tell, tmp_path: Path) -> None:
    """Short numbers, and networks layer by layer."""
    tables = parent.description()
    tables["model"] = tables["model"] | {
        "architecture": tables["model"]["architecture"].replace("Dense(3)", "ReLU()\nDense(3)")
    }
    other = create(tmp_path, "other", tables)
    told = tell("compare", parent.path, other.path)
    assert "networks (- A, + B):" in told
    assert "+ ReLU()" in told
    assert max(map(len, told.splitlines())) < 160
    assert not re.search(r"\d\.\d{7}", told + tell("show", parent.path))


def test_what_was_deleted_is_told_as_json(make_run: Callable[..., Any], tell: Tell) -> None:
    run: Run = make_run().run
    told = json.loads(tell("delete", run.path, "--json"))
    assert told["run"] == run.id
    assert Path(told["trash"]).is_dir()
    assert json.loads(tell("delete", told["trash"], "--forever", "--json"))["trash"] is None


def test_a_trainer_on_another_machine_is_told_from_its_heartbeat(
    make_run: Callable[..., Any], tell: Tell
) -> None:
    """A lock that names another host: nobody here can ask the system about it."""
    fake = make_run()
    fake.begin()
    fake.train(5)
    run: Run = fake.run
    run.lock_path.write_text(json.dumps({"host": "far-away", "pid": 4711, "token": "a"}))
    root = run.path.parent

    def shown() -> tuple[str, str, str]:
        follower = Follower(run)
        follower.poll()
        grid = figures_of_run(follower.series, 60, 8, Terminal(), DARK)
        (listed,) = json.loads(tell("list", "--json", "--runs", root))
        return follower.series.state, listed["state"], grid.text()

    heard = time.time() - 5
    os.utime(run.lock_path, (heard, heard))
    state, listed, text = shown()
    assert (state, listed) == ("training", "running")
    assert "on far-away, process 4711" in text
    with pytest.raises(RunError, match="process 4711 on far-away"):
        train(run)

    heard = time.time() - 3600
    os.utime(run.lock_path, (heard, heard))
    state, listed, text = shown()
    assert (state, listed) == ("silent", "silent")
    assert f"silent since {clock(heard)}: far-away, process 4711" in text
    assert state in RESUMABLE
