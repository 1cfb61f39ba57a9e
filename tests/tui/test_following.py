"""Following a run: a growing journal into series, and what the series say."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnnlib import events as ev
from cnnlib.runs.lock import RunLock
from tui.following.follower import Follower
from tui.following.series import LOG_LINES, Series
from tui.panes.steering import why_not
from tui.render.palette import DARK
from tui.render.training import figures_of_run
from tui.terminal.abilities import Terminal


def poll(follower: Follower) -> Series:
    follower.poll()
    return follower.series


def test_a_growing_journal_grows_the_series(make_run):
    fake = make_run(epochs=3, steps=20)
    follower = Follower(fake.run)
    assert poll(follower).steps.values.size == 0
    fake.begin()
    fake.train(5)
    assert poll(follower).steps.values.tolist() == [1, 2, 3, 4, 5]
    fake.train(20)
    series = poll(follower)
    assert series.steps.values.size == series.losses.values.size == 25
    assert (series.step, series.epoch, series.total_steps) == (25, 2, 60)
    assert [row.epoch for row in series.epochs] == [1]
    assert series.best is series.epochs[0]
    assert series.epochs[0].seconds == pytest.approx(2.0)
    assert series.images_per_second == pytest.approx(320, rel=0.05)


def test_the_version_moves_only_when_something_is_new(make_run):
    fake = make_run()
    fake.begin()
    follower = Follower(fake.run, owner_seconds=0.0)
    version = poll(follower).version
    assert poll(follower).version == version
    fake.train(1)
    assert poll(follower).version > version


HOLDER = """
import sys
from pathlib import Path
from cnnlib.runs.directory import Run
from cnnlib.runs.lock import RunLock
with RunLock(Run(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="/proc tells who is held")
def test_a_trainer_that_a_signal_holds_is_no_trainer_at_work(make_run):
    fake = make_run()
    fake.begin()
    fake.train(3)
    command = [sys.executable, "-c", HOLDER, str(fake.run.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        follower = Follower(fake.run, owner_seconds=0.0)
        assert poll(follower).state == "training"
        os.kill(holder.pid, signal.SIGSTOP)
        os.waitpid(holder.pid, os.WUNTRACED)
        version = follower.series.version
        assert poll(follower).state == "suspended"
        assert follower.series.version > version
        assert follower.series.is_live
        told = figures_of_run(follower.series, 60, 8, Terminal(), DARK).text()
        assert f"kill -CONT {holder.pid}" in told
        assert "a signal holds the trainer" in why_not(follower.series.state)
        os.kill(holder.pid, signal.SIGCONT)
        os.waitpid(holder.pid, os.WCONTINUED)
        assert poll(follower).state == "training"


def test_the_state_says_who_is_at_work(make_run):
    fake = make_run()
    follower = Follower(fake.run, owner_seconds=0.0)
    assert Series().state == "reading"
    assert poll(follower).state == "no trainer"
    with RunLock(fake.run):
        assert poll(follower).state == "starting"
        fake.begin()
        assert poll(follower).state == "training"
        fake.add(ev.Paused(0, None))
        assert poll(follower).state == "paused"
        assert follower.series.is_live
        fake.add(ev.Resumed(0, None))
        assert poll(follower).state == "training"
    assert poll(follower).state == "interrupted"
    assert follower.series.is_resumable
    fake.end("stopped")
    assert poll(follower).state == "stopped"
    assert follower.series.is_resumable
    fake.begin(step=3)
    fake.end()
    assert poll(follower).state == "finished"
    assert not follower.series.is_resumable


def test_a_launched_trainer_is_awaited_until_its_first_word(make_run):
    fake = make_run()
    fake.begin()
    fake.end("stopped")
    follower = Follower(fake.run)
    follower.series.expect_trainer()
    assert poll(follower).state == "starting"
    fake.now = time.time()
    fake.begin(step=5)
    with RunLock(fake.run):
        assert poll(follower).state == "training"
    follower.series.expect_trainer()
    follower.series.expect_trainer(expected=False)
    assert follower.series.state != "starting"


def test_resuming_forgets_what_will_be_trained_again(make_run):
    fake = make_run(epochs=3, steps=20)
    fake.begin()
    fake.train(45)
    follower = Follower(fake.run)
    assert len(poll(follower).epochs) == 2
    fake.begin(step=30)
    series = poll(follower)
    assert series.steps.values[-1] == 30
    assert [row.epoch for row in series.epochs] == [1]
    assert [mark.text for mark in series.marks] == ["resumed"]
    fake.train(1)
    assert poll(follower).steps.values.tolist() == [*range(1, 32)]


def test_pauses_and_the_time_between_trainers_do_not_count(make_run):
    fake = make_run(steps=20)
    fake.begin()
    fake.train(10, seconds=1.0)
    fake.add(ev.Paused(10, None))
    fake.add(ev.Resumed(10, None), 1000.0)
    fake.train(5, seconds=1.0)
    follower = Follower(fake.run)
    assert poll(follower).seconds == pytest.approx(15)
    fake.now += 5000
    fake.begin(step=15)
    fake.train(2, seconds=1.0)
    assert poll(follower).seconds == pytest.approx(17)
    fake.end()
    series = poll(follower)
    assert series.seconds == pytest.approx(17)
    assert series.images_per_second == pytest.approx(17 * 32 / 17)


def test_a_pause_does_not_count_in_the_time_of_its_epoch(make_run):
    fake = make_run(steps=20)
    fake.begin()
    fake.train(10, seconds=1.0)
    fake.add(ev.Paused(10, None))
    fake.add(ev.Resumed(10, None), 1000.0)
    fake.train(20, seconds=1.0)
    fake.add(ev.Paused(30, None))
    fake.add(ev.Resumed(30, None), 1000.0)
    fake.train(10, seconds=1.0)
    series = poll(Follower(fake.run))
    assert [row.seconds for row in series.epochs] == pytest.approx([20, 20])
    assert series.seconds == pytest.approx(40)


def test_changes_of_the_rate_are_marked_and_told(make_run):
    fake = make_run()
    fake.begin()
    fake.train(4)
    fake.add(ev.LearningRateChanged(4, 0.003, 0.5, "c1"))
    series = poll(Follower(fake.run))
    assert [(mark.step, mark.text) for mark in series.marks] == [(4, "lr 0.003")]
    assert any("learning rate 0.003" in line for line in series.log)


def test_a_torn_line_waits_and_a_damaged_one_is_counted(make_run):
    fake = make_run()
    fake.begin()
    with fake.run.journal_path.open("a") as journal:
        journal.write("no event\n")
        journal.write('{"seq": 9, "time": 1')
    series = poll(Follower(fake.run))
    assert series.damaged == 1
    assert series.started is not None


def test_the_log_is_bounded_but_counts_on(make_run):
    series = Series()
    for number in range(LOG_LINES + 50):
        series.note(str(number))
    assert len(series.log) == LOG_LINES
    assert series.log_count == LOG_LINES + 50
    assert series.log[-1] == str(LOG_LINES + 49)


def test_the_thread_follows_and_stops(make_run):
    fake = make_run()
    follower = Follower(fake.run, seconds=0.01)
    follower.start()
    try:
        fake.begin()
        fake.train(3)
        wait(lambda: follower.series.step == 3)
        assert follower.series.step == 3
    finally:
        follower.stop()
    assert follower._thread is not None
    follower._thread.join(2)
    assert not follower._thread.is_alive()


def test_a_run_that_is_deleted_under_the_follower_is_said_to_be_gone(make_run):
    fake = make_run()
    fake.begin()
    follower = Follower(fake.run, seconds=0.01)
    follower.start()
    try:
        wait(lambda: follower.series.started is not None)
        shutil.rmtree(fake.run.path)
        wait(lambda: bool(follower.series.problem))
        assert follower.series.state == "unreadable"
    finally:
        follower.stop()


def wait(until, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        time.sleep(0.01)
