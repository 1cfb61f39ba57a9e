"""What a training is asked to do: one frozen record, checked when it is made.

The settings go into the tables of a run's run.toml and come back from them unchanged, so that a run
can be repeated from its directory alone.

Optimizer, schedule, loss and their like are kept as text, the constructor calls that
`cnnlib.text` reads; they are brought to their shortest form here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from cnnlib.architectures import ARCHITECTURES
from cnnlib.averaging import Average
from cnnlib.errors import SpecificationError
from cnnlib.losses import Loss
from cnnlib.optimizers import Optimizer
from cnnlib.scaling import RateScaling
from cnnlib.schedules import Schedule
from cnnlib.stopping import Stopping
from cnnlib.text import parse
from tui.settings.checks import Check, call, calls, maybe, number, size, unknown, whole, words

IMAGES_A_RANK = 32  # fewer are done before the processes have told each other


def _option(default: Any, table: str, help: str, check: Check) -> Any:
    """A field with the table of run.toml that holds it, its help, and its check."""
    return field(default=default, metadata={"table": table, "help": help, "check": check})


@dataclass(frozen=True)
class Settings:
    """All that a training is asked to do.

    Raises:
        SpecificationError: a value is out of range or no such text; it names the setting, what
            was expected and what was received.
    """

    data: str = _option("mnist-5k", "data", "name in the catalogue, or path", words)
    validation: float = _option(
        0.1,
        "data",
        "share of the training images held out to validate; 0 for none",
        number(lambda share: 0 <= share <= 0.9, "a share from 0 to 0.9"),
    )
    resize: str = _option("", "data", "height x width that every image is brought to", size)
    split_seed: int = _option(0, "data", "seed of the held-out splits", whole(0))
    architecture: str = _option(ARCHITECTURES["lenet"], "model", "the layers, one a line", words)
    epochs: int = _option(5, "training", "passes over the training images", whole(1))
    batch_size: int = _option(32, "training", "images a step, over all ranks", whole(1))
    optimizer: str = _option("Adam()", "training", "the update rule", call(Optimizer))
    schedule: str = _option(
        "OneCycle(peak=6e-3)", "training", "the learning rate of every step", call(Schedule)
    )
    rate_scaling: str = _option(
        "",
        "training",
        "how the rates of the schedule follow the batch size; they do not when absent",
        maybe(RateScaling),
    )
    loss: str = _option(
        "CrossEntropyLoss(label_smoothing=0.1)", "training", "what is minimised", call(Loss)
    )
    augment: str = _option("", "training", "how training images are varied", calls)
    seed: int = _option(0, "training", "seed of everything random in the training", whole(0))
    ranks: int = _option(
        0,
        "training",
        "processes that share each batch; 0: one a core, with 32 images or more for each",
        whole(0, 4096),
    )
    micro_batch: int = _option(
        0,
        "training",
        "images that a process passes through the network at once; 0: what fits its cache",
        whole(0),
    )
    clip: float | None = _option(
        None,
        "training",
        "largest norm of the gradient; none when absent",
        number(lambda limit: limit > 0, "a number above 0", optional=True),
    )
    average: str = _option(
        "", "training", "the average of the weights that is validated and kept", maybe(Average)
    )
    stopping: str = _option("", "training", "the rule that ends a training early", maybe(Stopping))
    checkpoint_seconds: float = _option(
        30.0,
        "training",
        "seconds between checkpoints within an epoch",
        number(lambda seconds: seconds > 0, "a number above 0"),
    )
    keep_epochs: int = _option(
        16, "training", "checkpoints of single epochs to keep, to fork from; 0 for none", whole(0)
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            value = each.metadata["check"](each.name, getattr(self, each.name))
            object.__setattr__(self, each.name, value)

    @property
    def image_size(self) -> tuple[int, int] | None:
        """(height, width) that images are brought to; None leaves them as they are."""
        height, _, width = self.resize.partition("x")
        return (int(height), int(width)) if self.resize else None

    def ranks_on(self, cores: int) -> int:
        """How many processes share each batch on a machine with so many cores."""
        return self.ranks or max(1, min(cores, self.batch_size // IMAGES_A_RANK))

    def with_rate(self, rate: float) -> Settings:
        """The same settings at another main learning rate."""
        if not (math.isfinite(rate) and rate > 0):
            raise SpecificationError("lr", expected="a number above 0", received=repr(rate))
        return replace(self, schedule=repr(parse(self.schedule, Schedule).with_rate(rate)))

    def to_description(self) -> dict[str, dict[str, Any]]:
        """The tables of run.toml; a setting that is None is absent."""
        tables: dict[str, dict[str, Any]] = {"data": {}, "model": {}, "training": {}}
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None:
                tables[each.metadata["table"]][_key(each.name)] = value
        return tables

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Settings:
        """Read the tables of a run.toml; what it does not say stays at its default."""
        return cls(**values_of(description))


TABLES = ("data", "model", "training")
# What a run records beside its settings: facts about what was found, read back by nobody.
RECORDED = {
    "data": {"title", "sha256", "classes", "train", "valid", "test", "source"},
    "model": {"name", "input_shape", "parameters", "multiply_adds"},
    "training": set[str](),
}


def values_of(description: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the tables of a run.toml hold, by name.

    Raises:
        SpecificationError: a table or a key that is not known.
    """
    values: dict[str, Any] = {}
    for table, content in description.items():
        if table == "run":
            continue
        if table not in TABLES:
            raise unknown("the configuration", table, ("run", *TABLES))
        if not isinstance(content, Mapping):
            raise SpecificationError(table, expected="a table", received=repr(content))
        known = {_key(each.name): each.name for each in fields(Settings) if _in(each, table)}
        for key, value in content.items():
            if key in known:
                values[known[key]] = value
            elif key not in RECORDED[table]:
                raise unknown(f"[{table}]", key, known)
    return values


def _key(name: str) -> str:
    """The key of a setting in its table: ``data`` is ``name`` in [data]."""
    return "name" if name == "data" else name


def _in(each: Any, table: str) -> bool:
    return bool(each.metadata["table"] == table)
