"""What writing a run down costs: a training that is written down against the same one that is not.

    python tests/benchmarks/bench_runs.py [SECONDS] [DATA] [RANKS] [PRESET]

LeNet is trained, on MNIST where CNN_TUI_DATA says where it is, else on the 5,000 embedded images.
One training takes turns of some five hundred steps or more: in one the trainer's events reach the
run directory, so that they are appended to the journal, commands are looked for, and checkpoints
are saved after each epoch and every 30 seconds, as `cnn-tui train` does; in the next every event is
dropped where it is born. So both have the same arrays in the same places of memory (two trainings
in one process have not, and differ by a few percent in either direction), and what else the machine
does falls on both alike. A turn begins and ends in the middle of an epoch: a checkpoint that a
thread writes is written within the turn of the training that asked for it. The time of the
processor is told beside that of the clock: it counts that thread, also where it has a core of its
own, and not what else the machine does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cnnlib import events as ev
from cnnlib.trainer import Trainer
from tui.experiment import prepare, train
from tui.settings.layering import layered
from tui.settings.training import Settings

STEPS = 500  # at least, in a turn
LIMIT = 0.02
ORDER = (True, False, False, True)  # whether it is written down


class Enough(BaseException):
    """Ends the training from within."""


class Turns:
    """Lets a training be written down in some of its turns, and times all of them.

    Args:
        seconds: after how many of them it ends.

    Attributes:
        taken: of each turn, whether it was written down, its steps, and its seconds by the clock
            and by the processor.
    """

    def __init__(self, seconds: float) -> None:
        self.taken: list[tuple[bool, int, NDArray[np.float64]]] = []
        self._end = time.monotonic() + seconds

    def of(self, happening: Iterator[ev.Event]) -> Iterator[ev.Event]:
        """The events of the turns that are written down."""
        started = next(happening)
        assert isinstance(started, ev.RunStarted)
        yield started
        epoch = started.steps_per_epoch
        steps = epoch * max(1, -(-STEPS // epoch))
        number, began = -1, np.zeros(2)  # the first turn is for warming up
        written = True
        for event in happening:
            if written:
                yield event
            if isinstance(event, ev.StepEnded) and event.step % steps == epoch // 2:
                if number >= 0:
                    self.taken.append((written, steps, clocks() - began))
                if time.monotonic() >= self._end and len(self.taken) % len(ORDER) == 0:
                    raise Enough
                number += 1
                written = ORDER[number % len(ORDER)]
                began = clocks()


def clocks() -> NDArray[np.float64]:
    """Seconds by the clock and by the processor."""
    return np.array([time.perf_counter(), time.process_time()])


def default_data() -> str:
    """All of MNIST where it needs no download."""
    return "mnist" if os.environ.get("CNN_TUI_DATA") else "mnist-5k"


def pairs(seconds: float, settings: Settings, root: Path) -> tuple[NDArray[np.float64], int]:
    """Seconds a step of turns that are neighbours: (pair, alone and with, clock and processor)."""
    turns, real = Turns(seconds), Trainer.run

    def run(trainer: Trainer) -> Iterator[ev.Event]:
        return turns.of(real(trainer))

    written_down = prepare(settings, root / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "run", run)
        with pytest.raises(Enough):
            train(written_down)
    found: dict[bool, list[Any]] = {False: [], True: []}
    for written, steps, taken in turns.taken:
        found[written].append(taken / steps)
    return np.stack([found[False], found[True]], axis=1), turns.taken[0][1]


def main(words: list[str]) -> int:
    """Measure for about so many seconds, print the share and say whether it is within the limit."""
    seconds = float(words[0]) if words else 40.0
    name = words[1] if len(words) > 1 else default_data()
    ranks = int(words[2]) if len(words) > 2 else 1
    preset = words[3] if len(words) > 3 else None
    settings = layered(preset=preset, data=name, epochs=10_000, ranks=ranks)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1, "blas"):
        taken, steps = pairs(seconds, settings, Path(folder))
    rng = np.random.default_rng(0)
    drawn = taken[rng.integers(0, len(taken), (2000, len(taken)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 1] / drawn[:, 0] - 1, (2.5, 97.5), axis=0)
    alone, full = taken.mean(axis=0)
    print(f"{preset or 'LeNet'}, {name}, ranks {ranks}: {len(taken)} pairs of {steps} steps each")
    print(f"                {'alone':>12} {'with':>12}    cost (95 % of resamples)")
    shares = full / alone - 1
    for which, clock in enumerate(("clock", "processor")):
        print(
            f"by the {clock:9} {1000 * alone[which]:9.3f} ms {1000 * full[which]:9.3f} ms    "
            f"{shares[which]:+.2%} ({low[which]:+.2%} to {high[which]:+.2%})"
        )
    usual = np.median(taken[:, 1, 0] / taken[:, 0, 0]) - 1
    print(f"events and checkpoints cost {shares[0]:+.2%} of training (median pair {usual:+.2%})")
    print(f"the limit is {LIMIT:.0%}")
    return int(shares[0] > LIMIT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
