"""The journal of a long training, as a trainer would have left it."""

from __future__ import annotations

import math
from pathlib import Path

from cnnlib import events as ev
from cnnlib.events import Record, encode
from cnnlib.runs import directory
from cnnlib.runs.directory import Run
from tui.settings.training import Settings

START = 1_790_000_000.0


def long_run(root: Path, steps: int = 50_000, epochs: int = 50) -> Run:
    """A run that was stopped after so many steps, in so many epochs."""
    run = directory.create(root, "long", Settings(epochs=epochs).to_description())
    a_epoch = steps // epochs
    told: list[ev.Event] = [
        ev.RunStarted(
            run.id, "Flatten()\nDense(10)", 7850, 32 * a_epoch, 100, tuple("0123456789"),
            a_epoch, epochs, 32, 1, 0, 0,
        )
    ]  # fmt: skip
    for step in range(1, steps + 1):
        epoch = (step - 1) // a_epoch + 1
        if step % a_epoch == 1:
            told.append(ev.EpochStarted(epoch, step - 1))
        loss = 2.3 * math.exp(-5 * step / steps) + 0.1 * math.sin(step) ** 2
        told.append(ev.StepEnded(epoch, step, loss, 1 - loss / 3, 32, 6e-3, 1 + loss / 7))
        if step % a_epoch == 0:
            told.append(ev.EpochEnded(epoch, step, loss, 0.9, loss, 0.9, 6e-3, True))
    told.append(ev.RunEnded(epochs, steps, "stopped", epochs, 0.9, None, None, ""))
    run.journal_path.write_text(
        "".join(encode(Record(i, START + i / 100, event)) + "\n" for i, event in enumerate(told, 1))
    )
    return run
