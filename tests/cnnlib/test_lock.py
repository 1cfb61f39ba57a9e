"""Laws of the lock: one owner, named; gone when it dies; elsewhere known by its heartbeat."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cnnlib.errors import RunError
from cnnlib.runs import Run, RunLock, lock, lockfile, owner
from cnnlib.runs.lock import TakenOver

HOLD = (
    "import sys, time; from pathlib import Path\n"
    "from cnnlib.runs import Run, RunLock\n"
    "lock = RunLock(Run(Path(sys.argv[1]))); lock.acquire()\n"
    "print('held', flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@contextmanager
def holder(run: Run) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def elsewhere(run: Run, silent: float) -> None:
    """A lock that a trainer on another machine left, without flock reaching here."""
    body = {"host": "far-away", "pid": 4711, "token": "abc"}
    run.lock_path.write_text(json.dumps(body))
    then = time.time() - silent
    os.utime(run.lock_path, (then, then))


def test_an_owner_is_seen_and_gone_after_release(run: Run) -> None:
    assert owner(run) is None
    with RunLock(run) as held:
        seen = owner(run)
        assert seen is not None
        assert (seen.host, seen.pid, seen.alive) == (socket.gethostname(), os.getpid(), True)
        assert seen.present
        assert seen.silent_seconds < 5
        held.acquire()  # once more: nothing happens
        assert stat.S_IMODE(run.lock_path.stat().st_mode) == 0o600
    assert owner(run) is None
    assert not held.held
    held.release()
    with held:
        assert owner(run) is not None


def test_a_lock_of_another_process_is_refused_with_host_and_pid(run: Run) -> None:
    with holder(run) as child:
        for _ in range(2):
            with pytest.raises(RunError) as caught:
                RunLock(run).acquire()
            assert f"process {child.pid} on {socket.gethostname()}" in str(caught.value)
        seen = owner(run)
        assert seen is not None
        assert (seen.pid, seen.alive) == (child.pid, True)


def test_two_locks_in_one_process_exclude_each_other(run: Run) -> None:
    with RunLock(run), pytest.raises(RunError, match=str(os.getpid())):
        RunLock(run).acquire()


def test_killing_the_holder_frees_the_lock_at_once(run: Run) -> None:
    for _ in range(3):
        with holder(run) as child:
            child.send_signal(signal.SIGKILL)
            child.wait()
            seen = owner(run)
            assert seen is not None
            assert (seen.pid, seen.alive, seen.present) == (child.pid, False, False)
            with RunLock(run):
                seen = owner(run)
                assert seen is not None
                assert seen.pid == os.getpid()


def test_forked_children_do_not_keep_the_lock(run: Run) -> None:
    program = (
        "import os, sys, time; from pathlib import Path\n"
        "from cnnlib.runs import Run, RunLock\n"
        "lock = RunLock(Run(Path(sys.argv[1]))); lock.acquire()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.close(1); time.sleep(30); os._exit(0)\n"
        "print(child, flush=True); time.sleep(30)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(run.path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        seen = owner(run)
        assert seen is not None
        assert seen.alive
        parent.kill()
        parent.wait()
        with RunLock(run):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        parent.stdout.close()


def test_looking_does_not_hinder_taking(run: Run) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from cnnlib.runs import Run, owner\n"
        "print('looking', flush=True)\n"
        "while True: owner(Run(Path(sys.argv[1])))\n"
    )
    with RunLock(run):
        pass
    watcher = subprocess.Popen(
        [sys.executable, "-c", program, str(run.path)], stdout=subprocess.PIPE, text=True
    )
    assert watcher.stdout is not None
    try:
        watcher.stdout.readline()
        for _ in range(50):
            with RunLock(run):
                pass
    finally:
        watcher.kill()
        watcher.communicate()


def test_a_trainer_elsewhere_is_known_by_its_heartbeat(run: Run) -> None:
    elsewhere(run, silent=10)
    seen = owner(run)
    assert seen is not None
    assert (seen.host, seen.pid, seen.alive, seen.present) == ("far-away", 4711, None, True)
    assert 9 < seen.silent_seconds < 30
    with pytest.raises(RunError, match=r"process 4711 on far-away, heard of 1\d seconds ago"):
        RunLock(run).acquire()


def test_a_silent_trainer_elsewhere_can_be_replaced(run: Run) -> None:
    elsewhere(run, silent=lock.SILENT_SECONDS + 5)
    seen = owner(run)
    assert seen is not None
    assert (seen.alive, seen.present) == (None, False)
    with RunLock(run):
        seen = owner(run)
        assert seen is not None
        assert seen.pid == os.getpid()


def test_heartbeats_touch_the_file_now_and_then(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunLock(run) as held:
        os.utime(run.lock_path, (1.0, 1.0))
        held.heartbeat()  # too early for the next
        assert run.lock_path.stat().st_mtime == 1.0
        monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", 0.0)
        held.heartbeat()
        assert run.lock_path.stat().st_mtime > 1.0


@pytest.mark.parametrize("how", [lambda run: elsewhere(run, 0), lambda run: run.lock_path.unlink()])
def test_a_lock_that_was_taken_away_ends_its_trainer(
    run: Run, how: Callable[[Run], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", 0.0)
    with RunLock(run) as held:
        held.heartbeat()
        how(run)
        with pytest.raises(RunError, match="taken over"):
            held.heartbeat()
        content = run.lock_path.read_bytes() if run.lock_path.exists() else None
    after = run.lock_path.read_bytes() if run.lock_path.exists() else None
    assert after == content  # letting go does not wipe the other's name


def test_who_slept_through_a_takeover_is_told_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suspended machine: the clock of the boot stands still, that of the wall does not."""
    with RunLock(run) as held:
        elsewhere(run, 0)
        held.heartbeat()  # by both clocks too early for a look
        awake = time.time() + 3600
        monkeypatch.setattr(lock.time, "time", lambda: awake)
        with pytest.raises(TakenOver):
            held.heartbeat()
        monkeypatch.undo()
        with pytest.raises(TakenOver):
            held.require_ours()


def test_without_flock_the_heartbeat_alone_decides(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockfile, "fcntl", None)
    with RunLock(run):
        seen = owner(run)
        assert seen is not None
        assert (seen.alive, seen.present) == (None, True)
        with pytest.raises(RunError, match=str(os.getpid())):
            RunLock(run).acquire()
    with RunLock(run):
        pass


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff" * 5000, b"[" * 4000, b'{"host": 1, "pid": 1, "token": ""}',
     b'{"host": "\\u001b[2J", "pid": 1, "token": ""}', b'{"host": "a", "pid": -1, "token": ""}'],
    ids=range(9),
)  # fmt: skip
def test_a_damaged_lock_file_names_nobody_and_can_be_taken(run: Run, content: bytes) -> None:
    run.lock_path.write_bytes(content)
    assert owner(run) is None
    with RunLock(run):
        assert owner(run) is not None


def test_links_and_pipes_are_no_locks(run: Run, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    run.lock_path.symlink_to(precious)
    assert owner(run) is None
    with pytest.raises(RunError):
        RunLock(run).acquire()
    assert precious.read_text() == "precious"
    run.lock_path.unlink()
    os.mkfifo(run.lock_path)
    assert owner(run) is None
    with pytest.raises(RunError):
        RunLock(run).acquire()


def test_a_lock_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="could not be written"):
        RunLock(Run(tmp_path / "absent")).acquire()
    unheld = RunLock(Run(tmp_path))
    unheld._beaten_at = -1e9
    with pytest.raises(RunError, match="a lock that is held"):
        unheld.heartbeat()
