"""A run is a directory: where its files are, and what repeats it.

``run.toml`` holds all that repeats the run. Its first line carries a SHA-256 of the lines below:
a bit that changed on the disk, or a file that was cut short, would otherwise train another network
without a word. Who edits the file by hand deletes that line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cnnlib.errors import RunError
from cnnlib.runs import files

_MAX_DESCRIPTION = 1 << 20
_SEAL = "# sha256 of the lines below (delete this line when you edit them): "


@dataclass(frozen=True)
class Run:
    """The directory of one run; holds no state, so it may be made for any path.

    Args:
        path: the directory.
    """

    path: Path

    @property
    def id(self) -> str:
        """The name of the directory, by which users call the run."""
        return self.path.name

    @property
    def description_path(self) -> Path:
        """run.toml."""
        return self.path / "run.toml"

    @property
    def journal_path(self) -> Path:
        """events.jsonl."""
        return self.path / "events.jsonl"

    @property
    def commands_path(self) -> Path:
        """commands.jsonl."""
        return self.path / "commands.jsonl"

    @property
    def lock_path(self) -> Path:
        """The file that its trainer holds locked."""
        return self.path / "lock"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """The folder of exported figures."""
        return self.path / "figures"

    @property
    def exports(self) -> Path:
        """The folder of exported models."""
        return self.path / "exports"

    @property
    def report_path(self) -> Path:
        """The evaluation, for programs."""
        return self.path / "report.json"

    @property
    def report_markdown_path(self) -> Path:
        """The evaluation, for people."""
        return self.path / "report.md"

    @property
    def log_path(self) -> Path:
        """What the trainer process printed."""
        return self.path / "trainer.log"

    def exists(self) -> bool:
        """Whether there is a run here."""
        return self.description_path.is_file()

    def inside(self, relative: str) -> Path:
        """A path that an event or a file of the run names, sure to lie within the run.

        Args:
            relative: with slashes, such as "checkpoints/last.safetensors".

        Raises:
            RunError: it is absolute, goes up, or leads out of the run through a link.
        """
        parts = PurePosixPath(relative).parts
        plain = (
            bool(parts)
            and not PurePosixPath(relative).is_absolute()
            and ".." not in parts
            and not any(character in relative for character in "\\:\0")
        )
        path = self.path.joinpath(*parts) if plain else self.path
        if not plain or not path.resolve().is_relative_to(self.path.resolve()):
            raise RunError(
                f"run {self.id}", expected="a path inside the run", received=repr(relative)[:120]
            )
        return path

    def folder(self, name: str) -> Path:
        """A folder of the run ("checkpoints", "figures", "exports"), made if need be, mode 0o700.

        Raises:
            RunError: it cannot be made, or leads out of the run.
        """
        path = self.inside(name)
        try:
            path.mkdir(mode=files.PRIVATE_FOLDER, exist_ok=True)
        except OSError as problem:
            raise files.not_written(path, problem) from problem
        return path

    def description(self) -> dict[str, Any]:
        """The tables of run.toml: run, data, model, training.

        Raises:
            RunError: it is absent, larger than 1 MiB, no TOML, changed since it was written, or
                has no table [run].
        """
        where = str(self.description_path)
        text = files.read_text(self.description_path, _MAX_DESCRIPTION)
        first, _, below = text.partition("\n")
        if first.startswith(_SEAL[:8]) and first != _seal(below):
            raise RunError(
                where,
                expected="the lines that were written",
                received="other ones: the file is damaged, or was edited",
                advice="If you edited it, delete its first line.",
            )
        tables = files.parse_toml(text, where)
        if type(tables.get("run")) is not dict:
            raise RunError(where, expected="a table [run]", received="none")
        return tables

    def describe(self, description: Mapping[str, Any]) -> None:
        """Write run.toml anew (a name, a note); the file is written whole.

        Raises:
            RunError: it could not be written, or holds what TOML cannot say (None).
        """
        files.write_atomically(self.description_path, _sealed(description))

    def remove_leftovers(self) -> None:
        """Remove temporary files of killed processes; for the trainer that holds the lock."""
        files.remove_leftovers(self.path)
        files.remove_leftovers(self.checkpoints, seconds=0.0)  # where nobody else writes


def _seal(below: str) -> str:
    return _SEAL + hashlib.sha256(below.encode("utf-8")).hexdigest()


def _sealed(description: Mapping[str, Any]) -> str:
    import tomli_w

    try:
        below = tomli_w.dumps(dict(description), multiline_strings=True)
    except (TypeError, ValueError) as problem:
        raise RunError("run.toml", expected="what TOML can say", received=str(problem)) from problem
    text = f"{_seal(below)}\n{below}"
    if len(text) * 4 > _MAX_DESCRIPTION and len(text.encode("utf-8")) > _MAX_DESCRIPTION:
        raise RunError("run.toml", expected="at most 1 MiB", received="more")
    return text
