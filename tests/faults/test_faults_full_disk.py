"""The disk fills up while a training writes: it is said, nothing is lost, and training goes on.

On a small file system in memory, which only root may mount.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stories import settings, story, whole_checkpoints

from cnnlib import events as ev
from cnnlib.errors import CheckpointError, RunError
from cnnlib.runs.checkpoint import load_newest
from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from tui.experiment import prepare, train

FILL_AT = 20


class Disk:
    """A file system of half a megabyte that can be filled to the last byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """No room is left."""
        with open(self._ballast, "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    def free(self) -> None:
        """There is room again."""
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid():
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=512k", "cnn-tui-test", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    yield Disk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def straight(pictures: Path, tmp_path: Path) -> Run:
    run = prepare(settings(pictures, ranks=1), tmp_path / "straight")
    assert train(run) == 0
    return run


def make(disk: Disk, pictures: Path) -> Run:
    return prepare(settings(pictures, ranks=1, checkpoint_seconds=0.001), disk.path / "runs")


def learned(run: Run) -> list[ev.Event]:
    """The story without what the full disk adds to it."""
    told = [event for event in story(run) if not isinstance(event, ev.Warned)]
    return [*(event for event in told if not isinstance(event, ev.RunEnded)), told[-1]]


def assert_as_if_nothing_had_been(run: Run, straight: Run) -> None:
    saved = ev.CheckpointSaved  # one may be late, or none be left of an epoch

    def less(told: list[ev.Event]) -> list[ev.Event]:
        return [event for event in told if not isinstance(event, saved)]

    assert less(learned(run)) == less(learned(straight))
    there, expected = whole_checkpoints(run), whole_checkpoints(straight)
    for name in ("last.safetensors", "best.safetensors"):
        assert there[name] == expected[name]
    assert run.report_path.read_bytes() == straight.report_path.read_bytes()
    assert RunHistory.read(run).damaged == 0


def filled_at_a_step(disk: Disk, then: Callable[[ev.Event], object]) -> Callable[[ev.Record], None]:
    def listen(record: ev.Record) -> None:
        if isinstance(record.event, ev.StepEnded) and record.event.step == FILL_AT:
            disk.fill()
        then(record.event)

    return listen


def test_training_goes_on_and_says_so_when_there_is_room(
    disk: Disk, pictures: Path, straight: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    run = make(disk, pictures)
    heard: list[ev.Event] = []

    def then(event: ev.Event) -> None:
        heard.append(event)
        if isinstance(event, ev.StepEnded) and event.step == FILL_AT + 15:
            assert any(isinstance(each, ev.Warned) for each in heard)
            load_newest(run)
            RunHistory.read(run)
            disk.free()

    assert train(run, filled_at_a_step(disk, then)) == 0
    assert "No space left" in capfd.readouterr().err
    warned = [event for event in story(run) if isinstance(event, ev.Warned)]
    assert len(warned) == 1
    assert "No space left" in warned[0].message
    assert FILL_AT <= warned[0].step <= FILL_AT + 3  # it is noticed while training goes on
    assert_as_if_nothing_had_been(run, straight)


@pytest.mark.parametrize("how", ["to the end", "stopped"])
def test_a_disk_that_stays_full_ends_a_training_cleanly_and_it_is_resumed(
    disk: Disk, pictures: Path, straight: Run, how: str
) -> None:
    run = make(disk, pictures)

    def then(event: ev.Event) -> None:
        if how == "stopped" and isinstance(event, ev.StepEnded) and event.step == FILL_AT + 10:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises((RunError, CheckpointError), match="No space left"):
        train(run, filled_at_a_step(disk, then))
    step = int(load_newest(run).metadata["step"])
    assert FILL_AT - 2 <= step <= FILL_AT
    disk.free()
    assert train(run) == 0
    assert_as_if_nothing_had_been(run, straight)


def test_a_disk_that_was_full_from_the_start_leaves_nothing_half(
    disk: Disk, pictures: Path, straight: Run
) -> None:
    disk.fill()
    with pytest.raises(RunError, match="Make room"):
        make(disk, pictures)
    disk.free()
    run = make(disk, pictures)
    disk.fill()
    with pytest.raises((RunError, CheckpointError), match="No space left"):
        train(run)
    disk.free()
    assert train(run) == 0
    assert_as_if_nothing_had_been(run, straight)
