"""Laws of the run directory: whole or absent, private, found by name, never led out of."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import re
import stat
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.errors import RunError
from cnnlib.events import EpochEnded, Evaluated, RunEnded, RunStarted, StepEnded
from cnnlib.runs import (
    JournalWriter,
    Run,
    RunLock,
    create,
    find,
    labels,
    list_runs,
    read_json,
    slug,
    summary,
    write_atomically,
)
from cnnlib.runs.files import read_bounded, remove_leftovers, write_together

DESCRIPTION: dict[str, Any] = {
    "run": {"versions": {"numpy": "2"}, "note": "a note"},
    "data": {"name": "mnist-5k", "classes": ["0", "ü"]},
    "model": {"architecture": "Flatten()\nDense(10)\n", "input_shape": [1, 28, 28]},
    "training": {"epochs": 5, "validation": 0.1},
}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def started(epochs: int = 5) -> RunStarted:
    return RunStarted("r", "Dense(2)", 10, 64, 0, ("a", "b"), 2, epochs, 32, 1, 0, 0)


def test_a_new_run_is_whole_and_private(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "runs"
    run = create(root, "My Lenet!", DESCRIPTION)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-My-Lenet", run.id)
    tables = run.description()
    assert tables["run"]["id"] == run.id
    assert tables["run"]["name"] == "My Lenet!"
    assert tables["run"]["versions"] == {"numpy": "2"}
    assert {name: tables[name] for name in ("data", "model", "training")} == {
        name: DESCRIPTION[name] for name in ("data", "model", "training")
    }
    assert [path.name for path in root.iterdir()] == [run.id]
    assert mode(root) == mode(run.path) == mode(run.checkpoints) == 0o700
    assert mode(run.description_path) == 0o600
    assert '"""' in run.description_path.read_text()  # the architecture stands line by line


def test_runs_of_one_second_get_numbers_and_list_newest_first(tmp_path: Path) -> None:
    ids = [create(tmp_path, "a", DESCRIPTION).id for _ in range(12)]
    assert len(set(ids)) == 12
    assert [line.id for line in list_runs(tmp_path)] == ids[::-1]
    assert find(tmp_path).id == ids[-1]


def _create_many(root: str) -> None:
    for _ in range(20):
        create(Path(root), "same", DESCRIPTION)


