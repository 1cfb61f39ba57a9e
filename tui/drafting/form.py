"""The settings as the fields of a form: text for each, and settings or problems from the texts.

Plain data; `tui.settings.training` does the checking. The learning rate has a field of its own
although it stands in the schedule: it is what is changed most often, and all that can be changed
while a trainer is at work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from cnnlib.augmentations import Augmentation
from cnnlib.averaging import Average
from cnnlib.errors import SpecificationError
from cnnlib.losses import Loss
from cnnlib.optimizers import Optimizer
from cnnlib.schedules import Schedule
from cnnlib.stopping import Stopping
from cnnlib.text import Described, family, parse
from tui.settings.presets import PRESETS
from tui.settings.training import Settings

RATE = "rate"


@dataclass(frozen=True)
class Field:
    """A setting in the form: its name, and the family of calls it takes, if it does."""

    name: str
    label: str
    calls: type[Described] | None = None

    @property
    def help(self) -> str:
        """What it is, and what can be written there."""
        if self.name == RATE:
            return "the main learning rate of the schedule"
        told = str(_settings_field(self.name).metadata["help"])
        if self.calls is None:
            return told
        names = ", ".join(family(self.calls))
        return f"{told}: {names}" + ("" if self.is_required else "; or nothing")

    @property
    def is_required(self) -> bool:
        """Whether it may not be left empty."""
        return self.name not in ("augment", "average", "stopping", "clip")

    @property
    def examples(self) -> list[str]:
        """Calls to begin with."""
        if self.calls is None:
            return []
        return [
            f"{name}({', '.join(f'{option.name}=' for option in cls.options() if option.required)})"
            for name, cls in family(self.calls).items()
        ]

    def when(self, live: bool) -> str:
        """When a change takes effect."""
        return "now too" if live and self.name == RATE else "next run"


FIELDS = (
    Field("epochs", "epochs"),
    Field("batch_size", "batch size"),
    Field("optimizer", "optimizer", Optimizer),
    Field(RATE, "rate"),
    Field("schedule", "schedule", Schedule),
    Field("loss", "loss", Loss),
    Field("augment", "augment", Augmentation),
    Field("average", "average", Average),
    Field("stopping", "stopping", Stopping),
    Field("clip", "clip"),
    Field("validation", "validation"),
    Field("seed", "seed"),
    Field("ranks", "ranks"),
)
WHOLE = ("epochs", "batch_size", "seed", "ranks")
REAL = ("validation", "clip")


def texts_of(settings: Settings) -> dict[str, str]:
    """What stands in every field."""
    return {each.name: _text(settings, each.name) for each in FIELDS}


def main_rate(schedule: str) -> float | None:
    """The rate that `with_rate` would replace; None where the schedule has none by name."""
    found: Any = parse(schedule, Schedule)
    while hasattr(found, "then"):
        found = found.then
    rate = getattr(found, "rate", getattr(found, "peak", None))
    return float(rate) if rate is not None else None


def read(texts: Mapping[str, str], base: Settings) -> tuple[Settings, dict[str, str]]:
    """The settings that the fields ask for over those of `base`, and what is wrong by field.

    A field that is wrong leaves what `base` has.
    """
    settings, problems = base, {}
    for each in FIELDS:
        text = texts[each.name].strip()
        if each.name == RATE:
            continue
        try:
            settings = replace(settings, **{each.name: _value(each.name, text)})
        except SpecificationError as error:
            problems[each.name] = _brief(error, each.name)
    try:
        rate = _number(RATE, texts[RATE].strip())
        if texts[RATE].strip() != texts_of(base)[RATE] or "schedule" in problems:
            settings = settings.with_rate(rate)
    except SpecificationError as error:
        problems[RATE] = _brief(error, RATE).removeprefix("lr: ")
    return settings, problems


def with_preset(settings: Settings, name: str) -> Settings:
    """A preset over the defaults; the data stay, and the network where the preset names none."""
    kept = {
        "data": settings.data,
        "split_seed": settings.split_seed,
        "resize": settings.resize,
        "architecture": settings.architecture,
    }
    return Settings(**{**kept, **PRESETS[name]})


def about_preset(name: str) -> str:
    """What a preset sets, in a line."""
    told = (
        "another network" if key == "architecture" else f"{key} {value}"
        for key, value in PRESETS[name].items()
    )
    return ", ".join(told)


def _settings_field(name: str) -> Any:
    return next(each for each in fields(Settings) if each.name == name)


def _text(settings: Settings, name: str) -> str:
    if name == RATE:
        rate = main_rate(settings.schedule)
        return "" if rate is None else f"{rate:g}"
    value = getattr(settings, name)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _value(name: str, text: str) -> Any:
    if name in WHOLE:
        try:
            return int(text)
        except ValueError:
            return text
    if name in REAL:
        return None if name == "clip" and not text else _number(name, text)
    return text


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SpecificationError(name, expected="a number", received=repr(text)) from None


def _brief(error: SpecificationError, name: str) -> str:
    """The message without the name of the field beside which it stands."""
    return str(error).removeprefix(f"{name}: ").removeprefix(f"{name}: ")
