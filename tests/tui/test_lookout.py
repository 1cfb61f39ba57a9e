"""What the other ranks conclude from the lock of the run that rank 0 trains."""

from __future__ import annotations

from pathlib import Path

from cnnlib.runs.directory import Run
from cnnlib.runs.lock import RunLock
from tui.experiment.lookout import Lookout


def test_rank_0_is_there_while_it_holds_the_lock_and_gone_when_it_let_go(tmp_path: Path) -> None:
    with RunLock(Run(tmp_path)):
        looking = Lookout(str(tmp_path))
        assert looking()
    assert not looking()


def test_one_that_was_gone_before_the_first_look_is_gone(tmp_path: Path) -> None:
    with RunLock(Run(tmp_path)):
        looking = Lookout(str(tmp_path))
    assert not looking()


def test_nothing_is_concluded_from_a_lock_that_cannot_be_seen(tmp_path: Path) -> None:
    with RunLock(Run(tmp_path)):
        looking = Lookout(str(tmp_path))
        hidden = Run(tmp_path).lock_path.rename(tmp_path / "hidden")
        assert looking()
        hidden.rename(Run(tmp_path).lock_path)
    assert not looking()
