"""How much faster more ranks are: processes of this machine and processes of MPI, measured.

A step is taken apart inside of rank 0: *compute* is the time outside of the exchanges, *wait* that
in which a rank that was early waits for the last one (a short meeting before the sum, made by the
benchmark alone), *sum* the all-reduce itself, *tell* the word before the step. One process and many
take turns, so that whatever else the machine does hits all alike; what counts is the quickest
quarter of the rounds, for other work only ever slows.

From these follows a model: a step of n ranks takes

    compute(B/n) + stragglers(n) + reduce(n)
    compute(b)    = fixed + each * b                   fitted to one rank at several batches
    stragglers(n) = wait * sqrt(ln n / ln 2)           the latest of n, as of normal noise
    reduce(n)     = 2 ceil(log2 n) latency + 2 (n - 1)/n bytes / bandwidth   (Rabenseifner 2004)

What it says of 8, 64 and 512 ranks is a prediction and marked so: nobody measured it, latency and
bandwidth are those of this machine unless told otherwise, and a core for every rank is assumed.
"""

from __future__ import annotations

import argparse
import json
import math
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
PREDICTED = (8, 64, 512)
PLAUSIBLE = 1e-9  # seconds: less than any exchange takes


class Turns:
    """A program of ``rank_turns.py``: a team that takes steps when it is told."""

    def __init__(self, kind: str, net: str, batch: int, ranks: int) -> None:
        self.kind, self.ranks, self.batch = kind, ranks, batch
        words = [sys.executable, str(HERE / "rank_turns.py"), net, str(batch), str(ranks)]
        if kind == "MPI":
            words = [mpiexec(), "-n", str(ranks), *words]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HOME), str(HERE)])},
        )  # fmt: skip
        self.parameters = int(self._answer())
        self.rounds: list[dict[str, float]] = []

    def take(self, steps: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        self.rounds.append(json.loads(self._answer()))

    def mean(self, what: str) -> float:
        """Over the quickest quarter of the rounds."""
        quickest = sorted(self.rounds, key=lambda found: found["step"])
        quickest = quickest[: max(1, len(quickest) // 4)]
        return statistics.fmean(found[what] for found in quickest)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.kind}, {self.ranks} ranks: it ended")
        return line


def mpiexec() -> str:
    """That of this Python's packages before the system's."""
    beside = Path(sys.executable).parent / "mpiexec"
    return str(beside) if beside.exists() else "mpiexec"


def measure(net: str, batch: int, ranks: Sequence[int], rounds: int, steps: int) -> dict[str, Any]:
    """One rank, local ranks and ranks of MPI in turns; and one rank at smaller batches."""
    teams: list[Turns] = []
    try:
        teams.append(Turns("local", net, batch, 1))
        teams += [Turns(kind, net, batch, n) for n in ranks if n > 1 for kind in ("local", "MPI")]
        small = [size for size in (batch // 8, batch // 4, batch // 2) if size >= 2]
        teams += [Turns("local", net, size, 1) for size in small]
        for _ in range(rounds):
            for team in teams:
                team.take(steps)
    finally:
        for team in teams:
            team.close()
    one = teams[0].mean("step")
    rows = []
    for team in teams:
        if team.batch == batch:
            step = team.mean("step")
            row: dict[str, Any] = {"kind": team.kind, "ranks": team.ranks, "speed_up": one / step}
            row["efficiency"] = row["speed_up"] / team.ranks
            row |= {what: team.mean(what) for what in ("step", "compute", "tell", "wait", "sum")}
            row["sum_share"] = row["sum"] / step
            rows.append(row)
    alone = [(team.batch, team.mean("compute")) for team in teams if team.ranks == 1]
    return {"net": net, "batch": batch, "parameters": teams[0].parameters, "rows": rows,
            "alone": alone}  # fmt: skip


def line_through(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """(intercept, slope) of the least squares line, the intercept not below 0."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    slope, intercept = statistics.linear_regression(xs, ys)
    if intercept < 0:
        intercept, slope = 0.0, sum(x * y for x, y in points) / sum(x * x for x in xs)
    return intercept, slope


def fit(found: dict[str, Any], latency: float | None, bandwidth: float | None) -> dict[str, float]:
    """The numbers of the model; latency and bandwidth are measured where they are not given."""
    fixed, each = line_through(found["alone"])
    two = next(row for row in found["rows"] if row["kind"] == "MPI")
    size = 4.0 * (found["parameters"] + 2)
    latency = two["tell"] if latency is None else latency
    rest = max(two["sum"] - 2 * latency, PLAUSIBLE)
    bandwidth = size / rest if bandwidth is None else bandwidth
    return {"fixed": fixed, "each": each, "wait": two["wait"], "bytes": size,
            "latency": latency, "bandwidth": bandwidth}  # fmt: skip


def predict(model: dict[str, float], batch: int, ranks: int) -> dict[str, float]:
    """A step of so many ranks that share a batch, as the model has it."""
    compute = model["fixed"] + model["each"] * math.ceil(batch / ranks)
    stragglers = model["wait"] * math.sqrt(math.log2(ranks)) if ranks > 1 else 0.0
    moved = 2 * (ranks - 1) / ranks * model["bytes"] / model["bandwidth"]
    reduce = 2 * math.ceil(math.log2(ranks)) * model["latency"] + moved if ranks > 1 else 0.0
    step = compute + stragglers + reduce
    one = model["fixed"] + model["each"] * batch
    return {"ranks": ranks, "batch": batch, "step": step, "sum_share": reduce / step,
            "speed_up": one / step, "efficiency": one / step / ranks}  # fmt: skip


def show(found: dict[str, Any], predictions: Sequence[dict[str, float]]) -> None:
    """Print what was measured, and below it, apart and named so, what was not."""
    print(f"\n{found['net']}, {found['parameters']:,} parameters, batch {found['batch']}: measured")
    print(f"  {'':16}{'ms a step':>10}{'speed-up':>10}{'efficiency':>12}{'compute':>9}{'wait':>8}"
          f"{'tell':>8}{'all-reduce':>12}")  # fmt: skip
    for row in found["rows"]:
        name = "1 rank" if row["ranks"] == 1 else f"{row['ranks']} ranks, {row['kind']}"
        step, compute, wait, tell, add = (
            1e3 * row[what] for what in ("step", "compute", "wait", "tell", "sum")
        )
        print(f"  {name:16}{step:10.2f}{row['speed_up']:9.2f}x{row['efficiency']:12.0%}"
              f"{compute:9.2f}{wait:8.2f}{tell:8.3f}{add:7.3f}{row['sum_share']:6.1%}")  # fmt: skip
    print("  PREDICTION by the model, not measured; a core for every rank, the network as given:")
    for row in predictions:
        print(f"  {row['ranks']:4d} ranks, batch {row['batch']:6d}: {1e3 * row['step']:8.2f} ms a"
              f" step, speed-up {row['speed_up']:7.1f}x, efficiency {row['efficiency']:4.0%},"
              f" all-reduce {row['sum_share']:4.0%}")  # fmt: skip


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--nets", nargs="+", default=["M1", "M2", "M3"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--ranks", nargs="+", type=int, default=[2])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--steps", type=int, default=5, help="of each team in each round")
    parser.add_argument("--latency", type=float, help="of your network, in seconds")
    parser.add_argument("--bandwidth", type=float, help="of your network, in bytes a second")
    parser.add_argument("--json", type=Path, help="a file for the JSON that is printed last")
    options = parser.parse_args(words)
    results = []
    for net in options.nets:
        found = measure(net, options.batch, options.ranks, options.rounds, options.steps)
        model = fit(found, options.latency, options.bandwidth)
        # the same batch for all, and a batch that grows with the ranks
        sizes = [(n, batch) for n in PREDICTED for batch in (options.batch, options.batch * n // 2)]
        predictions = [predict(model, batch, n) for n, batch in sizes if batch >= n]
        show(found, predictions)
        results.append({**found, "model": model, "predictions": predictions})
    told = {"time": time.time(), "results": results}
    print("\n" + json.dumps(told))
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
