"""`mpiexec -n N cnn-tui train`: one run, one voice, and an end that is told whoever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mpi_cases import MPIEXEC, environment, mpiexec, needs_mpi, run_under

from cnnlib.events import CheckpointSaved, RunEnded, RunStarted, StepEnded
from cnnlib.runs import Pause, Run, load, send
from cnnlib.runs.history import RunHistory

NETWORK = "Conv2d(4)\nBatchNorm2d()\nReLU()\nMaxPool2d(2)\nFlatten()\nDense(3)\n"
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds ranks by their environment in /proc"
)


@pytest.fixture
def words(pictures: Path, tmp_path: Path) -> list[str]:
    """A short training, with a checkpoint every tenth of a second."""
    (tmp_path / "net.txt").write_text(NETWORK)
    (tmp_path / "config.toml").write_text("[training]\ncheckpoint_seconds = 0.1\n")
    return [
        "-m", "tui", "train", "--data", str(pictures), "--arch", str(tmp_path / "net.txt"),
        "--config", str(tmp_path / "config.toml"), "--batch-size", "24", "--epochs", "2",
        "--runs", str(tmp_path / "runs"), "--name", "shared",
    ]  # fmt: skip


def only_run(root: Path) -> Run:
    (path,) = [path for path in (root / "runs").iterdir() if (path / "run.toml").exists()]
    return Run(path)


def rank_pids(mark: str, number: int) -> list[int]:
    """Processes with a mark of the test in their environment that are this rank."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            given = path.read_bytes().split(b"\0")
            rank = {f"PMI_RANK={number}".encode(), f"OMPI_COMM_WORLD_RANK={number}".encode()}
            witness = b"witness" in (path.parent / "cmdline").read_bytes()
            marked = f"CNN_TUI_TEST={mark}".encode() in given
            if marked and rank & set(given) and not witness:
                found.append(int(path.parent.name))
    return found


@pytest.fixture
def launcher_options() -> list[str]:
    """More words for the launcher of the training that is under way."""
    return []


