"""How soon `cnn-tui attach` shows the charts of a long run, beside an empty Textual app.

    python tests/benchmarks/bench_attach.py [ROUNDS] [STEPS]

Both start in a pseudo-terminal of 80 x 24, in turns; time counts from the command to the moment
when its bytes have drawn what is waited for: for the empty app its one word, for `attach` the
status line of a run of 50,000 steps and its chart.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "end_to_end"))

from long_run import long_run
from terminal_driver import Terminal

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("nothing here")
Empty().run()
"""
LIMIT = 1.0


def seconds_until(terminal: Terminal, shown: Callable[[str], bool], began: float) -> float:
    """When the screen shows it, counted from the command."""
    try:
        while not shown(terminal.text):
            assert terminal.read(0.01), terminal.text
            assert time.monotonic() - began < 60, terminal.text
        return time.monotonic() - began
    finally:
        terminal.close()


def charted(text: str) -> bool:
    """Whether a curve and the number of steps are on the screen."""
    return sum("\u2800" < each <= "\u28ff" for each in text) > 20


def main(words: list[str]) -> int:
    """Measure, print medians and say whether the charts are there in time."""
    rounds = int(words[0]) if words else 7
    steps = int(words[1]) if len(words) > 1 else 50_000
    environment = {k: v for k, v in os.environ.items() if k in ("PYTHONPATH", "CNN_TUI_DATA")}
    empty, attach = [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        run = long_run(home / "runs", steps)
        for number in range(rounds + 1):
            began = time.monotonic()
            terminal = Terminal(
                "-c", EMPTY, home=home, environment=environment, program=(sys.executable,)
            )
            one = seconds_until(terminal, lambda text: "nothing here" in text, began)
            began = time.monotonic()
            terminal = Terminal(
                "attach", run.id, "--runs", home / "runs", home=home, environment=environment
            )
            other = seconds_until(terminal, charted, began)
            if number:  # the first round fills caches
                empty.append(one)
                attach.append(other)
    first, second = statistics.median(empty), statistics.median(attach)
    print(f"{rounds} rounds, a run of {steps:,} steps, 80 x 24")
    print(f"an empty Textual app    {first:.2f} s ({min(empty):.2f} to {max(empty):.2f})")
    print(f"charts after attaching  {second:.2f} s ({min(attach):.2f} to {max(attach):.2f})")
    print(f"limit {LIMIT:.0f} s; first paint of an app may take {1.5 * first + 0.3:.2f} s")
    return int(second >= LIMIT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
