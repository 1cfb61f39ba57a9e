"""What the screens cost: the time from a key to the screen, bytes on the line, training, memory.

    python tests/benchmarks/bench_screens.py [keys] [ssh] [bytes] [switches] [training] [million]

Each word is a part; without one all are measured. The app is the real one, in a pseudo-terminal,
on a training that runs at full speed (LeNet on MNIST where CNN_TUI_DATA says where it is, else on
the 5,000 embedded images). `ssh` puts a proxy of 64 KiB/s and 100 ms before a real sshd. A line is
printed for each figure, with its limit, and the exit status is 1 where one is missed.

The time of a key is that from writing it to the chunk of output after which an emulated screen
shows its effect. A switch to another pane sends up to 60 kB, which a line of 64 KiB/s needs a
second for: over such a line the limit is on the keys within panes, and the first change after a
switch is told beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from meter import APP, Meter

from cnnlib.runs import commands
from cnnlib.runs.directory import Run
from cnnlib.runs.history import RunHistory
from cnnlib.runs.lock import owner
from tui.experiment import launch, prepare
from tui.keys.commands import PANES as PANE_TABLE
from tui.keys.pages import footer_for
from tui.settings.training import Settings

sys.path.append(str(Path(__file__).parents[1] / "end_to_end"))  # helpers of its tests

SIZES = ((80, 24), (160, 48))
PANES = ("Data", "Model", "Train", "Features", "Evaluate", "Mistakes", "Runs")
LAST_ROWS = tuple(" ".join(footer_for(name)[0]) for name, _ in PANE_TABLE)
"""What the last row says in each pane: it is painted last."""
missed: list[str] = []


def tell(what: str, found: float, limit: float, unit: str, detail: str = "") -> None:
    """A line of the table."""
    verdict = "" if found <= limit else "  MISSED"
    missed.extend([what] if verdict else [])
    print(
        f"{what:<54}{found:>10,.1f} {unit:<6} limit {limit:>9,.1f}{verdict}  {detail}", flush=True
    )


@contextlib.contextmanager
def training(folder: Path, epochs: int = 100_000) -> Iterator[Run]:
    """A training in a process of its own, at full speed."""
    data = "mnist" if os.environ.get("CNN_TUI_DATA") else "mnist-5k"
    run = prepare(Settings(data=data, epochs=epochs), folder / "runs", "bench")
    trainer = launch(run)
    try:
        while RunHistory.read(run).state.step < 50:
            assert trainer.poll() is None, run.log_path.read_text()
            time.sleep(0.5)
        yield run
    finally:
        commands.send(run, commands.Stop())
        with contextlib.suppress(subprocess.TimeoutExpired):
            trainer.wait(30)
        trainer.kill()


def attach(run: Run, columns: int, rows: int) -> Meter:
    """The app on a run, in a terminal of its own."""
    words = [sys.executable, "-c", APP, "attach", str(run.path), "--runs", str(run.path.parent)]
    meter = Meter(words, run.path.parent.parent, columns, rows)
    meter.wait_for("Loss")
    time.sleep(3)
    return meter


def press_keys(meter: Meter, times: int, between: float) -> None:
    """Keys whose effect can be seen: the scale of the chart, its cursor, panes, help."""
    rng = random.Random(0)

    def pause() -> None:
        time.sleep(between * rng.uniform(0.8, 1.2))  # at no fixed phase to the ticks

    for _ in range(times):
        for key, word, shown in (
            ("y", "(log)", True), ("y", "(log)", False), ("m", "mean of 0.05", True),
            ("m", "mean of 0.2", True), ("m", "mean of 1", True), ("m", "mean of", False),
            ("?", "Esc closes", True), ("\r", "Esc closes", False),
        ):  # fmt: skip
            meter.press(key, lambda text, word=word, shown=shown: (word in text) is shown)
            pause()


def press_panes(meter: Meter, times: int, between: float) -> None:
    """All panes, one after another."""
    for _ in range(times):
        for digit, said in [*enumerate(LAST_ROWS, start=1), (3, LAST_ROWS[2])]:
            meter.press(str(digit), lambda text, said=said: said in text.rsplit("\n", 1)[1])
            time.sleep(between)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def told(what: str, delays: Sequence[float], p95: float, p99: float) -> None:
    """The two limits on times of keys."""
    detail = f"median {statistics.median(delays) * 1e3:.1f} of {len(delays)} keys"
    tell(f"{what}, p95", percentile(delays, 0.95) * 1e3, p95, "ms", detail)
    tell(f"{what}, p99", percentile(delays, 0.99) * 1e3, p99, "ms")


def keys(folder: Path) -> None:
    """From a key to the changed screen, while training at full speed."""
    with training(folder) as run:
        for columns, rows in SIZES:
            meter = attach(run, columns, rows)
            press_panes(meter, 1, 1.5)  # panes are made when they are first shown
            meter.presses.clear()
            press_keys(meter, 20, 0.22)
            delays = meter.screens().delays(meter.presses)
            told(f"key to screen, {columns}x{rows}", delays, 50, 100)
            meter.presses.clear()
            press_panes(meter, 6, 0.5)
            delays = meter.screens().delays(meter.presses)
            told(f"switch of panes, {columns}x{rows}", delays, 50, 100)
            meter.close()


def ssh(folder: Path) -> None:
    """The same over a slow line."""
    from secure_shell import Server, missing

    if missing():
        print(f"over ssh: {missing()}")
        return
    server = Server(folder / "sshd")
    with training(folder) as run, slow_line(server.port) as port:
        for columns, rows in SIZES:
            there = f"LANG=C.UTF-8 {sys.executable} -c '{APP}' attach {run.path}"
            words = server.words()
            words[words.index("-p") + 1] = str(port)
            meter = Meter([*words, there], folder, columns, rows)
            meter.wait_for("Loss")
            time.sleep(5)
            press_keys(meter, 15, 0.6)
            delays = meter.screens().delays(meter.presses)
            told(f"key to screen over 64 KiB/s, {columns}x{rows}", delays, 200, 200)
            tell(
                f"KiB/s over that line, {columns}x{rows}",
                meter.bytes_during(15) / 15 / 1024,
                8,
                "KiB/s",
            )
            meter.presses.clear()
            press_panes(meter, 2, 2.5)
            delays = meter.screens().delays(meter.presses)
            told(f"switch over 64 KiB/s, {columns}x{rows}", delays, 1200, 1500)
            meter.close()
    server.close()


@contextlib.contextmanager
def slow_line(port: int) -> Iterator[int]:
    """A proxy before that port; its own."""
    program = Path(__file__).parent / "throttle.py"
    proxy = subprocess.Popen(
        [sys.executable, str(program), str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield int(proxy.stdout.readline())  # type: ignore[union-attr]
    finally:
        proxy.kill()
        proxy.wait()


def bytes_sent(folder: Path) -> None:
    """Bytes to the terminal while it trains, and when nothing changes."""
    with training(folder) as run:
        for (columns, rows), limit in zip(SIZES, (8, 12), strict=True):
            meter = attach(run, columns, rows)
            rate = meter.bytes_during(30) / 30 / 1024
            tell(f"Train while training, {columns}x{rows}", rate, limit, "KiB/s")
            meter.close()
        commands.send(run, commands.Stop())
        while (found := owner(run)) is not None and found.alive:
            time.sleep(0.2)
        for columns, rows in SIZES:
            meter = attach(run, columns, rows)
            time.sleep(6)
            tell(
                f"Train when nothing changes, {columns}x{rows}", meter.bytes_during(15), 0, "bytes"
            )
            meter.close()


def switches(folder: Path) -> None:
    """Bytes of a switch to each pane, on a run that has ended."""
    run = prepare(Settings(data="mnist-5k", epochs=1), folder / "runs", "bench")
    assert launch(run).wait(120) == 0
    for columns, rows in SIZES:
        meter = attach(run, columns, rows)
        for digit in (*range(1, 8), 3):  # so that all panes are made
            meter.press(str(digit))
            time.sleep(2)
        for digit, title in enumerate(PANES, start=1):
            meter.press(str(digit % 7 + 1))
            time.sleep(1.5)
            meter.press(str(digit))
            sent = meter.bytes_during(1.5) / 1000
            tell(f"switch to {title}, {columns}x{rows}", sent, 60, "kB")
        meter.close()


def slowed(folder: Path) -> None:
    """How much slower a step is while the app is open, in turns."""
    with training(folder) as run:
        without: list[float] = []
        beside: list[float] = []
        for _ in range(8):
            without.append(seconds_a_step(run, 10))
            meter = attach(run, 160, 48)
            beside.append(seconds_a_step(run, 10))
            meter.close()
        ratios = [b / a for a, b in zip(without, beside, strict=True)]
        again = [a / b for b, a in zip(beside, without[1:], strict=False)]
        slower = statistics.median([*ratios, *(1 / ratio for ratio in again)]) - 1
        tell("training slowed by the open app", slower * 100, 3, "%", f"{len(ratios)} turns")


def seconds_a_step(run: Run, seconds: float) -> float:
    """Over the next seconds, from the times in the journal."""
    time.sleep(1)
    before = RunHistory.read(run)
    time.sleep(seconds)
    after = RunHistory.read(run)
    first, last = before.records[-1], after.records[-1]
    return (last.time - first.time) / (after.state.step - before.state.step)


def million(folder: Path) -> None:
    """A million events: the memory of the app that has read them, and its longest tick."""
    from tui.app.app import CnnTuiApp
    from tui.terminal.abilities import Terminal

    written = "import sys; sys.path[:0] = sys.argv[1:3]; from pathlib import Path\n"
    written += "from long_run import long_run; long_run(Path(sys.argv[3]), 1_000_000, 100)"
    places = [str(Path(__file__).parents[1] / "end_to_end"), str(Path(__file__).parents[2])]
    words = [sys.executable, "-c", written, *places, str(folder / "runs")]
    subprocess.run(words, check=True)  # apart: its memory is not the app's
    run = Run(next((folder / "runs").iterdir()))
    ticks: list[float] = []

    look = CnnTuiApp._look

    def timed(app: CnnTuiApp) -> None:
        began = time.thread_time()
        look(app)
        ticks.append(time.thread_time() - began)

    CnnTuiApp._look = timed  # type: ignore[method-assign]

    async def watch() -> None:
        app = CnnTuiApp(Terminal(), data="mnist-5k", runs=folder / "runs", attach=run)
        async with app.run_test(size=(160, 48)) as pilot:
            while app.session.series.step < 1_000_000:
                await pilot.pause(0.25)
            for key in ("y", "m", "plus", "minus", "L"):
                await pilot.press(key)
                app.session.touch()
                await pilot.pause(0.5)

    asyncio.run(watch())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell("memory with a million events", peak, 250, "MB", "peak of the process")
    tell("longest tick meanwhile", max(ticks) * 1e3, 50, "ms", f"of {len(ticks)}, CPU time")


def main(parts: Sequence[str]) -> int:
    """Measure the parts, and say which limits were missed."""
    known = {"keys": keys, "ssh": ssh, "bytes": bytes_sent, "switches": switches,
             "training": slowed, "million": million}  # fmt: skip
    for part in parts or known:
        with tempfile.TemporaryDirectory() as folder:
            known[part](Path(folder))
    print(f"missed: {', '.join(missed)}" if missed else "all limits are kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
