"""The course of a run as tables, from its journal and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cnnlib.errors import RunError
from cnnlib.events import EpochEnded, Evaluated, Record, StepEnded
from cnnlib.runs.files import write_atomically
from cnnlib.runs.reading import JournalReader
from cnnlib.runs.state import RunState, read_state

if TYPE_CHECKING:
    import pandas as pd

    from cnnlib.runs.layout import Run

_MOST_RECORDS = 5_000_000


@dataclass(frozen=True)
class RunHistory:
    """The course of a run as tables.

    Args:
        records: all events in their order.
        damaged: how many lines of the journal could not be read.
    """

    records: tuple[Record, ...]
    damaged: int = 0

    @classmethod
    def read(cls, run: Run) -> RunHistory:
        """The whole history of a run.

        Raises:
            RunError: the journal cannot be read, or has more than five million events.
        """
        reader = JournalReader(run.journal_path)
        records: list[Record] = []
        while True:
            portion = reader.read()
            if reader.restarted:
                records = []
            records += portion
            if len(records) > _MOST_RECORDS:
                raise RunError(
                    str(run.journal_path),
                    expected=f"at most {_MOST_RECORDS} events",
                    received="more",
                )
            if not reader.behind:
                return cls(tuple(records), reader.damaged)

    @property
    def state(self) -> RunState:
        """Where the run stands after all events."""
        return RunState.of(self.records)

    def steps(self) -> pd.DataFrame:
        """One row per step: seq, time (seconds since 1970), and the fields of StepEnded.

        Rows are in the order of steps; should one stand in the journal twice, the later counts.
        """
        return (
            self._table(StepEnded)
            .drop_duplicates("step", keep="last")
            .sort_values("step", ignore_index=True)
        )

    def epochs(self) -> pd.DataFrame:
        """One row per epoch that ended: seq, time, and the fields of EpochEnded."""
        return (
            self._table(EpochEnded)
            .drop_duplicates("epoch", keep="last")
            .sort_values("epoch", ignore_index=True)
        )

    def evaluations(self) -> pd.DataFrame:
        """One row per evaluation: seq, time, and the fields of Evaluated but the confusion."""
        return self._table(Evaluated).drop(columns="confusion")

    def _table(self, kind: type[StepEnded | EpochEnded | Evaluated]) -> pd.DataFrame:
        import pandas as pd

        names = list(kind.__dataclass_fields__)
        rows = [record for record in self.records if type(record.event) is kind]
        columns: dict[str, Any] = {
            "seq": pd.array([record.seq for record in rows], dtype="int64"),
            "time": pd.array([record.time for record in rows], dtype="float64"),
        }
        for name in names:
            values = [getattr(record.event, name) for record in rows]
            hint = str(kind.__dataclass_fields__[name].type)
            if hint.startswith("float"):
                columns[name] = pd.Series(
                    [float("nan") if value is None else value for value in values], dtype="float64"
                )
            elif hint in ("int", "bool"):
                columns[name] = pd.Series(values, dtype="int64" if hint == "int" else "bool")
            else:
                columns[name] = pd.Series(values, dtype="object")
        return pd.DataFrame(columns)

    def to_csv(
        self, path: Path, table: Literal["steps", "epochs", "evaluations"] = "steps"
    ) -> None:
        """Write one of the tables as CSV; the file is written whole.

        Raises:
            RunError: it could not be written.
        """
        frames = {"steps": self.steps, "epochs": self.epochs, "evaluations": self.evaluations}
        write_atomically(path, frames[table]().to_csv(index=False))


__all__ = ["RunHistory", "RunState", "read_state"]
