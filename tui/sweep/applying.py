"""What a trial varies, put into the settings of a training.

A name is a setting of `run.toml`; `lr` is the main rate of the schedule and `arch` a known network
or a file, as on the command line; `optimizer.beta2` is an option of the call that a setting holds.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from cnnlib.averaging import Average
from cnnlib.errors import SpecificationError
from cnnlib.literals import word
from cnnlib.losses import Loss
from cnnlib.optimizers import Optimizer
from cnnlib.schedules import Schedule
from cnnlib.stopping import Stopping
from cnnlib.text import Described, parse
from tui.settings.layering import architecture_text
from tui.settings.training import Settings
from tui.sweep.space import Space, Value

CALLS: dict[str, type[Described]] = {
    "optimizer": Optimizer,
    "schedule": Schedule,
    "loss": Loss,
    "average": Average,
    "stopping": Stopping,
}
_PLAIN = {each.name for each in fields(Settings)} - {"seed", "ranks"}


class Varied(NamedTuple):
    """The settings of a trial, and the name of its network ("" where it does not vary)."""

    settings: Settings
    network: str


def apply(settings: Settings, parameters: Mapping[str, Value]) -> Varied:
    """The settings with these parameters: whole settings first, then options, then the rate.

    Raises:
        SpecificationError: there is no such setting or option, or a value does not fit.
    """
    network = ""
    whole: dict[str, Any] = {}
    for name, value in parameters.items():
        if name == "arch":
            whole["architecture"] = architecture_text(str(value))
            network = Path(str(value)).stem
        elif name in _PLAIN:
            whole[name] = value
        elif name != "lr" and name.partition(".")[0] not in CALLS:
            raise _unknown(name)
    settings = replace(settings, **whole)
    for name, value in parameters.items():
        if "." in name:
            settings = _with_option(settings, name, value)
    if "lr" in parameters:
        rate = parameters["lr"]
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise SpecificationError("lr", expected="a number above 0", received=repr(rate))
        settings = settings.with_rate(float(rate))
    return Varied(settings, network)


def require_fit(settings: Settings, space: Space) -> None:
    """See that every setting of the space exists and takes the ends of its distribution.

    Raises:
        SpecificationError: one does not; the line's setting is named.
    """
    names = [name for name in space if name in CALLS]
    for name, distribution in space.items():
        base = {other: space[other].grid(2)[0] for other in names if other != name}
        for value in distribution.grid(2):
            try:
                apply(settings, {**base, name: value})
            except SpecificationError as error:
                error.where = (
                    f"space: {name}" if name in error.where else f"space: {name}: {error.where}"
                )
                raise


def _with_option(settings: Settings, name: str, value: Value) -> Settings:
    setting, _, option = name.partition(".")
    text = getattr(settings, setting)
    if not text:
        expected = f"a {setting} in sweep.toml whose option can vary"
        raise SpecificationError(name, expected=expected, received="none")
    call: Any = parse(text, CALLS[setting])
    known = [each.name for each in call.options()]
    if option not in known:
        raise SpecificationError(
            name,
            expected=f"an option of {type(call).__name__}: {', '.join(known) or 'it has none'}",
            received=repr(option),
            advice=_near(option, known),
        )
    arguments = {each: getattr(call, each) for each in known} | {option: value}
    words = ", ".join(f"{each}={word(argument)}" for each, argument in arguments.items())
    changed: dict[str, Any] = {setting: f"{type(call).__name__}({words})"}
    return replace(settings, **changed)


def _unknown(name: str) -> SpecificationError:
    known = ["lr", "arch", *sorted(_PLAIN), *(f"{call}.OPTION" for call in CALLS)]
    advice = "seeds = [...] repeats every trial." if name == "seed" else _near(name, known)
    expected = f"one of {', '.join(known)}"
    return SpecificationError(name, expected=expected, received=repr(name), advice=advice)


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"Did you mean {near[0]!r}?" if near else ""
