"""Reading the journal of a run as it grows; any number of readers, from any machine."""

from __future__ import annotations

from pathlib import Path

from cnnlib.events import MAX_LINE, Record
from cnnlib.runs.lines import LineTail
from cnnlib.runs.rewind import decoded


class JournalReader:
    """Reads the events of a run as they come.

    Damaged lines are passed over and counted. A last line without its end is left for later.

    Args:
        path: the journal; it need not exist yet.

    Attributes:
        damaged: how many lines so far were no events.
        restarted: the last :meth:`read` found that the journal was rewound or replaced, and began
            at its start: what was read before is void.
        behind: the last :meth:`read` reached its limit of 4 MiB; there is more.
    """

    def __init__(self, path: Path) -> None:
        self._tail = LineTail(path, longest=MAX_LINE)
        self.damaged = 0
        self.restarted = False
        self.behind = False

    def pass_over(self) -> None:
        """Leave out what the journal holds by now; the next :meth:`read` begins after it.

        Raises:
            RunError: as :meth:`read`.
        """
        self._tail.pass_over()

    def read(self) -> list[Record]:
        """The events that were added since the last call; none where there is no journal.

        Takes at most 4 MiB (some 20,000 steps) at a time, so that memory stays bounded; while
        :attr:`behind` is set, call again.

        Raises:
            RunError: the journal cannot be read (no permission, not a file).
        """
        lines = self._tail.read()
        self.restarted = self._tail.restarted
        self.behind = self._tail.behind
        if self.restarted:
            self.damaged = 0
        records: list[Record] = []
        for line in lines:
            record = None if line.data is None else decoded(line.data)
            if record is None:
                self.damaged += 1
            else:
                records.append(record)
        return records

    def read_all(self) -> list[Record]:
        """All events that are new, however many; ``restarted`` is set if any part of it was.

        Raises:
            RunError: as :meth:`read`.
        """
        records = self.read()
        restarted = self.restarted
        while self.behind:
            more = self.read()
            if self.restarted:
                records, restarted = [], True
            records += more
        self.restarted = restarted
        return records
