"""Commands: what a front end asks of a trainer, one a line, answered by events.

A front end appends a line with one single write; two of them at once never mix, because the
system appends each write whole (on one host: two hosts on a network file system may, at the same
instant, and then one command is refused as torn, never fatal). Each line has an identifier; the
trainer answers it with CommandDone or CommandRefused in the journal. What was answered is known
from the journal alone, so a trainer that resumes a run neither loses a command nor obeys one twice.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from cnnlib.errors import RunError
from cnnlib.events import CommandDone, CommandRefused, Record
from cnnlib.runs.files import not_written, open_regular
from cnnlib.runs.lines import Line, LineTail

if TYPE_CHECKING:
    from cnnlib.runs.layout import Run

_LONGEST = 4096
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait between two steps."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on after a pause."""


@dataclass(frozen=True, slots=True)
class StepBatch:
    """Do one step, then wait."""


@dataclass(frozen=True, slots=True)
class StepEpoch:
    """Go on to the end of the epoch, then wait."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Save a checkpoint and end; the run can be resumed."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """End at once, without a checkpoint."""


@dataclass(frozen=True, slots=True)
class SetLearningRate:
    """From now on learn at this rate (above 0); the schedule goes on in proportion.

    Raises:
        RunError: the rate is not a finite number above 0.
    """

    value: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0):
            raise RunError(
                "SetLearningRate", expected="a finite rate above 0", received=str(self.value)
            )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Save a checkpoint now."""


@dataclass(frozen=True, slots=True)
class EvaluateNow:
    """Try the model on the validation split now."""


Command: TypeAlias = (
    Pause
    | Resume
    | StepBatch
    | StepEpoch
    | Stop
    | Abandon
    | SetLearningRate
    | Snapshot
    | EvaluateNow
)

COMMANDS: dict[str, type[Command]] = {kind.__name__: kind for kind in get_args(Command)}


@dataclass(frozen=True, slots=True)
class Request:
    """A command that wants an answer.

    Args:
        id: to be named in the answer.
        command: what is asked.
        sent: when, in seconds since 1970 by the sender's clock.
    """

    id: str
    command: Command
    sent: float


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that is no command; to be answered by CommandRefused.

    Args:
        id: the identifier on the line, or "@" and the line's place in the file where it has none.
        reason: why, in words for the user.
    """

    id: str
    reason: str


def send(run: Run, command: Command) -> str:
    """Append a command to a run.

    Returns:
        Its identifier, which the answering event carries.

    Raises:
        RunError: the run cannot be written to (no permission, a full disk).
    """
    identifier = secrets.token_hex(6)
    body = {
        "id": identifier,
        "time": round(time.time(), 6),
        "command": type(command).__name__,
        **asdict(command),
    }
    # The line begins with an end of line: were the last one torn, it would swallow this one.
    line = b"\n" + json.dumps(body, allow_nan=False).encode("ascii") + b"\n"
    path = run.commands_path
    try:
        descriptor = open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            written = os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise not_written(path, problem) from problem
    if written < len(line):
        raise RunError(
            f"{path} could not be written",
            received=f"room for {written} of {len(line)} bytes",
            advice="Make room on the disk and try again.",
        )
    return identifier


def answered(records: Iterable[Record]) -> set[str]:
    """The identifiers of the commands that a journal has answered."""
    return {
        record.event.command
        for record in records
        if isinstance(record.event, CommandDone | CommandRefused)
    }


class CommandReader:
    """Reads the commands of a run as they come.

    Args:
        path: the file of commands; it need not exist yet.
        answered: identifiers that need no answer any more, from :func:`answered`.
    """

    def __init__(self, path: Path, answered: Iterable[str] = ()) -> None:
        self._tail = LineTail(path, longest=_LONGEST, portion=1 << 20)
        self._seen = set(answered)

    def pass_over(self, identifier: str) -> None:
        """The command with this identifier needs no answer any more."""
        self._seen.add(identifier)

    def poll(self) -> list[Request | Refused]:
        """The commands since the last call, in their order, each of them once.

        Whatever stands in the file, the worst is a :class:`Refused`; a last line without its end
        is left for later. Takes at most 1 MiB at a time.

        Raises:
            RunError: the file is there but cannot be read at all (no permission, not a file).
        """
        found: list[Request | Refused] = []
        for line in self._tail.read():
            if line.data is not None and not line.data.strip():
                continue
            request = _parse(line)
            if request.id not in self._seen:
                self._seen.add(request.id)
                found.append(request)
        return found


def _parse(line: Line) -> Request | Refused:
    place = f"@{line.offset}"
    if line.data is None:
        return Refused(place, f"the line is longer than {_LONGEST} bytes")
    try:
        body = json.loads(line.data.decode("ascii"))
    except (ValueError, RecursionError):
        return Refused(place, "the line is torn or no JSON")
    if type(body) is not dict:
        return Refused(place, "the line is no JSON object")
    identifier = body.pop("id", None)
    if not _is_identifier(identifier):
        return Refused(place, "the command has no identifier")
    name = body.pop("command", None)
    kind = COMMANDS.get(name) if type(name) is str else None
    if kind is None:
        known = ", ".join(COMMANDS)
        return Refused(identifier, f"unknown command {str(name)[:40]!r}; there are {known}")
    sent = body.pop("time", 0.0)
    if type(sent) not in (int, float) or not abs(sent) < 1e12:
        return Refused(identifier, f"{name}: its time is no number")
    return _build(identifier, kind, body, float(sent))


def _is_identifier(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= _LONGEST_ID and value.isalnum()


def _build(
    identifier: str, kind: type[Command], options: dict[str, Any], sent: float
) -> Request | Refused:
    name = kind.__name__
    expected = [field.name for field in fields(kind)]
    if sorted(options) != sorted(expected):
        wanted = ", ".join(expected) or "no options"
        given = ", ".join(options)[:80] or "none"
        return Refused(identifier, f"{name} takes {wanted}; received {given}")
    for option, value in options.items():
        if type(value) not in (int, float) or not abs(value) < 1e300:
            return Refused(identifier, f"{name}: {option} is no number")
    try:
        command = kind(**{option: float(value) for option, value in options.items()})
    except RunError as error:
        return Refused(identifier, str(error))
    return Request(identifier, command, sent)
