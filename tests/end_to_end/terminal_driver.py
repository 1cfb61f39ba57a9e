"""The installed command in a real pseudo-terminal, its screen read by pyte."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pexpect
import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "f2": "\x1bOQ",
}


class Screen(pyte.Screen):
    """An emulated screen that answers what it is asked, as terminals do."""

    def __init__(self, columns: int, lines: int, answer: Callable[[str], None]) -> None:
        super().__init__(columns, lines)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        """What the terminal itself says to the program."""
        self._answer(data)


def command() -> str:
    """The installed `cnn-tui`."""
    beside = Path(sys.executable).parent / "cnn-tui"
    found = str(beside) if beside.exists() else shutil.which("cnn-tui")
    assert found, "install the project first: pip install -e ."
    return found


class Terminal:
    """`cnn-tui`, or another program, with these words on a screen of this size."""

    def __init__(
        self,
        *words: object,
        home: Path,
        rows: int = 24,
        columns: int = 80,
        environment: dict[str, str] | None = None,
        program: Sequence[str] = (),
        answers: bool = True,
    ) -> None:
        first, *more = program or (command(),)
        self.answers = answers
        self._screen = Screen(columns, rows, self._answer)
        self._stream = pyte.ByteStream(self._screen)
        self.output = b""
        self.child: Any = pexpect.spawn(
            first,
            [*more, *map(str, words)],
            dimensions=(rows, columns),
            timeout=5,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "TERM": "xterm-256color",
                "LANG": "C.UTF-8",
                **(environment or {}),
            },
        )
        self.child.delaybeforesend = None  # a key, and the answer of a terminal, go at once

    def _answer(self, data: str) -> None:
        if self.answers and not self.child.closed:
            self.child.send(data)

    @property
    def text(self) -> str:
        """What the screen shows now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def read(self, seconds: float) -> bool:
        """Take in what is written during this time; False when the program has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                portion = self.child.read_nonblocking(65536, timeout=min(seconds, 0.05))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                return False
            self.output += portion
            self._stream.feed(portion)
        return True

    def press(self, *keys: str) -> None:
        """Press keys, by their characters or their names; several come in one burst."""
        self.child.send("".join(KEYS.get(key, key) for key in keys))

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def wait_for(self, *words: str, seconds: float = 30.0) -> str:
        """Read until the screen shows all of these words; return it."""
        return self.wait_until(lambda text: all(word in text for word in words), words, seconds)

    def wait_until(self, holds: Callable[[str], bool], what: object, seconds: float = 30.0) -> str:
        """Read until something holds of the screen; return it."""
        end = time.monotonic() + seconds
        while not holds(self.text):
            alive = self.read(0.02)
            if holds(self.text):
                break
            assert alive, f"it ended before the screen showed {what}:\n{self.text}"
            assert time.monotonic() < end, f"the screen never showed {what}:\n{self.text}"
        return self.text

    def wait_for_end(self, seconds: float = 15.0) -> int:
        """Read until the program has ended; its exit status, 128 + n for signal n."""
        end = time.monotonic() + seconds
        while self.read(0.02):
            assert time.monotonic() < end, f"it did not end:\n{self.text}"
        self.child.wait()
        signal = self.child.signalstatus
        return int(self.child.exitstatus) if signal is None else 128 + int(signal)

    def hang_up(self) -> None:
        """Close the terminal under the program, as a dropped line does."""
        process = self.child.ptyproc
        with contextlib.suppress(OSError):
            process.fileobj.close()  # the descriptor by its owner, who would close another's later
        self.child.closed = process.closed = True

    def close(self) -> None:
        """End the program if it has not ended, and let go of the terminal."""
        if not self.child.closed:
            self.child.close(force=True)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a dead child that nobody has asked for does not."""
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return False
    return done == 0


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something, at most so long; then it must be so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