def test_runs_made_at_once_never_collide(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    makers = [context.Process(target=_create_many, args=(str(tmp_path),)) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
        assert maker.exitcode == 0
    lines = list_runs(tmp_path)
    assert [line.state for line in lines] == ["new"] * 60
    assert len(list(tmp_path.iterdir())) == 60


@given(st.text(max_size=200))
def test_any_name_becomes_one_part_of_a_path(name: str) -> None:
    part = slug(name)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", part)
    assert len(part) <= 60


def test_what_toml_cannot_say_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    for wrong in (None, object(), {1: 2}):
        with pytest.raises(RunError, match="TOML"):
            create(tmp_path, "a", {**DESCRIPTION, "training": {"clip": wrong}})
    with pytest.raises(RunError, match="1 MiB"):
        create(tmp_path, "a", {**DESCRIPTION, "training": {"text": "x" * (1 << 20)}})
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunError, match="could not be written"):
        create(tmp_path / "runs", "a", DESCRIPTION)
    with pytest.raises(RunError, match="directory of runs"):
        list_runs(tmp_path / "runs")


# ------------------------------------------------------------------------------- run.toml


def test_of_files_that_belong_together_none_is_replaced_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    write_together({first: "old", second: b"old"})
    assert [first.read_text(), second.read_text()] == ["old", "old"]
    written: list[int] = []

    def fsync(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(RunError, match="b could not be written"):
        write_together({first: "new", second: "new"})
    assert [first.read_text(), second.read_text()] == ["old", "old"]
    assert sorted(tmp_path.iterdir()) == [first, second]


def test_every_truncation_of_the_description_is_refused(tmp_path: Path) -> None:
    run = create(tmp_path, "a", DESCRIPTION)
    content = run.description_path.read_bytes()
    for length in range(len(content)):
        run.description_path.write_bytes(content[:length])
        with pytest.raises(RunError) as caught:
            run.description()
        assert "\n" not in str(caught.value)


def test_flipped_bits_of_the_description_are_refused_or_change_nothing(tmp_path: Path) -> None:
    run = create(tmp_path, "a", DESCRIPTION)
    content = run.description_path.read_bytes()
    tables = run.description()
    draw = random.Random(4)
    refused = 0
    for _ in range(1000):
        broken = bytearray(content)
        broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        run.description_path.write_bytes(broken)
        try:
            assert run.description() == tables
        except RunError:
            refused += 1
    assert refused > 950


def test_a_description_edited_by_hand_wants_its_seal_removed(tmp_path: Path) -> None:
    run = create(tmp_path, "a", DESCRIPTION)
    text = run.description_path.read_text().replace("epochs = 5", "epochs = 6")
    run.description_path.write_text(text)
    with pytest.raises(RunError, match="delete its first line"):
        run.description()
    run.description_path.write_text(text.split("\n", 1)[1])
    assert run.description()["training"]["epochs"] == 6
    run.describe(run.description())
    assert run.description()["training"]["epochs"] == 6
    assert tomllib.loads(run.description_path.read_text()) == run.description()


@pytest.mark.parametrize(
    "content",
    [b"", b"a = 1", b"run = 1", b"[run", b"\xff", b"a = " + b"[" * 50_000, b"#" * (1 << 21)],
    ids=range(7),
)
def test_foreign_descriptions_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.toml").write_bytes(content)
    with pytest.raises(RunError):
        Run(tmp_path).description()


# ---------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    "path",
    ["", ".", "/etc/passwd", "..", "../x", "checkpoints/../../x", "a\\b", "C:x", "a\0b", "out/x",
     "out", "checkpoints/away"],
)  # fmt: skip
def test_paths_never_lead_out_of_the_run(tmp_path: Path, path: str) -> None:
    run = create(tmp_path, "a", DESCRIPTION)
    (run.path / "out").symlink_to(tmp_path)
    (run.checkpoints / "away").symlink_to("/etc/passwd")
    with pytest.raises(RunError, match="inside the run"):
        run.inside(path)
    with pytest.raises(RunError):
        run.folder(path)


def test_paths_inside_the_run_are_given(tmp_path: Path) -> None:
    run = create(tmp_path, "a", DESCRIPTION)
    assert run.inside("checkpoints/last.safetensors") == run.checkpoints / "last.safetensors"
    assert run.folder("figures") == run.figures
    assert mode(run.figures) == 0o700
    run.folder("figures")


# --------------------------------------------------------------------------- list and find


def test_the_list_says_where_each_run_stands(tmp_path: Path) -> None:
    run = create(tmp_path, "done", DESCRIPTION)
    with JournalWriter(run.journal_path) as journal:
        journal.append(started(2))
        for number in range(1, 5):
            journal.append(StepEnded(1 + number // 3, number, 0.5, 0.5, 32, 1e-3, None))
        journal.append(EpochEnded(1, 2, 0.5, 0.5, 0.4, 0.9, 1e-3, True))
        journal.append(EpochEnded(2, 4, 0.5, 0.5, 0.4, 0.8, 1e-3, False))
        journal.append(Evaluated("test", 2, 4, 0.5, 0.85, 10, ((5, 0), (1, 4))))
        journal.append(RunEnded(2, 4, "finished", 1, 0.9, 0.5, 0.85, ""))
    line = summary(run)
    assert (line.state, line.data, line.epoch, line.epochs) == ("finished", "mnist-5k", 2, 2)
    assert (line.valid_accuracy, line.test_accuracy) == (0.9, 0.85)
    assert line.architecture == "Flatten() · Dense(10)"
    assert line.note == "a note"
    assert abs(line.started - time.time()) < 60
    assert 0 <= line.seconds < 60


def test_a_run_whose_trainer_died_is_interrupted(tmp_path: Path) -> None:
    run = create(tmp_path, "a", DESCRIPTION)
    assert (summary(run).state, summary(run).epochs) == ("new", 5)
    with RunLock(run):
        with JournalWriter(run.journal_path) as journal:
            journal.append(started())
        assert summary(run).state == "running"
    assert summary(run).state == "interrupted"


def test_damaged_and_foreign_directories_are_listed_as_such(tmp_path: Path) -> None:
    good = create(tmp_path, "good", DESCRIPTION)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "a file").write_text("")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    broken = create(tmp_path, "broken", DESCRIPTION)
    broken.description_path.write_bytes(b"\xff")
    piped = create(tmp_path, "piped", DESCRIPTION)
    os.mkfifo(piped.journal_path)
    noisy = create(tmp_path, "noisy", DESCRIPTION)
    noisy.journal_path.write_bytes(os.urandom(5000) + b"\n")
    states = {line.id: line.state for line in list_runs(tmp_path)}
    assert states == {
        good.id: "new",
        broken.id: "damaged",
        piped.id: "damaged",
        noisy.id: "new",
        "foreign": "damaged",
    }
    assert all(line.note for line in list_runs(tmp_path) if line.state == "damaged")
    assert list_runs(tmp_path / "absent") == []


def test_a_run_is_found_by_what_a_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    with pytest.raises(RunError, match="no run in"):
        find(root)
    lenet, wide = create(root, "lenet", DESCRIPTION), create(root, "wide-lenet", DESCRIPTION)
    (root / "zz-not-a-run").mkdir()
    assert find(root).id in (lenet.id, wide.id)
    assert find(root, lenet.id) == lenet
    assert find(root, "wide") == wide
    assert find(root, str(wide.path)) == wide
    monkeypatch.chdir(wide.path)
    assert find(root, ".").path == wide.path
    assert find(root, "lenet") == lenet  # a whole name goes before a part
    with pytest.raises(RunError, match="several"):
        find(root, "enet")
    again = create(root, "lenet", DESCRIPTION)
    with pytest.raises(RunError, match=rf"several: {re.escape(again.id)}, {re.escape(lenet.id)}"):
        find(root, "lenet")
    labels.rename(again, "wide")
    assert find(root, "wide") == again
    with pytest.raises(RunError, match=rf"received no such one.*{re.escape(wide.id)}"):
        find(root, "resnet")
    with pytest.raises(RunError):
        find(root, "")


# --------------------------------------------------------------------------------- files


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, "one ü")
    assert path.read_text(encoding="utf-8") == "one ü"
    assert mode(path) == 0o600

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match=r"No space left.*Make room"):
            write_atomically(path, b"two")
    assert path.read_text(encoding="utf-8") == "one ü"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(RunError, match="could not be written"):
        write_atomically(tmp_path / "absent" / "x", b"")


def test_reading_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"[1, 2]")
    assert read_bounded(path, 6) == b"[1, 2]"
    assert read_json(path) == [1, 2]
    with pytest.raises(RunError, match="at most 5 bytes"):
        read_bounded(path, 5)
    for content in (b"[" * 100_000, b"\xff", b"{", b"9" * 10_000):
        path.write_bytes(content)
        with pytest.raises(RunError):
            read_json(path)
    with pytest.raises(RunError):
        read_bounded(tmp_path / "absent", 10)
    with pytest.raises(RunError):
        read_bounded(tmp_path, 10)


def test_only_old_leftovers_are_removed(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in (".a.x.tmp", ".b.x.tmp", "c.tmp"))
    for path in (old, new, other):
        path.write_text("")
    os.utime(old, (1, 1))
    os.utime(other, (1, 1))
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([new, other])
