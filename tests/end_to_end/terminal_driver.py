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

KEYS = {"enter": "\r", "escape": "\x1b", "tab": "\t", "f2": "\x1bOQ"}


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
    ) -> None:
        first, *more = program or (command(),)
        self._screen = pyte.Screen(columns, rows)
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

    @property
    def text(self) -> str:
        """What the screen shows now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def read(self, seconds: float) -> bool:
        """Take in what is written during this time; False when the program has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                portion = self.child.read_nonblocking(65536, timeout=0.05)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                return False
            self.output += portion
            self._stream.feed(portion)
        return True

    def press(self, key: str) -> None:
        """Press one key, by its character or its name."""
        self.child.send(KEYS.get(key, key))

    def wait_for(self, *words: str, seconds: float = 30.0) -> str:
        """Read until the screen shows all of these words; return it."""
        return self.wait_until(lambda text: all(word in text for word in words), words, seconds)

    def wait_until(self, holds: Callable[[str], bool], what: object, seconds: float = 30.0) -> str:
        """Read until something holds of the screen; return it."""
        end = time.monotonic() + seconds
        while not holds(self.text):
            alive = self.read(0.1)
            if holds(self.text):
                break
            assert alive, f"it ended before the screen showed {what}:\n{self.text}"
            assert time.monotonic() < end, f"the screen never showed {what}:\n{self.text}"
        return self.text

    def wait_for_end(self, seconds: float = 15.0) -> int:
        """Read until the program has ended; its exit status, 128 + n for signal n."""
        end = time.monotonic() + seconds
        while self.read(0.1):
            assert time.monotonic() < end, f"it did not end:\n{self.text}"
        self.child.wait()
        signal = self.child.signalstatus
        return int(self.child.exitstatus) if signal is None else 128 + int(signal)

    def hang_up(self) -> None:
        """Close the terminal under the program, as a dropped line does."""
        with contextlib.suppress(OSError):
            os.close(self.child.child_fd)
        self.child.closed = True

    def close(self) -> None:
        """End the program if it has not ended, and let go of the terminal."""
        if not self.child.closed:
            self.child.close(force=True)
