"""The search space: a distribution for every setting that is varied, one a line.

    lr = log_uniform(1e-4, 1e-1)
    arch = choice("lenet", "sharp")
    optimizer.beta2 = uniform(0.9, 0.999)

Each is written as the constructor call of a registered dataclass and read by `cnnlib.text`; nothing
is ever evaluated. The classes carry the very names that are written.
"""

from __future__ import annotations

import ast
import itertools
import json
import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from numpy.random import Generator

from cnnlib.errors import SpecificationError
from cnnlib.text import MAX_TEXT, Described, build

Value: TypeAlias = bool | int | float | str | None
Parameters: TypeAlias = dict[str, Value]
_ROUNDING = 1e-12  # Optuna goes back from a logarithm without a look at the bounds
EXAMPLE = "lr = log_uniform(1e-4, 1e-1)"


class Distribution(Described, family="distribution"):
    """The values that one setting may take."""

    def sample(self, rng: Generator) -> Value:
        """One of them at random."""
        raise NotImplementedError

    def grid(self, points: int) -> tuple[Value, ...]:
        """All of them, or so many that stand for a continuum."""
        raise NotImplementedError

    def contains(self, value: Value) -> bool:
        """Whether the value is one of them."""
        raise NotImplementedError


class _Continuum:
    """What distributions of real numbers share: a place for every share of the way."""

    def sample(self, rng: Generator) -> float:
        """The number at a share that is uniform in [0, 1)."""
        return self._at(float(rng.random()))

    def grid(self, points: int) -> tuple[float, ...]:
        """So many numbers at equal shares, both ends among them; the middle for one."""
        return tuple(self._at(share) for share in _shares(points))

    def _at(self, share: float) -> float:
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class uniform(_Continuum, Distribution):
    """A number from low to high, each as likely as any other.

    Raises:
        SpecificationError: high is not above low.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _require(self.low < self.high, "uniform", "low below high", f"{self.low}, {self.high}")

    def contains(self, value: Value) -> bool:
        """Whether it is a number within the bounds."""
        return _is_number(value) and self.low <= value <= self.high

    def _at(self, share: float) -> float:
        """low + (high - low) share."""
        return min(self.high, max(self.low, self.low + (self.high - self.low) * share))


@dataclass(frozen=True, repr=False)
class log_uniform(_Continuum, Distribution):
    """A number from low to high whose logarithm is uniform: for rates and the like.

    Raises:
        SpecificationError: low is not above 0, or high not above low.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        fits = 0 < self.low < self.high
        _require(fits, "log_uniform", "0 < low < high", f"{self.low}, {self.high}")

    def contains(self, value: Value) -> bool:
        """Whether it is a number within the bounds, to the rounding of their logarithms."""
        low, high = self.low * (1 - _ROUNDING), self.high * (1 + _ROUNDING)
        return _is_number(value) and low <= value <= high

    def _at(self, share: float) -> float:
        """low (high / low)^share."""
        low, high = math.log(self.low), math.log(self.high)
        return min(self.high, max(self.low, math.exp(low + (high - low) * share)))


