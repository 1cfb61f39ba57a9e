"""Where a value stands on an upright axis: linear, logarithmic, or one of several steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tui.render.sweep import words
from tui.sweep.space import Distribution, Value, choice, integer, log_uniform, uniform
from tui.sweep.view import SweepView


@dataclass(frozen=True)
class Scale:
    """An axis.

    Attributes:
        title: what stands above it.
        kind: how values are placed.
        low, high: the values at its foot and at its head, where they are numbers.
        steps: the values, the first one at the foot, where they are not.
        foot, head: what is written at the ends.
    """

    title: str
    kind: Literal["linear", "log", "steps"]
    low: float = 0.0
    high: float = 1.0
    steps: tuple[Value, ...] = ()
    foot: str = ""
    head: str = ""

    def place(self, value: Value) -> float:
        """From 0 at the foot to 1 at the head; NaN for what has no place there."""
        if self.kind == "steps":
            same = [i for i, step in enumerate(self.steps) if _is_same(step, value)]
            return _share(float(same[0]), 0.0, len(self.steps) - 1.0) if same else math.nan
        if isinstance(value, bool) or not isinstance(value, int | float):
            return math.nan
        if self.kind == "linear":
            return _share(float(value), self.low, self.high)
        if value <= 0:
            return math.nan
        return _share(math.log(value), math.log(self.low), math.log(self.high))


def _is_same(a: Value, b: Value) -> bool:
    """Whether it is the same value: True is not 1."""
    return type(a) is type(b) and a == b


def _share(value: float, low: float, high: float) -> float:
    """How far it is on the way, within the axis; the middle where there is no way."""
    return min(1.0, max(0.0, (value - low) / (high - low))) if high != low else 0.5


def of_setting(title: str, distribution: Distribution | None, values: Iterable[Value]) -> Scale:
    """The axis of a setting: as its distribution says, else about its values."""
    match distribution:
        case log_uniform(low=low, high=high):
            return _numbers(title, "log", low, high)
        case uniform(low=low, high=high) | integer(low=low, high=high):
            return _numbers(title, "linear", low, high)
        case choice(values=steps):
            return Scale(title, "steps", steps=tuple(steps))
    found = list({(type(value), value): value for value in values}.values())
    numbers = [v for v in found if isinstance(v, int | float) and not isinstance(v, bool)]
    if numbers and len(numbers) == len(found):
        return _numbers(title, "linear", min(numbers), max(numbers))
    return Scale(title, "steps", steps=tuple(found))


def _numbers(title: str, kind: Literal["linear", "log"], low: float, high: float) -> Scale:
    ends = words.setting(low), words.setting(high)
    return Scale(title, kind, float(low), float(high), foot=ends[0], head=ends[1])


def of_objective(objective: str, values: Sequence[float]) -> Scale:
    """The axis of what is compared: the best at its head."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    foot, head = (low, high) if objective == "accuracy" else (high, low)
    title = "valid" if objective == "accuracy" else "loss"
    ends = words.objective(foot, objective), words.objective(head, objective)
    return Scale(title, "linear", foot, head, foot=ends[0], head=ends[1])


def scales_of(view: SweepView) -> list[Scale]:
    """An axis for every setting that varies, and one for what is compared."""
    space = view.sweep.space if view.sweep is not None else {}
    names = view.names
    scales = [
        of_setting(title, space.get(name), [t.trial.parameters.get(name) for t in view.trials])
        for name, title in zip(names, words.short(names), strict=True)
    ]
    return [*scales, of_objective(view.objective, [t.value or 0.0 for t in view.ranking()])]
