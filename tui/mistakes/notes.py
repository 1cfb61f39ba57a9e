"""What a user says about images of a run: marks and notes, kept in the directory of the run.

`notes.json` holds them by split and number of the image, with the hash of the data set that the
numbers count in: notes about other data are never shown for these. The file is written whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cnnlib.errors import RunError
from cnnlib.runs import Run
from cnnlib.runs.files import read_json, write_atomically

LIMIT = 8 << 20  # bytes
LONGEST = 500  # characters of a note


@dataclass(frozen=True)
class Note:
    """About one image."""

    marked: bool = False
    text: str = ""

    @property
    def tags(self) -> tuple[str, ...]:
        """The words of the text that begin with ``#``, without it."""
        return tuple(re.findall(r"#(\w[\w-]*)", self.text))

    @property
    def says_something(self) -> bool:
        """Whether it is worth keeping."""
        return self.marked or bool(self.text)


NOTHING = Note()


class Notes:
    """The notes on the images of one split of one data set, in one run."""

    def __init__(self, run: Run, data: str, split: str, notes: Mapping[int, Note]) -> None:
        self._run = run
        self._data = data
        self._split = split
        self._notes = dict(notes)

    @classmethod
    def read(cls, run: Run, data: str, split: str = "test") -> Notes:
        """Those that were kept; none where there is no file.

        Args:
            run: the run.
            data: the hash of the data set.
            split: whose images they are about.

        Raises:
            RunError: the file is damaged.
        """
        path = notes_path(run)
        if not path.exists():
            return cls(run, data, split, {})
        kept = _about(read_json(path, LIMIT), path, data)
        try:
            notes = {
                int(index): Note(bool(each["marked"]), str(each["text"])[:LONGEST])
                for index, each in kept.get(split, {}).items()
            }
        except (ValueError, TypeError, KeyError, AttributeError):
            raise _damaged(path, f"the notes on {split}") from None
        return cls(run, data, split, notes)

    def __getitem__(self, index: int) -> Note:
        return self._notes.get(index, NOTHING)

    def __len__(self) -> int:
        return len(self._notes)

    def __iter__(self) -> Iterator[int]:
        """The numbers of the images that something is noted about."""
        return iter(self._notes)

    def mark(self, index: int) -> Notes:
        """With another mark on an image: set, or taken away."""
        return self._with(index, replace(self[index], marked=not self[index].marked))

    def write(self, index: int, text: str) -> Notes:
        """With another text about an image."""
        return self._with(index, replace(self[index], text=" ".join(text.split())[:LONGEST]))

    def _with(self, index: int, note: Note) -> Notes:
        notes = {**self._notes, index: note}
        kept = {i: notes[i] for i in sorted(notes) if notes[i].says_something}
        return Notes(self._run, self._data, self._split, kept)

    def save(self) -> Path:
        """Keep them in the run; notes on other splits and other data stay.

        Raises:
            RunError: the file cannot be written, or what is there is damaged.
        """
        path = notes_path(self._run)
        content = read_json(path, LIMIT) if path.exists() else {}
        about = _about(content, path, self._data)
        about = about | {
            self._split: {
                str(index): {"marked": note.marked, "text": note.text, "tags": list(note.tags)}
                for index, note in self._notes.items()
            }
        }
        write_atomically(path, json.dumps(content | {self._data: about}, indent=1) + "\n")
        return path


def notes_path(run: Run) -> Path:
    """Where the notes of a run are kept."""
    return run.path / "notes.json"


def _about(content: object, path: Path, data: str) -> dict[str, dict[str, dict[str, object]]]:
    """What a file holds about one data set."""
    if not isinstance(content, dict) or not isinstance(content.get(data, {}), dict):
        raise _damaged(path, type(content).__name__)
    about: dict[str, dict[str, dict[str, object]]] = content.get(data, {})
    return about


def _damaged(path: Path, received: str) -> RunError:
    return RunError(
        str(path),
        expected="notes on images by split and number",
        received=received,
        advice="Mend the file, or remove it.",
    )
