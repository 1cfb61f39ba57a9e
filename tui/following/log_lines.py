"""One line of log for an event of the journal; steps have none, there are too many of them."""

from __future__ import annotations

import time

from cnnlib import events as ev
from cnnlib.events import Record


def log_line(record: Record) -> str | None:
    """The time of day and what happened, or None for what is not worth a line."""
    told = describe(record.event)
    return f"{clock(record.time)}  {told}" if told is not None else None


def clock(seconds: float) -> str:
    """Local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def describe(event: ev.Event) -> str | None:
    """What happened, in words."""
    match event:
        case ev.RunStarted():
            begun = f"resumed after step {event.step}" if event.step else "started"
            return (
                f"{begun}: {event.train_examples} images, {event.parameters} parameters, "
                f"{event.epochs} epochs, batch {event.batch_size}, ranks {event.ranks}, "
                f"seed {event.seed}"
            )
        case ev.EpochStarted():
            return f"epoch {event.epoch} began"
        case ev.EpochEnded():
            valid = ""
            if event.valid_loss is not None and event.valid_accuracy is not None:
                valid = f", valid {event.valid_accuracy:.2%}"
            best = ", best" if event.is_best else ""
            return f"epoch {event.epoch} ended: train {event.train_accuracy:.2%}{valid}{best}"
        case ev.Evaluated():
            return f"{event.split}: loss {event.loss:.4f}, accuracy {event.accuracy:.2%}"
        case ev.CheckpointSaved():
            return f"saved {event.path} ({event.reason})"
        case ev.Paused():
            return f"paused after step {event.step}"
        case ev.Resumed():
            return f"goes on after step {event.step}"
        case ev.LearningRateChanged():
            return f"learning rate {event.learning_rate:.3g} from step {event.step} on"
        case ev.CommandDone():
            return f"done: {event.name}"
        case ev.CommandRefused():
            return f"refused: {event.reason}"
        case ev.Warned():
            return f"warning: {event.message}"
        case ev.Diverged():
            return f"diverged at {event.where}: {event.what}"
        case ev.RunEnded():
            test = ""
            if event.test_accuracy is not None:
                test = f", test {event.test_accuracy:.2%}"
            message = f": {event.message}" if event.message else ""
            return f"{event.reason}{test}{message}"
        case _:
            return None
