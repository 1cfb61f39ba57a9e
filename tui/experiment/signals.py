"""What the system asks of a training by signals, remembered until the next step has ended.

SIGINT (Ctrl-C), SIGTERM and SIGHUP ask it to write a checkpoint and stop; SIGUSR1, which clusters
send some time before they end a job, asks for a checkpoint alone. A second Ctrl-C does not wait.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Signals:
    """While entered, takes the signals in; outside of the main thread it does nothing.

    Attributes:
        stop: the number of the signal that asks to stop, or None.
        checkpoint: whether a checkpoint was asked for; set it back when it is written.
    """

    def __init__(self) -> None:
        self.stop: int | None = None
        self.checkpoint = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        for number in STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
                self._before[number] = signal.signal(number, self._asked_to_stop)
        if hasattr(signal, "SIGUSR1"):
            self._before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, self._asked_to_save)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.stop is not None:
            raise KeyboardInterrupt
        self.stop = number

    def _asked_to_save(self, number: int, frame: FrameType | None) -> None:
        self.checkpoint = True
