"""The words for what a trial has: its values, its state, short names of its settings."""

from __future__ import annotations

from collections.abc import Sequence

from tui.render import format as say
from tui.render.palette import Palette
from tui.sweep.space import Value


def setting(value: Value) -> str:
    """A value of a setting: four digits of a number, a text without its quotation marks."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def objective(value: float | None, name: str) -> str:
    """A value of what is compared: a share in per cent, or a loss."""
    return say.percent(value, 2) if name == "accuracy" else say.number(value)


def short(names: Sequence[str]) -> list[str]:
    """The names of settings without what is before their dot, where they stay different."""
    ends = [name.rpartition(".")[2] for name in names]
    return [end if ends.count(end) == 1 else name for name, end in zip(names, ends, strict=True)]


def ink(state: str, palette: Palette) -> int:
    """The colour of a state, which its word tells as well."""
    colours = {
        "running": palette.good,
        "queued": palette.muted,
        "interrupted": palette.warn,
        "silent": palette.warn,
        "pruned": palette.muted,
        "diverged": palette.bad,
        "failed": palette.bad,
        "gone": palette.bad,
        "damaged": palette.bad,
    }
    return colours.get(state, palette.text)
