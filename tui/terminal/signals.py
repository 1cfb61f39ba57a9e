"""The app's end by signal: hang-up and termination are waited for by a thread of their own.

Textual handles neither. A SIGHUP (the link dropped) would kill it without a word, SIGTERM would
leave the terminal in its alternate screen, and when the link stalled before it dropped, the app's
main thread is stuck in a write and no Python handler would ever run. So these signals, and SIGINT,
which no key sends while the app runs, are blocked in every thread, and a guard thread takes them
with `sigwait`; it asks the app to leave, and where that does not happen before a deadline it ends
the process. A training is not touched: it lives in a session of its own.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType

DEADLINE = 3.0
"""Seconds that the app has to leave."""
HANGUP_DEADLINE = 1.0
"""The same after a hang-up: there is no terminal left to restore."""


def _signals() -> set[signal.Signals]:
    names = ("SIGHUP", "SIGTERM", "SIGINT")  # SIGHUP does not exist everywhere
    return {getattr(signal, name) for name in names if hasattr(signal, name)}


class SignalGuard:
    """Owns SIGHUP, SIGTERM and SIGINT while it is entered.

    Enter it before any other thread exists, NumPy's included: a thread that does not block a signal
    would be killed by it, and the process with it. Give it the way out with `on_signal`.
    """

    def __init__(
        self, deadline: float = DEADLINE, hangup_deadline: float = HANGUP_DEADLINE
    ) -> None:
        self._deadline = deadline
        self._hangup_deadline = hangup_deadline
        self._finished = threading.Event()
        self._leave: Callable[[int], None] | None = None
        self._before: set[signal.Signals] = set()
        self._thread: threading.Thread | None = None
        self.received: int | None = None
        """The signal that came, if one did."""

    def on_signal(self, leave: Callable[[int], None]) -> None:
        """Call this, from the guard's thread, with the exit status that the signal asks for."""
        self._leave = leave

    def __enter__(self) -> SignalGuard:
        if hasattr(signal, "pthread_sigmask"):
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _signals())
            self._before = {signal.Signals(number) for number in blocked}
            self._thread = threading.Thread(target=self._wait, name="signals", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finished.set()
        thread = self._thread
        if thread is None or thread.ident is None:
            return
        if thread.is_alive() and self.received is None:
            signal.pthread_kill(thread.ident, signal.SIGTERM)  # wakes it; it sees that all is done
        thread.join(1.0)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def _wait(self) -> None:
        number = signal.sigwait(_signals())
        if self._finished.is_set():
            return
        self.received = int(number)
        if self._leave is not None:
            self._leave(128 + number)
            hangup = number == getattr(signal, "SIGHUP", None)
            if self._finished.wait(self._hangup_deadline if hangup else self._deadline):
                return
        os._exit(128 + number)
