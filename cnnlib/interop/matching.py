"""Which array of a file is which array of a network.

Where all names of the network stand in the file, names decide. Otherwise arrays are taken module
by module ("fc1" with its weight and bias), and a module of the file belongs to the layer with
arrays of the same names and shapes. Several with the same shapes go in the order of the numbers
in their names; where names differ in more than numbers, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from cnnlib.arrays import Shape
from cnnlib.errors import CheckpointError

_LISTED = 6
_COUNTER = "num_batches_tracked"
_Signature = frozenset[tuple[str, Shape]]


class Matching(NamedTuple):
    """What belongs together.

    Attributes:
        by: what decided.
        names: the array of the file for each array of the network.
    """

    by: Literal["name", "shape"]
    names: dict[str, str]


def match(own: Mapping[str, Shape], theirs: Mapping[str, Shape], where: str) -> Matching:
    """The array of a file for each array of a network; none may be left over on either side.

    Args:
        own: shapes by name, in the order of the layers.
        theirs: shapes by name, in any order.
        where: the file, for errors.

    Raises:
        CheckpointError: they do not fit; it lists what has no counterpart.
    """
    theirs = {name: shape for name, shape in theirs.items() if not name.endswith(_COUNTER)}
    if own.keys() <= theirs.keys():  # all or none: "conv1" alone could be their first or second
        wrong = [name for name in own if own[name] != theirs[name]]
        extra = [name for name in theirs if name not in own]
        if wrong or extra:
            raise _do_not_fit(where, own, theirs, wrong, [*wrong, *extra])
        return Matching("name", {name: name for name in own})
    layers, modules = _grouped(own), _grouped(theirs)
    if layers.keys() != modules.keys() or any(
        len(layers[shapes]) != len(modules[shapes]) for shapes in layers
    ):
        raise _do_not_fit(where, own, theirs, _over(layers, modules), _over(modules, layers))
    names: dict[str, str] = {}
    for shapes, group in layers.items():
        candidates = sorted(modules[shapes], key=_natural)
        _require_an_order(where, group, candidates)
        for layer, module in zip(group, candidates, strict=True):
            names |= {_join(layer, leaf): _join(module, leaf) for leaf, _ in shapes}
    return Matching("shape", {name: names[name] for name in own})


def _grouped(shapes: Mapping[str, Shape]) -> dict[_Signature, list[str]]:
    """The modules by what their arrays are called and shaped."""
    modules: dict[str, set[tuple[str, Shape]]] = {}
    for name, shape in shapes.items():
        module, _, leaf = name.rpartition(".")
        modules.setdefault(module, set()).add((leaf, shape))
    groups: dict[_Signature, list[str]] = {}
    for module, content in modules.items():
        groups.setdefault(frozenset(content), []).append(module)
    return groups


def _over(
    groups: Mapping[_Signature, list[str]], others: Mapping[_Signature, list[str]]
) -> list[str]:
    """The arrays of modules of which there are not as many on the other side."""
    return [
        _join(module, leaf)
        for shapes, modules in groups.items()
        if len(others.get(shapes, ())) != len(modules)
        for module in modules
        for leaf, _ in sorted(shapes, reverse=True)  # weight before bias
    ]


def _join(module: str, leaf: str) -> str:
    return f"{module}.{leaf}" if module else leaf


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts "conv10" behind "conv9"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _parts(name)]


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"([0-9]+)", name) if part]


def _require_an_order(where: str, layers: list[str], modules: list[str]) -> None:
    """Refuse modules of equal shapes whose names differ in more than numbers, and layers of which
    one stands in a shortcut: no order of names says which that is.
    """
    patterns = {re.sub(r"[0-9]+", "0", module) for module in modules}
    sides = {"shortcut" in layer.split(".") for layer in layers}
    if len(patterns) > 1 or len(sides) > 1:
        raise CheckpointError(
            where,
            expected=f"names that tell which of its arrays are those of {_listed(layers)}",
            received=f"{_listed(modules)}, all of the same shapes",
            advice="Rename them as this network calls them.",
        )


def _do_not_fit(
    where: str,
    own: Mapping[str, Shape],
    theirs: Mapping[str, Shape],
    missing: Iterable[str],
    extra: Iterable[str],
) -> CheckpointError:
    return CheckpointError(
        where,
        expected="the weights of this architecture, with "
        + (_listed(f"{name} {own[name]}" for name in missing) or "nothing more"),
        received=_listed(f"{name} {theirs[name]}" for name in extra) or "nothing in their place",
        advice="Give the architecture that they were trained with.",
    )


def _listed(words: Iterable[str]) -> str:
    found = list(words)
    more = len(found) - _LISTED
    return ", ".join(found[:_LISTED]) + (f" and {more} more" if more > 0 else "")