@pytest.fixture
def under_way(
    words: list[str], tmp_path: Path, launcher_options: list[str]
) -> Iterator[subprocess.Popen[str]]:
    """Two ranks in the middle of a long training; nobody of them is left behind."""
    mark = str(tmp_path)
    launcher, *rest = mpiexec(2, *words, "--epochs", "100000", "--json")
    process = subprocess.Popen(
        [launcher, *launcher_options, *rest],
        env=environment(CNN_TUI_TEST=mark, CNN_TUI_RANK_PATIENCE="1.5"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        saved = False
        for line in process.stdout:
            event = json.loads(line)
            saved = saved or event["event"] == "CheckpointSaved"
            if saved and event.get("step", 0) >= 30:
                break
        yield process
    finally:
        process.kill()
        process.communicate()
        for rank in (0, 1):
            for pid in rank_pids(mark, rank):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


# ------------------------------------------------------------------ the same command
@needs_mpi
def test_ranks_of_a_launcher_share_one_run(words: list[str], tmp_path: Path) -> None:
    ended = run_under(2, *words, "--json", "--scale-rate", "LinearScaling(base=12)")
    assert ended.returncode == 0, ended.stderr
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    run = only_run(tmp_path)
    assert events[-1]["run"] == run.id
    records = RunHistory.read(run).records
    started = records[0].event
    assert isinstance(started, RunStarted)
    assert (started.ranks, started.batch_size) == (2, 24)
    description = tomllib.loads(run.description_path.read_text())
    assert description["run"]["launched_ranks"] == 2
    assert description["run"]["launcher"].startswith("mpiexec")
    assert description["training"]["ranks"] == 0  # elsewhere: as that machine can
    assert description["training"]["rate_scaling"] == "LinearScaling(12)"
    assert description["training"]["batch_size"] == 24
    assert records[-1].event.reason == "finished"  # type: ignore[union-attr]


@needs_mpi
def test_one_process_under_a_launcher_is_no_rank(words: list[str], tmp_path: Path) -> None:
    ended = run_under(1, *words, "--ranks", "2", "--epochs", "1")
    assert ended.returncode == 0, ended.stderr
    assert RunHistory.read(only_run(tmp_path)).state.ranks == 2


@needs_mpi
@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--ranks", "3"], 2, "ranks: expected nothing, for the 2 processes that mpiexec"),
        (["--detach"], 2, "--detach: expected to stay with the 2 processes"),
        (["--epochs", "0"], 2, "epochs: expected a whole number of at least 1"),
        (["--epoks", "1"], 2, "No such option: --epoks"),
        (["--data", "/nowhere.npz"], None, "/nowhere.npz"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_once(
    words: list[str], tmp_path: Path, more: list[str], code: int | None, said: str
) -> None:
    ended = run_under(2, *words, *more)
    lines = [line for line in ended.stderr.splitlines() if line.startswith("cnn-tui: ")]
    assert len(lines) == 1, ended.stderr
    assert said in lines[0]
    assert "Traceback" not in ended.stderr
    assert ended.returncode == code if code else ended.returncode != 0
    assert not (tmp_path / "runs").exists()


@needs_mpi
def test_a_patience_that_is_no_number_is_refused(words: list[str]) -> None:
    ended = run_under(2, *words, CNN_TUI_RANK_PATIENCE="long")
    assert ended.returncode == 2
    assert "CNN_TUI_RANK_PATIENCE: expected seconds above 0, received 'long'" in ended.stderr


# ------------------------------------------------------------------ death
def wait_for_end(run: Run) -> RunHistory:
    """The history, when it tells an end; the witness may take a moment."""
    for _ in range(100):
        history = RunHistory.read(run)
        if history.state.ended:
            return history
        signal.sigtimedwait([], 0.1)
    raise AssertionError(f"no end is told: {history.state.state}")


@needs_mpi
@needs_proc
@pytest.mark.parametrize(("dead", "ranks"), [(0, 1), (1, 3)])
def test_a_killed_rank_ends_the_run_and_another_number_goes_on(
    under_way: subprocess.Popen[str], tmp_path: Path, dead: int, ranks: int
) -> None:
    (pid,) = rank_pids(str(tmp_path), dead)
    os.kill(pid, signal.SIGKILL)
    under_way.communicate(timeout=30)
    assert under_way.returncode != 0
    run = only_run(tmp_path)
    history = wait_for_end(run)
    ended = history.records[-1].event
    assert isinstance(ended, RunEnded)
    assert ended.reason == "failed"
    killed, outlived = "rank 0 of 2 was killed, as launchers do", "one of the ranks: expected"
    assert ended.message.startswith((killed, outlived))  # most launchers kill rank 0 at once
    assert [record.seq for record in history.records] == list(range(1, len(history.records) + 1))
    goes_on(run, ranks)


def leaves_the_others_alone() -> bool:
    """Whether the launcher can be told not to kill all ranks when one of them dies."""
    if MPIEXEC is None:
        return False
    told = subprocess.run([MPIEXEC, "-help"], capture_output=True, text=True, check=False)
    return "-disable-auto-cleanup" in told.stdout + told.stderr


@needs_mpi
@needs_proc
@pytest.mark.skipif(not leaves_the_others_alone(), reason="this launcher kills all ranks")
@pytest.mark.parametrize("launcher_options", [["-disable-auto-cleanup"]])
@pytest.mark.parametrize("paused", [False, True])
def test_ranks_that_a_launcher_leaves_alone_find_rank_0_gone(
    under_way: subprocess.Popen[str], tmp_path: Path, paused: bool
) -> None:
    run = only_run(tmp_path)
    if paused:
        send(run, Pause())
        assert under_way.stdout is not None
        for line in under_way.stdout:
            if json.loads(line)["event"] == "Paused":
                break
        signal.sigtimedwait([], 5.0)  # a pause is no death: two looks and more
        assert rank_pids(str(tmp_path), 1)
    (pid,) = rank_pids(str(tmp_path), 0)
    os.kill(pid, signal.SIGKILL)
    under_way.communicate(timeout=40)
    assert under_way.returncode != 0
    assert rank_pids(str(tmp_path), 1) == []
    ended = wait_for_end(run).records[-1].event
    assert isinstance(ended, RunEnded)
    assert ended.reason == "failed"


def goes_on(run: Run, ranks: int) -> None:
    """Another number of ranks resumes the run from its last checkpoint."""
    # The file, and not the journal: a checkpoint may be there before the journal says so.
    _, words = load(run.checkpoints / "last.safetensors")
    saved = json.loads(words["progress"])["step"]
    assert saved > 0
    description = run.description()
    description["training"]["epochs"] = saved // 12 + 3
    run.describe(description)
    resumed = run_under(ranks, "-m", "tui", "resume", str(run.path), "--ranks", str(ranks))
    assert resumed.returncode == 0, resumed.stderr
    started = [event for event in events_of(run) if isinstance(event, RunStarted)]
    assert [each.ranks for each in started] == [2, ranks]
    assert started[-1].step == saved
    steps = [event.step for event in events_of(run) if isinstance(event, StepEnded)]
    assert steps == list(range(1, len(steps) + 1))
    assert RunHistory.read(run).state.state == "finished"


def events_of(run: Run) -> list[object]:
    return [record.event for record in RunHistory.read(run).records]


@needs_mpi
@needs_proc
def test_a_frozen_rank_is_given_up_and_nothing_is_lost(
    under_way: subprocess.Popen[str], tmp_path: Path
) -> None:
    (pid,) = rank_pids(str(tmp_path), 1)
    os.kill(pid, signal.SIGSTOP)
    _, told = under_way.communicate(timeout=40)
    assert under_way.returncode != 0
    assert "one of the ranks: expected a process at work, received one that has gone" in told
    run = only_run(tmp_path)
    events = events_of(run)
    assert isinstance(events[-1], RunEnded)
    assert events[-1].reason == "failed"
    assert "no word for 1.5 s" in events[-1].message
    assert isinstance(events[-2], CheckpointSaved)
    assert events[-2].reason == "failed"
    last = [event.step for event in events if isinstance(event, StepEnded)][-1]
    assert events[-2].step == last  # not a step is lost


FAILING = """
import os, sys
sys.argv[0] = "cnn-tui"
from tui.cli.launched import launched_here
if launched_here().rank == 2:
    from cnnlib.replica import Replica
    step = Replica.step
    def fails(self, epoch, batch, rate):
        if (epoch, batch) == (2, 4):
            raise MemoryError("no room for 3 GB")
        return step(self, epoch, batch, rate)
    Replica.step = fails
from tui.cli import main
main()
"""


@needs_mpi
def test_a_rank_that_fails_has_rank_0_end_the_run(words: list[str], tmp_path: Path) -> None:
    ended = run_under(3, "-c", FAILING, *words[2:])
    assert ended.returncode != 0
    assert "rank 2: expected a process at work" in ended.stderr
    events = events_of(only_run(tmp_path))
    assert isinstance(events[-1], RunEnded)
    assert events[-1].reason == "failed"
    assert "MemoryError: no room for 3 GB" in events[-1].message
    assert isinstance(events[-2], CheckpointSaved)
    assert events[-2].step == 12 + 4


@needs_mpi
@needs_proc
def test_a_signal_to_all_ranks_stops_them_with_a_checkpoint(
    under_way: subprocess.Popen[str], tmp_path: Path
) -> None:
    for rank in (1, 0):
        for pid in rank_pids(str(tmp_path), rank):
            os.kill(pid, signal.SIGTERM)
    under_way.communicate(timeout=30)
    history = wait_for_end(only_run(tmp_path))
    ended = history.records[-1].event
    assert isinstance(ended, RunEnded)
    assert ended.reason == "stopped"
    assert isinstance(history.records[-2].event, CheckpointSaved)


# ------------------------------------------------------------------ without a launcher
def test_a_process_that_no_launcher_started_loads_no_mpi(tmp_path: Path) -> None:
    program = "import sys; from tui.cli.launched import join; "
    program += "print(join(ranks=2, detach=True), 'mpi4py' in sys.modules)"
    given = {k: v for k, v in environment().items() if not k.startswith(("PMI", "SLURM"))}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=given, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["None", "False"]
