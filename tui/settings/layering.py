"""The settings of a training from their layers, and the files that somebody wrote by hand.

Each layer lies over the one before: the defaults, a preset, a configuration file (the run.toml of
any run will do), the command line.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cnnlib.architectures import ARCHITECTURES
from cnnlib.errors import RunError, SpecificationError
from cnnlib.runs import files
from tui.settings.checks import near, unknown
from tui.settings.presets import PRESETS
from tui.settings.training import Settings, values_of

_MOST = 1 << 20  # bytes of a text that somebody wrote by hand


def layered(
    *,
    preset: str | None = None,
    config: Path | None = None,
    lr: float | None = None,
    **command_line: Any,
) -> Settings:
    """The settings in their layers: defaults, preset, configuration file, command line.

    Args:
        preset: a name in PRESETS.
        config: a TOML file with the tables of a run.toml.
        lr: the main learning rate of the schedule, whichever layer chose the schedule.
        command_line: settings by name; None means that the command line did not say.

    Raises:
        SpecificationError: an unknown preset or setting, or a value that does not fit.
    """
    values: dict[str, Any] = {}
    if preset is not None:
        if preset not in PRESETS:
            raise unknown("preset", preset, PRESETS)
        values |= PRESETS[preset]
    if config is not None:
        values |= values_of(read_toml(config))
    values |= {name: value for name, value in command_line.items() if value is not None}
    settings = Settings(**values)
    return settings if lr is None else settings.with_rate(lr)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary.

    Raises:
        SpecificationError: it cannot be read, or is no TOML.
    """
    try:
        text = files.read_text(Path(os.path.realpath(path)), _MOST)
        return files.parse_toml(text, str(path))
    except RunError as error:
        expected, received = error.expected, error.received
        raise SpecificationError(str(path), expected=expected, received=received) from None


def architecture_text(name_or_file: str) -> str:
    """The layers behind ``--arch``: a known name, or a file that holds them.

    Raises:
        SpecificationError: it is neither.
    """
    if name_or_file in ARCHITECTURES:
        return ARCHITECTURES[name_or_file]
    path = Path(name_or_file).expanduser()
    if not os.path.exists(path):
        raise SpecificationError(
            "arch",
            expected=f"a file, or a name among {', '.join(ARCHITECTURES)}",
            received=repr(name_or_file),
            advice=near(name_or_file, ARCHITECTURES),
        )
    try:
        text = files.read_bounded(Path(os.path.realpath(path)), _MOST).decode("utf-8")
    except RunError as error:
        raise _no_layers(error.received) from None
    except UnicodeDecodeError:
        raise _no_layers("bytes that are no UTF-8") from None
    if not text.strip():
        raise _no_layers("an empty file")
    return text


def _no_layers(received: str) -> SpecificationError:
    expected = "a text file with one layer a line"
    return SpecificationError("arch", expected=expected, received=received)
