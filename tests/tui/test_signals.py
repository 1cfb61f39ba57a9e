"""The guard of signals, each in a process of its own: signals end processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "pthread_sigmask"), reason="signals are not blocked here"
)

BEGIN = """
import os, sys, threading, time
from tui.terminal.signals import SignalGuard
left = threading.Event()
status = []
def leave(code):
    status.append(code)
    left.set()
"""


def run(body: str, number: int | None) -> tuple[int, str, float]:
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN + body], stdout=subprocess.PIPE, text=True
    )
    out = process.stdout
    assert out is not None
    assert out.readline() == "ready\n"
    began = time.monotonic()
    if number is not None:
        process.send_signal(number)
    said = out.read()
    code = process.wait(30)
    out.close()
    return code, said, time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_the_app_to_leave_with_its_status(number):
    body = """
with SignalGuard() as guard:
    guard.on_signal(leave)
    print("ready", flush=True)
    left.wait(20)
    print("cleaned up", flush=True)
sys.exit(status[0])
"""
    code, said, _ = run(body, number)
    assert code == 128 + number
    assert said == "cleaned up\n"


def test_an_app_that_is_stuck_is_ended_at_the_deadline():
    body = """
with SignalGuard(deadline=0.3) as guard:
    guard.on_signal(leave)
    print("ready", flush=True)
    threading.Lock().acquire()
    time.sleep(60)
    print("never", flush=True)
"""
    code, said, seconds = run(body, signal.SIGTERM)
    assert code == 143
    assert said == ""
    assert seconds < 10


def test_a_signal_before_there_is_an_app_ends_the_process():
    body = """
with SignalGuard() as guard:
    print("ready", flush=True)
    time.sleep(60)
"""
    code, _, seconds = run(body, signal.SIGHUP)
    assert code == 129
    assert seconds < 10


def test_afterwards_signals_are_as_they_were_and_nothing_is_left_over():
    body = """
import signal
before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
with SignalGuard() as guard:
    inside = signal.pthread_sigmask(signal.SIG_BLOCK, [])
assert signal.SIGTERM in inside and signal.SIGTERM not in before
assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
assert guard.received is None
assert all(thread.name != "signals" for thread in threading.enumerate())
print("ready", flush=True)
"""
    code, _, _ = run(body, None)
    assert code == 0
