"""The line to the terminal: stalled, dropped, ended by a signal; and the terminal afterwards."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from long_run import long_run
from terminal_driver import Terminal, is_alive, wait_until

from cnnlib.runs.directory import Run

pytestmark = pytest.mark.terminal
ALTERNATE_OFF, MOUSE_OFF, CURSOR_ON = b"\x1b[?1049l", b"\x1b[?1003l", b"\x1b[?25h"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return long_run(tmp_path_factory.mktemp("line") / "runs", steps=2000, epochs=4)


@pytest.fixture
def attached(run: Run, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal("attach", run.id, "--runs", run.path.parent, home=tmp_path)
    terminal.wait_for("Loss", "stopped", "4/4")
    yield terminal
    terminal.close()


def test_the_status_line_says_how_long_the_line_is(attached: Terminal) -> None:
    attached.press("y")
    attached.wait_for("link ", " ms")


def test_nothing_is_sent_while_nothing_changes(attached: Terminal) -> None:
    attached.read(3)
    before = len(attached.output)
    attached.read(1.5)
    assert attached.output[before:] == b""


def test_what_a_stalled_line_held_back_is_painted_once(attached: Terminal) -> None:
    """Forty frames are asked for while nobody reads; what comes then is the last of them."""
    attached.read(1)
    attached.answers = False  # the line has stalled: answers do not come back either
    for _ in range(20):
        attached.press("y")
        attached.press("m")
        time.sleep(0.05)
    before = len(attached.output)
    attached.read(0.5)
    stalled = len(attached.output) - before
    assert stalled < 12_000, "frames piled up"
    attached.answers = True
    attached.child.send("\x1b[0n" * 12)
    attached.press("?")
    attached.wait_for("Help: Train", seconds=5)


def test_a_terminal_that_never_answers_is_served_all_the_same(run: Run, tmp_path: Path) -> None:
    terminal = Terminal("attach", run.id, "--runs", run.path.parent, home=tmp_path, answers=False)
    try:
        terminal.wait_for("Loss", "4/4")
        for digit, word in ((1, "mnist"), (2, "Conv2d"), (7, "runs in"), (3, "Accuracy")):
            terminal.press(str(digit))
            terminal.wait_for(word)
        assert terminal.output.count(b"\x1b[5n") == 1
        assert "link" not in terminal.text
        terminal.press("q")
        assert terminal.wait_for_end() == 0
    finally:
        terminal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(attached: Terminal, number: int) -> None:
    os.kill(attached.child.pid, number)
    assert attached.wait_for_end() == 128 + number
    for sequence in (ALTERNATE_OFF, MOUSE_OFF, CURSOR_ON):
        assert sequence in attached.output
    assert b"Traceback" not in attached.output


def test_an_app_whose_line_stalled_ends_when_it_drops(attached: Terminal) -> None:
    attached.answers = False
    for _ in range(60):  # nobody reads: the buffers of the pseudo-terminal are full
        attached.press("1", "3", "y")
        time.sleep(0.02)
    app = attached.child.pid
    attached.hang_up()
    wait_until(lambda: not is_alive(app), seconds=10)


def test_the_shell_never_reads_an_answer(attached: Terminal) -> None:
    """What the terminal was asked is answered before the app is left."""
    for key in "4567123":
        attached.press(key)
    attached.press("q")
    assert attached.wait_for_end() == 0
    asked = attached.output.rfind(b"\x1b[5n")
    assert asked < attached.output.rfind(ALTERNATE_OFF)
