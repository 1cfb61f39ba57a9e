"""The past of a long run at a glance: all that happened, and of its steps as many as a chart shows.

To decode a hundred thousand steps takes a second; to find the ends of their lines, milliseconds.
So whoever wants to draw a long past at once takes all other events, evenly chosen steps and the
last ones, and reads the whole journal afterwards.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import NamedTuple

from cnnlib.events import MAX_LINE, Record
from cnnlib.runs.lines import LineTail
from cnnlib.runs.rewind import decoded

SHORT = 1 << 20  # bytes of a journal that is read at once anyway
_STEPS = 2000
_LAST = 250
_STEP_MARK = b'"event":"StepEnded"'
_LENGTH_OF_STEP = 150  # bytes


class _Chosen(NamedTuple):
    number: int
    line: bytes


def sketch(path: Path) -> list[Record]:
    """The events of a journal without most of its steps; none where it is short or absent.

    Raises:
        RunError: it cannot be read.
    """
    try:
        size = path.stat().st_size
    except OSError:
        return []
    if size < SHORT:
        return []
    every = max(1, size // _LENGTH_OF_STEP // _STEPS)
    chosen: list[_Chosen] = []
    last: deque[_Chosen] = deque(maxlen=_LAST)
    tail = LineTail(path, longest=MAX_LINE)
    number = 0
    more = True
    while more:
        for line in tail.read():
            number += 1
            if line.data is None:
                continue
            if _STEP_MARK not in line.data:
                chosen.append(_Chosen(number, line.data))
            elif number % every:
                last.append(_Chosen(number, line.data))
            else:
                chosen.append(_Chosen(number, line.data))
        more = tail.behind
    records = (decoded(each.line) for each in sorted([*chosen, *last]))
    return [record for record in records if record is not None]
