"""What measures the screens: it tells a program that is slow from one that is no longer there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from meter import Meter, Press, ProgramEnded, Replay

ECHO = """
import os, sys, termios, tty
tty.setraw(0)
print("ready", flush=True)
while (key := os.read(0, 1)) != b"q":
    os.write(1, b"got " + key)
raise SystemExit("gone for good")
"""


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[Meter]:
    made = Meter([sys.executable, "-c", ECHO], tmp_path, 40, 5)
    made.wait_for("ready")
    yield made
    made.close()


def test_a_program_that_ended_is_no_late_one(meter: Meter) -> None:
    """It would answer to no key, and send no bytes: the best that can be where bytes count."""
    meter.press("q")
    with pytest.raises(ProgramEnded, match="gone for good"):
        meter.bytes_during(2)
    with pytest.raises(ProgramEnded, match="gone for good"):
        meter.press("a")
    with pytest.raises(ProgramEnded):
        meter.wait_for("never")


def test_keys_are_timed_by_what_they_did(meter: Meter) -> None:
    for key in "ab":
        meter.press(key, lambda text, key=key: f"got {key}" in text)
        meter.wait_for(f"got {key}")
    meter.press("c", lambda text: "got nothing" in text)
    meter.wait_for("got c")
    first, second, third = meter.screens().delays(meter.presses)
    assert 0 < first < float("inf")
    assert 0 < second < float("inf")
    assert third == float("inf")


def test_a_delay_ends_with_the_chunk_that_completes_the_effect() -> None:
    received = [(1.0, b"old"), (2.5, b"ne"), (2.75, b"w"), (5.0, b"late")]
    presses = [
        Press(2.0, "a", lambda text: "new" in text),
        Press(4.0, "b", lambda text: "late" in text),
    ]
    assert Replay(20, 2, received).delays(presses) == [0.75, 1.0]
