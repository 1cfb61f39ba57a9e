"""What writing a run down costs: training in a run directory against training alone.

    python tests/benchmarks/bench_runs.py [SECONDS] [DATA] [RANKS] [PRESET]

Both train LeNet, in turns of thirty steps each, so that what else the machine does falls on both
alike; on MNIST where CNN_TUI_DATA says where it is, else on the 5,000 embedded images. "With"
appends every event to the journal, looks for commands, and saves checkpoints after each epoch and
every 30 seconds, as `cnn-tui train` does. A checkpoint is written by a thread of its own, which
may work on into the turn of the other: a little of its cost falls on both.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Semaphore, Thread

import numpy as np
from threadpoolctl import threadpool_limits

from cnnlib import events as ev
from tui.experiment import load_data, prepare, train
from tui.experiment.assembly import assemble
from tui.settings.layering import layered
from tui.settings.training import Settings

STEPS = 30
LIMIT = 0.02


class Turns:
    """A training in a thread of its own, which works for thirty steps at a time."""

    def __init__(self, work: Callable[[Callable[[ev.Event], None]], object]) -> None:
        self._go, self._done = Semaphore(0), Semaphore(0)
        self._began, self._seconds = 0.0, 0.0
        Thread(target=work, args=(self._listen,), daemon=True).start()
        self._done.acquire()

    def _listen(self, event: ev.Event) -> None:
        if isinstance(event, ev.StepEnded) and event.step % STEPS == 0:
            self._seconds = time.perf_counter() - self._began
            self._done.release()
            self._go.acquire()
            self._began = time.perf_counter()

    def take(self) -> float:
        """Seconds of the next thirty steps and of all that comes between them."""
        self._go.release()
        self._done.acquire()
        return self._seconds


def default_data() -> str:
    """All of MNIST where it needs no download."""
    return "mnist" if os.environ.get("CNN_TUI_DATA") else "mnist-5k"


def pairs(seconds: float, settings: Settings, root: Path) -> Iterator[tuple[float, float]]:
    """(alone, with) of the same thirty steps, again and again."""
    bare = assemble("alone", settings, load_data(prepare(settings, root / "alone")))
    written = prepare(settings, root / "with")
    alone = Turns(lambda listen: [listen(event) for event in bare.run()])
    full = Turns(lambda listen: train(written, lambda record: listen(record.event)))
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        number += 1
        if number % 2:
            yield alone.take(), full.take()
        else:
            second = full.take()
            yield alone.take(), second


def main(words: list[str]) -> int:
    """Measure for about so many seconds, print the share and say whether it is within the limit."""
    seconds = float(words[0]) if words else 40.0
    name = words[1] if len(words) > 1 else default_data()
    ranks = int(words[2]) if len(words) > 2 else 1
    preset = words[3] if len(words) > 3 else None
    settings = layered(preset=preset, data=name, epochs=10_000, ranks=ranks)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1, "blas"):
        taken = np.array(list(pairs(seconds, settings, Path(folder))))
        rng = np.random.default_rng(0)
        drawn = taken[rng.integers(0, len(taken), (2000, len(taken)))].sum(axis=1)
        low, high = np.percentile(drawn[:, 1] / drawn[:, 0] - 1, (2.5, 97.5))
        alone, full = taken.mean(axis=0) / STEPS
        share, usual = full / alone - 1, np.median(taken[:, 1] / taken[:, 0]) - 1
        print(
            f"{preset or 'LeNet'}, {name}, ranks {ranks}: {len(taken)} turns of {STEPS} steps each"
        )
        print(f"alone  {1000 * alone:.3f} ms a step")
        print(f"with   {1000 * full:.3f} ms a step")
        print(
            f"events and checkpoints cost {share:+.2%} of training "
            f"(95 % of resamples {low:+.2%} to {high:+.2%}; limit {LIMIT:.0%})"
        )
        print(f"median turn, in which no epoch ends: {usual:+.2%}")
    return int(share > LIMIT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
