"""A trainer that is killed between a change of the rate and its answer makes the change once."""

from __future__ import annotations

from pathlib import Path

import pytest
from stories import settings

from cnnlib import events as ev
from cnnlib.runs import checkpoint, commands
from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from tui.experiment import prepare, train

pytestmark = pytest.mark.usefixtures("written_at_once")


class Killed(BaseException):
    """In place of SIGKILL: nothing is written any more."""


def changed_after(run: Run, step: int, die_before: type[ev.Event] | None = None) -> None:
    def listen(record: ev.Record) -> None:
        if isinstance(record.event, ev.StepEnded) and record.event.step == step:
            commands.send(run, commands.SetLearningRate(0.003))

    if die_before is None:
        assert train(run, listen) == 0
        return

    from tui.experiment.training import Training

    tell = Training.tell

    def dying(self: Training, event: ev.Event) -> None:
        if isinstance(event, die_before) and any(
            isinstance(record.event, ev.LearningRateChanged)
            for record in RunHistory.read(run).records
        ):
            raise Killed
        tell(self, event)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "tell", dying)
        patch.setattr(Training, "record_failure", lambda self, error: None)
        with pytest.raises(Killed):
            train(run, listen)


@pytest.mark.parametrize("die_before", [ev.CheckpointSaved, ev.CommandDone])
def test_a_rate_is_set_once_whenever_the_trainer_dies(
    pictures: Path, tmp_path: Path, die_before: type[ev.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.experiment.training.COMMAND_SECONDS", 0.0)
    wanted = settings(pictures, ranks=1, checkpoint_seconds=60.0)
    whole, cut = (prepare(wanted, tmp_path / name) for name in ("whole", "cut"))
    changed_after(whole, 12)
    changed_after(cut, 12, die_before)
    assert train(cut) == 0
    found, expected = (
        checkpoint.load(run.checkpoints / "last.safetensors")[0] for run in (cut, whole)
    )
    assert {k: a.tobytes() for k, a in found.items()} == {
        k: a.tobytes() for k, a in expected.items()
    }
    told = [record.event for record in RunHistory.read(cut).records]
    changes = [event for event in told if isinstance(event, ev.LearningRateChanged)]
    answers = [event for event in told if isinstance(event, ev.CommandDone)]
    assert len(changes) == len(answers) == 1
    assert answers[0].command == changes[0].command
