"""A trainer that is killed between the best network and the first checkpoint begins again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stories import settings, story

from cnnlib.errors import CheckpointError
from cnnlib.runs import checkpoint
from cnnlib.runs.directory import Run
from tui.experiment import prepare, train


class Killed(BaseException):
    """In place of SIGKILL: nothing is written any more."""


def killed_before_the_first_checkpoint(pictures: Path, root: Path) -> Run:
    from tui.experiment.training import Training

    save = checkpoint.save

    def dying(path: Path, *words: Any, **options: Any) -> None:
        if path.name == "last.safetensors":
            raise Killed
        save(path, *words, **options)

    run = prepare(settings(pictures, ranks=1, checkpoint_seconds=60.0), root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save", dying)
        patch.setattr(Training, "record_failure", lambda self, error: None)
        with pytest.raises(Killed):
            train(run)
    assert [path.name for path in run.checkpoints.iterdir()] == ["best.safetensors"]
    return run


def test_the_best_network_alone_is_no_hindrance(pictures: Path, tmp_path: Path) -> None:
    straight = prepare(settings(pictures, ranks=1, checkpoint_seconds=60.0), tmp_path / "straight")
    assert train(straight) == 0
    run = killed_before_the_first_checkpoint(pictures, tmp_path / "killed")
    assert train(run) == 0
    assert story(run) == story(straight)


def test_a_checkpoint_that_was_taken_away_is_no_reason_to_begin_again(
    pictures: Path, tmp_path: Path
) -> None:
    run = killed_before_the_first_checkpoint(pictures, tmp_path)
    assert train(run, lambda record: None) == 0
    lines = run.journal_path.read_text().splitlines(keepends=True)
    run.journal_path.write_text("".join(lines[:-2]))
    for path in run.checkpoints.iterdir():
        if path.name != "best.safetensors":
            path.unlink()
    before = run.journal_path.read_bytes()
    with pytest.raises(CheckpointError, match="weights only"):
        train(run)
    assert run.journal_path.read_bytes().startswith(before)
