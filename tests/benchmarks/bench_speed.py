"""``make bench``: training and inference speed, beside PyTorch where it is installed.

Contenders run in processes of their own and take turns, a short piece each, so that whatever else
the machine does hits all alike; what counts are the medians and the ratios of medians. This
library runs with 1, 2, 4, ... ranks up to the number of cores; ratios are those of most ranks.

GFLOP/s count the operations of the definition, whatever the kernels save by cropping and by
Winograd. The peak that they are held against is that of float32 matrix products (sgemm), measured
in the same run, a process on every core at once.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HOME = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HOME)]

from contenders import SHAPES, architecture  # noqa: E402 - found by the line above

from tui.experiment.assembly import cores as usable  # noqa: E402

RIVALS = ("torch", "torch channels_last")
WITHOUT_TORCH = (
    "torch is not installed: the rows of torch and torch channels_last, and the ratios to them,"
    " are missing. pip install torch==2.13.0 adds them."
)


class Contender:
    """A process of ``contenders.py``.

    Attributes:
        speeds: images per second of each piece of work.
        peak_mib: greatest resident memory of the process and its ranks together, in MiB.
    """

    def __init__(self, name: str, net: str, batch: int, ranks: int) -> None:
        ours = f"cnnlib, {ranks} rank" + "s" * (ranks > 1)
        self.name, self.ranks = (ours, ranks) if name == "cnnlib" else (name, None)
        words = [name, net, str(batch), str(ranks)]
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "contenders.py"), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(HOME)},
        )  # fmt: skip
        if self._answer() != "ready":
            raise SystemExit(f"{self.name} could not start")
        self.speeds: dict[str, list[float]] = {"train": [], "infer": []}
        self.peak_mib = 0.0

    def work(self, what: str, seconds: float) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what} {seconds}\n")
        self.process.stdin.flush()
        answer = json.loads(self._answer())
        self.speeds[what].append(answer["images_per_second"])
        self.peak_mib = max(self.peak_mib, answer["peak_mib"])

    def median(self, what: str) -> float:
        return statistics.median(self.speeds[what])

    def close(self) -> None:
        """Hang up, upon which it ends."""
        for end in (self.process.stdin, self.process.stdout):
            assert end is not None
            end.close()
        self.process.wait(10)

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


SGEMM = """
import sys, time
import numpy as np
a = np.ones((1024, 1024), "f4")
out, best, end = a.copy(), 9.0, time.time() + float(sys.argv[1])
while time.time() < end:
    start = time.perf_counter()
    np.matmul(a, a, out=out)
    best = min(best, time.perf_counter() - start)
print(2 * 1024**3 / best / 1e9)
"""


def sgemm_peak(cores: int, seconds: float) -> float:
    """GFLOP/s of float32 matrix products of side 1024 on all cores at once, the best of many."""
    words = [sys.executable, "-c", SGEMM, str(seconds)]
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) for _ in range(cores)
    ]
    return sum(float(process.communicate()[0]) for process in processes)


def numbers_of_ranks(cores: int) -> list[int]:
    """1, 2, 4 and so on, and all cores."""
    return sorted({min(1 << power, cores) for power in range(cores.bit_length() + 1)})


def flops(net: str) -> dict[str, float]:
    """Floating-point operations for an image, in training and in inference.

    Training takes each product three times (forward, and two gradients), but for the gradient by
    the images.
    """
    from cnnlib import Sequential

    rows = Sequential.parse(architecture(net), SHAPES[net]).summary()
    forward = sum(2.0 * row.multiply_adds for row in rows)
    first = next(2.0 * row.multiply_adds for row in rows if row.parameters)
    return {"train": 3.0 * forward - first, "infer": forward}


def compare(
    net: str, batch: int, ranks: Sequence[int], rounds: int, seconds: float, peak: float
) -> dict[str, Any]:
    """Interleave all contenders on one net and batch size; print and return the medians."""
    contenders: list[Contender] = []
    try:
        contenders += [Contender("cnnlib", net, batch, n) for n in ranks if n <= batch]
        if importlib.util.find_spec("torch") is not None:
            contenders += [Contender(name, net, batch, 1) for name in RIVALS]
        for _ in range(rounds):
            for what in ("train", "infer"):
                for contender in contenders:
                    contender.work(what, seconds)
    finally:
        for contender in contenders:
            contender.close()
    one = contenders[0]
    ours = max((c for c in contenders if c.ranks), key=lambda contender: contender.ranks or 0)
    operations = flops(net)
    table = []
    for contender in contenders:
        row: dict[str, Any] = {"name": contender.name, "ranks": contender.ranks}
        for what in ("train", "infer"):
            speed = contender.median(what)
            gflops = speed * operations[what] / 1e9
            row[what] = {
                "images_per_second": speed,
                "ours_over_this": ours.median(what) / speed,
                "gflops": gflops,
                "share_of_peak": gflops / peak,
                "over_one_rank": speed / one.median(what) if contender.ranks else None,
            }
        table.append({**row, "peak_mib": contender.peak_mib})
    show(table, f"{net}, batch {batch}: medians of {rounds} rounds of {seconds} s")
    return {"net": net, "batch": batch, "rounds": rounds, "seconds": seconds, "contenders": table}


def show(table: list[dict[str, Any]], title: str) -> None:
    """Print the rows of a comparison: a line for training and one for inference each."""
    print(f"\n{title}")
    print(f"  {'':21}{'':6}{'images/s':>10}{'ours/this':>11}{'1 rank':>8}{'GFLOP/s':>9}"
          f"{'of peak':>9}{'peak MiB':>10}")  # fmt: skip
    for row in table:
        for what in ("train", "infer"):
            found = row[what]
            scaling = found["over_one_rank"]
            print(
                f"  {row['name'] if what == 'train' else '':21}{what:6}"
                f"{found['images_per_second']:10,.0f}{found['ours_over_this']:10.2f}x"
                f"{'' if scaling is None else f'{scaling:.2f}x':>8}{found['gflops']:9.1f}"
                f"{found['share_of_peak']:9.0%}"
                + (f"{row['peak_mib']:10.0f}" if what == "train" else "")
            )


def main(words: Sequence[str] | None = None) -> None:
    cores = usable()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--nets", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--batches", nargs="+", type=int, default=[64, 128, 256])
    parser.add_argument("--ranks", nargs="+", type=int, default=numbers_of_ranks(cores))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each piece of work")
    parser.add_argument("--json", type=Path, help="a file for the JSON that is printed last")
    options = parser.parse_args(words)
    if importlib.util.find_spec("torch") is None:
        print(WITHOUT_TORCH)
    peak = sgemm_peak(cores, options.seconds)
    print(f"{cores} cores, sgemm peak of all at once {peak:.0f} GFLOP/s")
    ranks = sorted(set(options.ranks))
    results = [
        compare(net, batch, ranks, options.rounds, options.seconds, peak)
        for net in options.nets
        for batch in options.batches
    ]
    found = {"time": time.time(), "cores": cores, "sgemm_peak_gflops": peak, "results": results}
    print("\n" + json.dumps(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
