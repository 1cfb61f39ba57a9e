"""Terminals and environments of every kind: what the app sends there, and what it leaves behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal_driver import Terminal, command

pytestmark = pytest.mark.terminal
Open = Callable[..., Terminal]

COLOURS = {
    "true colour": rb"\x1b\[[\d;]*[34]8;2;",
    "256 colours": rb"\x1b\[[\d;]*[34]8;5;",
    "16 colours": rb"\x1b\[(?:\d;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7])[;m]",
}
WORDS = ("images", "Conv2d", "Accuracy", "predicted", "most confused", "istake", "runs in")
"""What each pane shows whatever the terminal can."""
DIALOGS = (("?", "Help: Train"), (":", "Commands"), ("e", "Export of"), ("S", "Settings of"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a run that has finished."""
    folder = tmp_path_factory.mktemp("environments") / "runs"
    words = [command(), "train", "--arch", "tiny", "--epochs", "1", "--runs", str(folder)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture
def attach(runs: Path, tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def start(**options: object) -> Terminal:
        options.setdefault("home", tmp_path)
        opened.append(Terminal("attach", "--runs", runs, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def all_panes(terminal: Terminal) -> str:
    """Go through all panes and dialogs; what was shown."""
    seen = []
    for digit, word in enumerate(WORDS, start=1):
        terminal.press(str(digit))
        seen.append(terminal.wait_for(word))
    terminal.press("3")
    for key, word in DIALOGS:
        terminal.press(key)
        seen.append(terminal.wait_for(word))
        terminal.press("escape")
        terminal.wait_until(lambda text, word=word: word not in text, f"{word} closed")
    return "\n".join(seen)


@pytest.mark.parametrize(
    ("environment", "depth", "is_ascii"),
    [
        ({}, "256 colours", False),
        ({"COLORTERM": "truecolor"}, "true colour", False),
        ({"TERM": "tmux-256color", "TMUX": "x"}, "256 colours", False),
        ({"TERM": "screen"}, "16 colours", False),
        ({"TERM": "vt100"}, "16 colours", False),
        ({"TERM": "linux"}, "16 colours", False),
        ({"NO_COLOR": "1"}, "no colour", False),
        ({"LANG": "C", "LC_ALL": "C"}, "256 colours", True),
        ({"LC_ALL": "C", "NO_COLOR": "1", "TERM": "linux"}, "no colour", True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else None,
)
def test_a_terminal_is_sent_what_it_can_show(
    attach: Open, environment: dict[str, str], depth: str, is_ascii: bool
) -> None:
    terminal = attach(environment=environment)
    terminal.wait_for("Loss", "finished")
    seen = all_panes(terminal)
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert b"Traceback" not in terminal.output
    for name, pattern in COLOURS.items():
        found = re.search(pattern, terminal.output) is not None
        assert found is (name == depth), name
    if is_ascii:
        strange = re.search(rb".{0,60}[^\x00-\x7f]+.{0,20}", terminal.output)
        assert strange is None, strange[0]
    else:
        assert not seen.isascii()


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (160, 48), (60, 16)])
def test_the_settings_of_the_terminal_are_as_they_were(
    attach: Open, runs: Path, tmp_path: Path, columns: int, rows: int
) -> None:
    script = f"stty -g; '{command()}' attach --runs '{runs}'; echo \"status $?\"; stty -g"
    terminal = attach(program=("sh", "-c", script, "sh"), columns=columns, rows=rows)
    terminal.wait_for("Loss", "finished")
    terminal.press("q")
    terminal.wait_for_end()
    before, *_, after = re.findall(rb"[0-9a-f]+(?::[0-9a-f]+){10,}", terminal.output)
    assert before == after
    assert b"status 0" in terminal.output
    for sequence in (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[?25h"):
        assert sequence in terminal.output


def test_too_small_says_so_and_a_storm_of_sizes_is_survived(attach: Open) -> None:
    terminal = attach(columns=40, rows=10)
    terminal.wait_for("60x16", "40x10")
    terminal.resize(80, 24)
    terminal.wait_for("Loss", "finished")
    for number in range(50):
        terminal.resize(30 + 7 * number % 140, 8 + 5 * number % 50)
        terminal.read(0.02)
    terminal.resize(80, 24)
    terminal.wait_until(lambda text: text.count("\n") == 23 and "Accuracy" in text, "the pane")
    terminal.press("7")
    terminal.wait_for("runs in")
    terminal.press("q")
    assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("between", ["", 'sh -c \'"$0" "$@"; exit $?\' '], ids=["", "between"])
def test_suspended_and_brought_back(runs: Path, tmp_path: Path, between: str) -> None:
    job = f"{between}{command()} attach --runs {runs}"
    script = f"set -m; {job}; echo back in the shell; read line; fg"
    terminal = Terminal("-c", script, home=tmp_path, program=("bash",))
    try:
        terminal.wait_for("Loss", "finished")
        terminal.press("\x1a")
        terminal.wait_for("back in the shell")
        assert "Loss" not in terminal.text
        terminal.press("enter")
        terminal.wait_for("2 Model", "Loss", "Accuracy", "113/113", "Epochs", "q quit")
        terminal.press("7")
        terminal.wait_for("runs in")
        terminal.press("q")
        assert terminal.wait_for_end() == 0
    finally:
        terminal.close()


def test_where_no_shell_waits_it_is_not_suspended(attach: Open) -> None:
    terminal = attach()  # as under `ssh -t`: the leader of the session
    terminal.wait_for("Loss", "finished")
    terminal.press("\x1a")
    terminal.wait_for("no shell waits here")
    terminal.press("q")
    assert terminal.wait_for_end() == 0


def test_without_the_mouse(attach: Open, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[ui]\nmouse = false\n")
    terminal = attach(environment={"CNN_TUI_CONFIG": str(config)})
    terminal.wait_for("Loss", "finished")
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert b"\x1b[?1003h" not in terminal.output
    assert b"\x1b[?1000h" not in terminal.output


def test_a_home_that_cannot_be_written_is_no_trouble(attach: Open) -> None:
    terminal = attach(home=Path("/proc/none"))
    terminal.wait_for("Loss", "finished")
    terminal.press("q")
    assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("closed", ["stdin", "stderr"])
def test_without_a_terminal_it_says_what_to_do(runs: Path, tmp_path: Path, closed: str) -> None:
    leader, follower = os.openpty()
    streams = {name: follower for name in ("stdin", "stdout", "stderr")}
    errors = tmp_path / "errors"
    with errors.open("wb") as file:
        streams[closed] = subprocess.DEVNULL if closed == "stdin" else file.fileno()
        if closed == "stdin":
            streams["stderr"] = file.fileno()
        done = subprocess.run(
            [command(), "attach", "--runs", str(runs)], check=False, timeout=30, **streams
        )
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2
    assert "cnn-tui train" in errors.read_text()


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_in_tmux_every_pane_is_shown(runs: Path, tmp_path: Path) -> None:
    def tmux(*words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null", *words],
            capture_output=True, text=True, check=True, timeout=20,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        )  # fmt: skip
        return done.stdout

    def until(word: str) -> None:
        end = time.monotonic() + 30
        while word not in tmux("capture-pane", "-p"):
            assert time.monotonic() < end, tmux("capture-pane", "-p")
            time.sleep(0.1)

    words = f"{command()} attach --runs {runs}"
    tmux("new-session", "-d", "-x", "80", "-y", "24", words)
    try:
        until("Loss")
        for digit, word in enumerate(WORDS, start=1):
            tmux("send-keys", str(digit))
            until(word)
        tmux("send-keys", "3", "Escape", "2")  # escape and a digit in one burst
        until("Conv2d")
        tmux("resize-window", "-x", "120", "-y", "40")
        until("Conv2d")
        tmux("send-keys", "q")
    finally:
        subprocess.run(
            ["tmux", "-S", str(tmp_path / "socket"), "kill-server"],
            check=False,
            capture_output=True,
        )
