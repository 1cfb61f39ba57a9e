"""How the line to the terminal is doing: how long it takes there and back, and what is under way.

A frame that was written is not yet seen: it may wait in the buffers of SSH, of TCP and of the
pseudo-terminal, seconds of them over a slow line. So each frame is followed by a question that
every terminal answers (DSR, `CSI 5 n`); the answer says that the frame has arrived. While more than
a window of bytes is unanswered nothing further is painted, and what comes next is painted once, as
it is then. A terminal that never answers is never waited for.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

QUESTION = "\x1b[5n"
ANSWER = "\x1b[0n"
WINDOW = 4096
"""Unanswered bytes from which on nothing further is painted."""
PATIENCE = 5.0
"""Seconds of silence after which it is asked again, and then after twice as many each time."""
REMEMBERED = 8
"""Round trips of which the shortest is the line's: the others waited behind a large frame."""


class Link:
    """What was sent and what was answered. The app's thread sends, the input's thread answers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._unanswered: deque[tuple[float, int]] = deque()  # (when, bytes), oldest first
        self._trips: deque[float] = deque(maxlen=REMEMBERED)
        self._told: float | None = None
        self._patience = PATIENCE
        self._asked_again = False
        self.answers = False
        """Whether the terminal has ever answered."""

    @property
    def is_idle(self) -> bool:
        """Whether all that was sent has arrived, as far as that can be known."""
        return not (self.answers and self._unanswered)

    @property
    def is_full(self) -> bool:
        """Whether so much is under way that nothing should be added."""
        with self._lock:
            return self.answers and sum(size for _, size in self._unanswered) >= WINDOW

    @property
    def round_trip(self) -> float | None:
        """Seconds there and back; None while unknown."""
        with self._lock:
            return min(self._trips, default=None)

    def sent(self, size: int) -> bool:
        """A frame of so many bytes was written; says whether the question is to follow it."""
        with self._lock:
            if self._unanswered and not self.answers:
                return False  # it was asked once; more only when it has answered that
            self._unanswered.append((self._clock(), size))
            return True

    def answered(self) -> None:
        """The terminal has answered the oldest question (or, after a long silence, all)."""
        with self._lock:
            self.answers = True
            if self._unanswered:
                when, _ = self._unanswered.popleft()
                if self._asked_again:
                    self._unanswered.clear()
                else:
                    self._trips.append(self._clock() - when)
            self._asked_again, self._patience = False, PATIENCE

    def is_overdue(self) -> bool:
        """Whether it is time to ask again: an answer may have been lost."""
        with self._lock:
            if not (self.answers and self._unanswered):
                return False
            if self._clock() - self._unanswered[0][0] < self._patience:
                return False
            self._patience *= 2
            self._asked_again = True
            return True

    def label(self) -> str:
        """The round trip in words, "38 ms"; it changes only when the line does. Empty: unknown."""
        now = self.round_trip
        if now is None:
            return ""
        told = self._told
        if told is None or abs(now - told) > max(0.005, 0.3 * told):
            told = self._told = now
        if told < 0.005:
            return "<5 ms"
        return f"{told * 1000:.0f} ms" if told < 0.9995 else f"{told:.1f} s"
