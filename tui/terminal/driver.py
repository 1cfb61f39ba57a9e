"""Textual's driver of a terminal, with what it lacks: answers, whole escapes, the end of a line.

Four things differ from Textual's own. The terminal's answer to the question after a frame goes to
the `Link` of the app. Escape followed at once by a key is Escape and then that key, where Textual
reads the two as one key with Alt and types an odd character. And where the terminal is gone, or
sends what is no UTF-8, the thread that reads it neither spins nor ends the app with a traceback.
And a suspension stops the whole job, `make` or a script that started the app included.
This is the only module that knows how Textual reads a terminal.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys

from tui.terminal.link import ANSWER, QUESTION, Link

WORD_MOVES = ("\x1bb", "\x1bf")
"""What some terminals send for Option and an arrow: in a field, a word to the left or right."""
BEGINNINGS = ("\x1b[", "\x1bO")
"""With these begin the keys that a terminal sends as more than one character."""
LONGEST_FAREWELL = 1.0
"""Seconds that answers are waited for when the app is left, lest the shell reads them."""


class KeyParser(XTermParser):
    """Parses what the terminal sends."""

    def __init__(self, answered: Callable[[], None], in_field: Callable[[], bool]) -> None:
        super().__init__()
        self._answered = answered
        self._in_field = in_field

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if sequence == ANSWER:
            self._answered()
            yield events.Key(Keys.Ignore, sequence)
        elif alt:  # an escape and a character of a sequence that is none
            yield events.Key("escape", "\x1b")
            yield from super()._sequence_to_key_events(sequence)
        elif self._is_escape_and_key(sequence):
            yield events.Key("escape", "\x1b")
            yield from super()._sequence_to_key_events(sequence[1])
        else:
            yield from super()._sequence_to_key_events(sequence)

    def _is_escape_and_key(self, sequence: str) -> bool:
        if len(sequence) != 2 or sequence[0] != "\x1b" or sequence in BEGINNINGS:
            return False
        return not (sequence in WORD_MOVES and self._in_field())


class TerminalDriver(LinuxDriver):
    """See the module."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._link: Link = app.link
        self._is_left = False
        self.written = 0
        """Bytes that were given to the terminal."""

    def start_application_mode(self) -> None:
        """Begin on a screen of which nothing is known, or begin again after a suspension."""
        self._is_left = False
        self._app.shadow.forget()
        super().start_application_mode()

    def _sigtstp_application(self, *_: Any) -> None:
        """Give the terminal back, and only then stop the others of the job, and this process."""
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        os.killpg(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
        os.kill(os.getpid(), signal.SIGSTOP)

    def write(self, data: str) -> None:
        """Write, and count."""
        self.written += len(data.encode())
        super().write(data)

    def ask(self) -> None:
        """Ask the terminal to say that it has got so far."""
        if not self._is_left:
            self.write(QUESTION)

    def disable_input(self) -> None:
        """Read no further; what was asked is answered first, for the shell would read it."""
        self._is_left = True
        trip = self._link.round_trip
        if trip is not None and not self.exit_event.is_set():
            end = time.monotonic() + min(LONGEST_FAREWELL, 0.1 + 3 * trip)
            while not self._link.is_idle and time.monotonic() < end:
                time.sleep(0.005)
        super().disable_input()

    def run_input_thread(self) -> None:
        """Read keys and answers until the app is left or the terminal is gone."""
        parser = KeyParser(self._told, self._in_field)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.05):
                    try:
                        portion = os.read(self.fileno, 4096)
                    except OSError:
                        return
                    if not portion:
                        return
                    for message in parser.feed(decode(portion)):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def _told(self) -> None:
        self._link.answered()
        with contextlib.suppress(RuntimeError):  # the app has been left meanwhile
            self._loop.call_soon_threadsafe(self._app.line_is_free)

    def _in_field(self) -> bool:
        return bool(self._app.is_in_field)
