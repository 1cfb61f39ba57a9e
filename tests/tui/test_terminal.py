"""What the terminal can do, and the check before the app is opened."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from tui.terminal import guard
from tui.terminal.abilities import Terminal, ask

UTF8 = {"LANG": "en_US.UTF-8"}


class Stream(io.StringIO):
    def __init__(self, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "tmux-256color"}, 256),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 16777216),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, 256),
        ({"TERM": "linux"}, 16),
        ({"TERM": "vt100"}, 16),
        ({"TERM": "dumb"}, 0),
    ],
)
def test_colours(environ, colours):
    assert ask(environ | UTF8, size=(80, 24)).colours == colours


@pytest.mark.parametrize(
    ("environ", "codeset", "utf8"),
    [
        ({"LANG": "en_US.UTF-8"}, None, True),
        ({"LANG": "de_DE.utf8"}, None, True),
        ({"LC_ALL": "C"}, None, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, None, False),
        ({"LC_ALL": "de_DE.ISO-8859-1"}, None, False),
        ({"LC_CTYPE": "C.UTF-8"}, None, True),
        ({"LANG": "de_DE@euro"}, "ISO-8859-15", False),
    ],
)
def test_utf8(environ, codeset, utf8):
    assert ask(environ, codeset=codeset, size=(80, 24)).utf8 is utf8


@pytest.mark.parametrize(
    ("terminal", "glyphs", "marker"),
    [
        (Terminal(), "half", "braille"),
        (Terminal(utf8=False), "ascii", "ascii"),
        (Terminal(colours=0), "ascii", "braille"),
        (Terminal(name="linux", colours=16), "half", "half"),
        (Terminal(plain=True), "ascii", "ascii"),
    ],
)
def test_glyphs(terminal, glyphs, marker):
    assert (terminal.glyphs, terminal.marker) == (glyphs, marker)


def test_glyphs_go_there_and_back_but_never_beyond_the_terminal():
    assert Terminal().with_glyphs("ascii").glyphs == "ascii"
    assert Terminal().with_glyphs("ascii").with_glyphs("half") == Terminal()
    assert Terminal(utf8=False).with_glyphs("half").glyphs == "ascii"


def test_ssh_and_multiplexer_are_noticed():
    terminal = ask({"SSH_CONNECTION": "a b c d", "TMUX": "x", "TERM": "tmux-256color"} | UTF8)
    assert terminal.ssh
    assert terminal.multiplexer == "tmux"
    assert "over SSH" in terminal.describe()
    assert Terminal(utf8=False).describe().isascii()


@pytest.mark.parametrize(
    ("terminal", "stdin", "stderr", "word"),
    [
        (Terminal(), Stream(True), Stream(True), ""),
        (Terminal(), Stream(False), Stream(True), "input"),
        (Terminal(), Stream(True), Stream(False), "error"),
        (Terminal(), None, Stream(True), "input"),
        (Terminal(name="dumb"), Stream(True), Stream(True), "dumb"),
        (Terminal(name=""), Stream(True), Stream(True), "TERM"),
    ],
)
def test_trouble(terminal, stdin, stderr, word):
    trouble = guard.trouble(terminal, stdin, stderr)
    assert word in trouble
    assert bool(trouble) is bool(word)


def test_the_environment_of_textual_is_prepared_and_what_the_user_chose_is_kept():
    environ = {"TEXTUAL_FPS": "60", "TEXTUAL_COLOR_SYSTEM": "nonsense"}
    guard.prepare(environ, Terminal(ssh=True))
    assert environ["TEXTUAL_FPS"] == "60"
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert environ["TEXTUAL_COLOR_SYSTEM"] == "256"


def test_without_a_terminal_the_app_says_so_before_textual_is_imported():
    program = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('textual' in sys.modules, 'numpy' in sys.modules))\n"
        "from tui.terminal.guard import require_terminal\n"
        "require_terminal()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=os.environ | {"TERM": "xterm-256color"},
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout.split() == ["False", "False"]
    assert len(done.stderr.splitlines()) == 1
    assert "ssh -t" in done.stderr
    assert "cnn-tui train" in done.stderr
