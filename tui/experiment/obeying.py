"""The commands that a front end appends to a run, carried out between two steps.

Every command is answered by an event. One that changes the training is answered only when a
checkpoint holds the change, so that a trainer that is killed neither loses nor repeats it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cnnlib import events as ev
from cnnlib.runs import commands as asked
from tui.experiment.keeping import Keeping

if TYPE_CHECKING:
    from cnnlib.runs.commands import Request
    from tui.experiment.saving import Reason

PAUSE_AFTER: dict[type[object], type[ev.Event]] = {
    asked.StepBatch: ev.StepEnded,
    asked.StepEpoch: ev.EpochEnded,
}


class Obeying(Keeping):
    """A training that obeys.

    Attributes:
        paused: whether it waits between two steps.
        ending: why it ends before its time, or None.
        until: the kind of event after which it is to pause again, or None.
    """

    def __init__(self, *kept: Any) -> None:
        super().__init__(*kept)
        self.paused = False
        self.ending: Literal["stopped", "abandoned"] | None = None
        self.until: type[ev.Event] | None = None

    def pause_after(self, event: ev.Event) -> None:
        """Pause again if this is the event until which training was to go on."""
        if self.until is not None and isinstance(event, self.until):
            self.until = None
            self._pause(None)

    def obey(self, request: Request) -> None:
        """Carry out one command and answer it."""
        refusal = self._carry_out(request)
        if refusal:
            self.tell(ev.CommandRefused(request.id, refusal))
        else:
            self.tell(ev.CommandDone(request.id, type(request.command).__name__))

    def end(self, reason: Literal["stopped", "abandoned"], why: Reason) -> None:
        """End the training after this step; only what is abandoned loses its last steps."""
        if self.ending is not None or self._is_over():
            return
        self.ending = reason
        if reason == "stopped":
            self.save(why)
        self.trainer.stop(reason, test=False)

    def _carry_out(self, request: Request) -> str:
        """Do what is asked; the answer is why it was refused, or empty."""
        match request.command:
            case asked.Pause():
                self._pause(request.id)
            case asked.Resume():
                self._go_on(request.id)
            case asked.StepBatch() | asked.StepEpoch():
                self.until = PAUSE_AFTER[type(request.command)]
                self._go_on(request.id)
            case asked.Stop():
                self.end("stopped", "stopped")
            case asked.Abandon():
                self.end("abandoned", "stopped")
            case asked.SetLearningRate(value=rate):
                return self._set_learning_rate(rate, request.id)
            case asked.Snapshot():
                return self.save_if_possible("asked")
            case asked.EvaluateNow():
                if "valid" not in self.trainer.splits:
                    return "the run holds no images out to validate with"
                self.tell(self.trainer.evaluated("valid", self.trainer.evaluate("valid")))
        return ""

    def _set_learning_rate(self, rate: float, command: str) -> str:
        if self._is_over():
            return "no step is left to train"
        scheduled = self.trainer.learning_rate() / self.trainer.progress.rate_factor
        if not scheduled > 0:
            return "the schedule is at zero here and cannot be scaled to another rate"
        before = self.trainer.progress.rate_factor
        self._scale(rate, rate / scheduled, command)
        refusal = self.save_if_possible("asked")
        if refusal:  # what no checkpoint holds would be undone by a resumption
            self._scale(before * scheduled, before, command)
        return refusal

    def _scale(self, rate: float, factor: float, command: str) -> None:
        self.trainer.scale_learning_rate(factor)
        self.tell(ev.LearningRateChanged(self.trainer.progress.step, rate, factor, command))

    def _pause(self, command: str | None) -> None:
        if not self.paused:
            self.paused = True
            self.tell(ev.Paused(self.trainer.progress.step, command))

    def _go_on(self, command: str | None) -> None:
        if self.paused:
            self.paused = False
            self.tell(ev.Resumed(self.trainer.progress.step, command))

    def _is_over(self) -> bool:
        """Whether the training ends here by itself, after its last epoch or by its own rule."""
        trainer = self.trainer
        progress = trainer.progress
        stopping = trainer.stopping
        return progress.epoch > trainer.epochs or bool(
            progress.batch == 0 and stopping and stopping(progress.valid_losses)
        )
