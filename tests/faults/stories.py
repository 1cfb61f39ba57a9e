"""The training of these tests, and what is compared when faults have passed over it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cnnlib import events as ev
from cnnlib.events import decode
from cnnlib.runs import checkpoint
from cnnlib.runs.directory import Run
from tui.settings.training import Settings

NET = "Conv2d(4, kernel=3, stride=2)\nBatchNorm2d()\nReLU()\nDropout(0.2)\nFlatten()\nDense(3)\n"


def settings(pictures: Path, **changes: Any) -> Settings:
    """A training in which everything that a checkpoint must remember is at work."""
    made = Settings(
        data=str(pictures),
        architecture=NET,
        epochs=8,
        batch_size=32,
        optimizer="AdamW()",
        schedule="OneCycle(peak=0.01)",
        augment="Shift(1), Noise(0.05)",
        average="ExponentialMovingAverage(decay=0.9)",
        stopping="EarlyStopping(patience=4, min_delta=10.0)",
        ranks=2,
        clip=5.0,
        checkpoint_seconds=0.1,
    )
    return replace(made, **changes)


def story(run: Run) -> list[ev.Event]:
    """What a journal tells, less what depends on the clock: other starts, periodic checkpoints."""
    told: list[ev.Event] = []
    for number, line in enumerate(run.journal_path.read_text().splitlines(), 1):
        record = decode(line)
        assert record.seq == number
        event = record.event
        if isinstance(event, ev.RunStarted):
            event = replace(event, run="")
            if told:
                assert replace(event, step=0) == told[0]
                continue
        if not (isinstance(event, ev.CheckpointSaved) and event.reason == "periodic"):
            told.append(event)
    return told


def whole_checkpoints(run: Run) -> dict[str, tuple[dict[str, bytes], dict[str, str]]]:
    """Every checkpoint of the run; each must be whole."""
    found = {}
    for path in sorted(run.checkpoints.glob("[!.]*")):
        tensors, words = checkpoint.load(path)
        assert all(np.isfinite(array).all() for array in tensors.values())
        for name in ("events", "reason", "claims"):  # the starts count too, and the clock
            words.pop(name, None)
        found[path.name] = {name: a.tobytes() for name, a in tensors.items()}, words
    return found