@dataclass(frozen=True, repr=False)
class integer(Distribution):
    """A whole number from low to high, both included, in steps.

    Raises:
        SpecificationError: high is not above low, or no whole number of steps away from it.
    """

    low: int
    high: int
    step: int = 1

    def __post_init__(self) -> None:
        given = f"{self.low}, {self.high}, step={self.step}"
        _require(self.low < self.high and self.step >= 1, "integer", "low below high", given)
        even = (self.high - self.low) % self.step == 0
        _require(even, "integer", "steps that lead from low to high exactly", given)

    def sample(self, rng: Generator) -> int:
        """low + k step, each k as likely as any other."""
        return self.low + self.step * int(rng.integers((self.high - self.low) // self.step + 1))

    def grid(self, points: int) -> tuple[int, ...]:
        """All of them where they are no more than so many, else so many at equal distances."""
        count = (self.high - self.low) // self.step
        if count < points:
            return tuple(range(self.low, self.high + 1, self.step))
        return tuple(self.low + self.step * round(count * share) for share in _shares(points))

    def contains(self, value: Value) -> bool:
        """Whether it is one of these whole numbers."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and value in range(self.low, self.high + 1, self.step)


@dataclass(frozen=True, repr=False)
class choice(Distribution):
    """One of several values: texts, numbers, True, False or None.

    Raises:
        SpecificationError: there are none, or two that are equal.
    """

    values: tuple[bool | int | float | str | None, ...]

    def __post_init__(self) -> None:
        _require(bool(self.values), "choice", "values to choose among", "none")
        twice = [v for place, v in enumerate(self.values) if v in self.values[:place]]
        _require(not twice, "choice", "each value once", repr(twice[0]) + " twice" if twice else "")

    def __repr__(self) -> str:
        return f"choice({', '.join(map(word, self.values))})"

    def sample(self, rng: Generator) -> Value:
        """Each as likely as any other."""
        return self.values[int(rng.integers(len(self.values)))]

    def grid(self, points: int) -> tuple[Value, ...]:
        """All of them."""
        return self.values

    def contains(self, value: Value) -> bool:
        """Whether it is one of them."""
        return any(value == each and type(value) is type(each) for each in self.values)


Space: TypeAlias = dict[str, Distribution]


def parse_space(text: str) -> Space:
    """Read a search space, one setting a line; blank lines and ``#`` comments are allowed.

    Raises:
        SpecificationError: it is no such text; the line is named.
    """
    space: Space = {}
    for statement in _statements(text):
        line = statement.lineno
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        name = _name(targets[0]) if len(targets) == 1 else ""
        if not name or not isinstance(statement, ast.Assign):
            raise _wrong(line, f"a line such as {EXAMPLE}", ast.unparse(statement)[:60])
        if name in space:
            raise _wrong(line, f"{name} once", "it twice")
        call = statement.value
        try:
            space[name] = build(_in_a_list(call), Distribution)
        except SpecificationError as error:
            error.where = f"space, {error.where}"
            raise
    if not space:
        raise SpecificationError("space", expected=f"lines such as {EXAMPLE}", received="none")
    return space


def format_space(space: Mapping[str, Distribution]) -> str:
    """The text that ``parse_space`` reads back."""
    return "".join(f"{name} = {distribution!r}\n" for name, distribution in space.items())


def holds(space: Mapping[str, Distribution], parameters: Mapping[str, Value]) -> bool:
    """Whether these are values that the space holds, one for each of its settings."""
    return parameters.keys() == space.keys() and all(
        space[name].contains(value) for name, value in parameters.items()
    )


def word(value: Value) -> str:
    """A value as it is written in a search space."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def combinations(space: Space, points: int) -> Iterable[Parameters]:
    """Every combination of the values of a grid; the last setting varies fastest."""
    axes = [distribution.grid(points) for distribution in space.values()]
    return (dict(zip(space, values, strict=True)) for values in itertools.product(*axes))


def _statements(text: str) -> list[ast.stmt]:
    if len(text) > MAX_TEXT:
        expected = f"at most {MAX_TEXT:,} characters"
        raise SpecificationError("space", expected=expected, received=f"{len(text):,}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        shown = (getattr(error, "text", None) or "").strip()
        received = f"{shown[:60]!r}" if shown else str(error)
        raise _wrong(line, f"a line such as {EXAMPLE}", received) from None


def _name(target: ast.expr) -> str:
    """A name, or a name of a name; "" for anything else."""
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        return f"{target.value.id}.{target.attr}"
    return target.id if isinstance(target, ast.Name) else ""


def _in_a_list(call: ast.expr) -> ast.expr:
    """The call with the values of a choice as the one list that its dataclass holds."""
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
        if call.func.id == "choice" and not call.keywords:
            call.args = [ast.List(call.args, ast.Load())]
    return call


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shares(points: int) -> list[float]:
    return [place / (points - 1) for place in range(points)] if points > 1 else [0.5]


def _require(fits: bool, where: str, expected: str, received: str) -> None:
    if not fits:
        raise SpecificationError(where, expected=expected, received=received)


def _wrong(line: int, expected: str, received: str) -> SpecificationError:
    where = f"space, line {line}"
    return SpecificationError(where, expected=expected, received=received, line=line)
