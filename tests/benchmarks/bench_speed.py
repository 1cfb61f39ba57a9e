"""``make bench``: training and inference speed, beside PyTorch where it is installed.

Contenders run in processes of their own and take turns, a short piece each, so that whatever else
the machine does hits all alike; what counts are the medians and the ratios of medians.
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

HERE = Path(__file__).parent
RIVALS = ("torch", "torch channels_last")


class Contender:
    """A process of ``contenders.py``."""

    def __init__(self, name: str, net: str, batch: int, ranks: int) -> None:
        ours = f"cnnlib, {ranks} rank" + "s" * (ranks > 1)
        self.name = ours if name == "cnnlib" else name
        words = [name, net, str(batch), str(ranks)]
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "contenders.py"), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
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
        self.peak_mib = answer["peak_mib"]

    def median(self, what: str) -> float:
        return statistics.median(self.speeds[what])

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def sgemm_peak(seconds: float = 1.0) -> float:
    """GFLOP/s of float32 matrix products of side 1024 on one core, the best of many."""
    code = (
        "import numpy as np, time\n"
        "a = np.ones((1024, 1024), 'f4'); out = a.copy(); best = 9.0\n"
        f"end = time.time() + {seconds}\n"
        "while time.time() < end:\n"
        "    start = time.perf_counter(); np.matmul(a, a, out=out)\n"
        "    best = min(best, time.perf_counter() - start)\n"
        "print(2 * 1024**3 / best / 1e9)"
    )
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    return float(done.stdout)


def flops(net: str) -> tuple[float, float]:
    """Floating-point operations for an image: of a training step, and of inference."""
    sys.path[:0] = [str(HERE), str(HERE.parents[1])]
    from contenders import SHAPES, architecture

    from cnnlib import Sequential

    rows = Sequential.parse(architecture(net), SHAPES[net]).summary()
    forward = sum(2 * row.multiply_adds for row in rows)
    first = next(2 * row.multiply_adds for row in rows if row.parameters)
    return 3.0 * forward - first, float(forward)


def compare(
    net: str, batch: int, ranks: Sequence[int], rounds: int, seconds: float, peak: float
) -> dict[str, object]:
    """Interleave all contenders on one net and batch size; print and return the medians."""
    torch = importlib.util.find_spec("torch") is not None
    contenders = [Contender("cnnlib", net, batch, n) for n in ranks]
    contenders += [Contender(name, net, batch, 1) for name in RIVALS if torch]
    try:
        for _ in range(rounds):
            for what in ("train", "infer"):
                for contender in contenders:
                    contender.work(what, seconds)
    finally:
        for contender in contenders:
            contender.close()
    ours = contenders[len(ranks) - 1]
    per_step, per_image = flops(net)
    table = []
    print(f"\n{net}, batch {batch}: medians of {rounds} rounds of {seconds} s")
    print(f"  {'':24}{'train img/s':>12}{'ours/this':>10}{'GFLOP/s':>9}{'of peak':>8}"
          f"{'infer img/s':>13}{'ours/this':>10}{'peak MiB':>10}")  # fmt: skip
    for contender in contenders:
        train, infer = contender.median("train"), contender.median("infer")
        gflops = train * per_step / 1e9
        row = {
            "name": contender.name,
            "train": train,
            "infer": infer,
            "train_ratio": ours.median("train") / train,
            "infer_ratio": ours.median("infer") / infer,
            "gflops": gflops,
            "share_of_peak": gflops / peak / (os.cpu_count() or 1),
            "infer_gflops": infer * per_image / 1e9,
            "peak_mib": contender.peak_mib,
        }
        table.append(row)
        print(f"  {contender.name:24}{train:12,.0f}{row['train_ratio']:9.2f}x{gflops:9.1f}"
              f"{row['share_of_peak']:8.0%}{infer:13,.0f}{row['infer_ratio']:9.2f}x"
              f"{contender.peak_mib:10.0f}")  # fmt: skip
    return {"net": net, "batch": batch, "rounds": rounds, "seconds": seconds, "contenders": table}


def main() -> None:
    cores = os.cpu_count() or 1
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", nargs="+", default=["M1", "M2", "M3"])
    parser.add_argument("--batches", nargs="+", type=int, default=[64, 128, 256])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each piece of work")
    parser.add_argument("--json", type=Path, help="where to write all figures")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        print("torch is not installed: only this library is measured")
    peak = sgemm_peak()
    print(f"{cores} cores, sgemm peak {peak:.0f} GFLOP/s a core")
    results = [
        compare(net, batch, sorted({1, cores}), options.rounds, options.seconds, peak)
        for net in options.nets
        for batch in options.batches
    ]
    if options.json:
        options.json.write_text(json.dumps({"time": time.time(), "peak": peak, "results": results}))


if __name__ == "__main__":
    main()
