"""What a sweep is asked to do: the words of sweep.toml, checked before anything begins.

The folder of a sweep keeps them in one canonical form, with every setting spelled out. The same
command with the same words takes the sweep up again; only the number of trials may change.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from cnnlib.errors import SpecificationError
from cnnlib.runs import files
from cnnlib.runs.directory import SWEEP, slug
from cnnlib.text import parse
from tui.settings.checks import whole
from tui.settings.layering import architecture_text, layered, read_toml
from tui.settings.training import TABLES, Settings, values_of
from tui.sweep.applying import apply, require_fit
from tui.sweep.search import TPE, Pruning, Search
from tui.sweep.space import Parameters, Space, format_space, parse_space

WORDS = (
    "name", "trials", "search", "pruning", "objective", "seed", "seeds", "preset", "arch", "space",
)  # fmt: skip
OBJECTIVES = ("accuracy", "loss")


@dataclass(frozen=True)
class Sweep:
    """A sweep.

    Attributes:
        name: of its folder below the directory of runs.
        trials: how many are carried out in all.
        search: how their settings are chosen.
        pruning: which are ended early, or None.
        objective: what is compared: the best accuracy or the least loss of an epoch, both on the
            images held out to validate.
        seed: of the search.
        seeds: of the trainings: every trial is carried out once with each of them.
        settings: what is the same in all of them.
        network: the name of the network, where it does not vary; "" for a known one.
        space: what varies.
    """

    name: str
    trials: int
    search: Search
    pruning: Pruning | None
    objective: Literal["accuracy", "loss"]
    seed: int
    seeds: tuple[int, ...]
    settings: Settings
    network: str
    space: Space

    @property
    def most_epochs(self) -> int:
        """The epochs of the longest trial."""
        varied = self.space.get("epochs")
        ends = varied.grid(2) if varied else (self.settings.epochs,)
        return max(int(end) for end in ends if end is not None)

    def settings_of(self, parameters: Parameters, seed: int) -> tuple[Settings, str]:
        """The settings of one training of a trial, and the name of its network.

        Raises:
            SpecificationError: the parameters do not fit together.
        """
        varied = apply(self.settings, parameters)
        return replace(varied.settings, seed=seed), varied.network or self.network

    def to_tables(self) -> dict[str, Any]:
        """The canonical tables of sweep.toml."""
        tables = self.settings.to_description()
        if self.network:
            tables["model"]["name"] = self.network
        return {
            "name": self.name,
            "trials": self.trials,
            "search": repr(self.search),
            "pruning": repr(self.pruning) if self.pruning else "",
            "objective": self.objective,
            "seed": self.seed,
            "seeds": list(self.seeds),
            "space": format_space(self.space),
            **tables,
        }


def read_sweep(path: Path) -> Sweep:
    """The sweep that a file asks for.

    Raises:
        SpecificationError: it cannot be read, or a word of it is wrong.
    """
    try:
        return _sweep(read_toml(path), path.stem)
    except SpecificationError as error:
        if not error.where.startswith(str(path)):
            error.where = f"{path}: {error.where}"
        raise


def settle(sweep: Sweep, root: Path) -> Path:
    """Make the folder of a sweep, or find that it is the very same sweep which was begun there.

    Raises:
        SpecificationError: another sweep, or something else, has the folder.
        RunError: it cannot be made.
    """
    folder = root / sweep.name
    path = folder / SWEEP
    if path.exists():
        began = read_sweep(path)
        for word, there in began.to_tables().items():
            if word != "trials" and there != sweep.to_tables()[word]:
                raise SpecificationError(
                    str(folder),
                    expected=f"the {word} that the sweep began with ({_short(there)})",
                    received=_short(sweep.to_tables()[word]),
                    advice="Take the old words to go on, or another name to begin anew.",
                )
        if began == sweep:
            return folder
    elif folder.exists() and any(folder.iterdir()):
        advice = "Give the sweep another name."
        raise SpecificationError(
            str(folder), expected="a free folder", received="a full one", advice=advice
        )
    import tomli_w

    try:
        folder.mkdir(mode=files.PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as problem:
        raise files.not_written(folder, problem) from problem
    files.write_atomically(path, tomli_w.dumps(sweep.to_tables(), multiline_strings=True))
    return folder


def _sweep(words: Mapping[str, Any], stem: str) -> Sweep:
    for word in words:
        if word not in (*WORDS, *TABLES):
            raise _unknown(word)
    settings = _settings(words)
    space = parse_space(_text("space", words.get("space", "")))
    search = _call("search", words.get("search", "TPE()"), Search) or TPE()
    pruning = _call("pruning", words.get("pruning", ""), Pruning)
    objective = words.get("objective", "accuracy")
    if objective not in OBJECTIVES:
        expected = " or ".join(OBJECTIVES)
        raise SpecificationError("objective", expected=expected, received=repr(objective))
    require_fit(settings, space)
    size = search.size(space)
    trials = words.get("trials", size)
    if trials is None:
        raise SpecificationError(
            "trials", expected="how many trials", received="none", advice="Write trials = 24."
        )
    trials = whole(1, 1_000_000)("trials", trials)
    arch = words.get("arch")
    network = words.get("model", {}).get("name", "") if arch is None else Path(arch).stem
    return Sweep(
        name=slug(_text("name", words.get("name", stem))),
        trials=trials if size is None else min(trials, size),
        search=search,
        pruning=pruning,
        objective=objective,
        seed=whole(0)("seed", words.get("seed", 0)),
        seeds=_seeds(words.get("seeds", [settings.seed])),
        settings=settings,
        network=network,
        space=space,
    )


def _settings(words: Mapping[str, Any]) -> Settings:
    """What does not vary: a preset, the tables over it, the network over these."""
    values = values_of({table: words[table] for table in TABLES if table in words})
    arch = words.get("arch")
    if arch is not None:
        values["architecture"] = architecture_text(_text("arch", arch))
    values.setdefault("ranks", 1)
    settings = layered(preset=words.get("preset"), **values)
    if not settings.validation:
        raise SpecificationError(
            "validation",
            expected="a share of the training images by which trials are compared",
            received="0",
            advice="The test images are not for choosing settings.",
        )
    return settings


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise SpecificationError(name, expected="a text", received=repr(value)[:60])
    return value


def _call(name: str, text: Any, family: type[Any]) -> Any:
    """The object that a constructor call describes; None for nothing."""
    if not _text(name, text).strip():
        return None
    try:
        return parse(text, family)
    except SpecificationError as error:
        error.where = f"{name}: {error.where}"
        raise


def _seeds(value: Any) -> tuple[int, ...]:
    seeds = value if isinstance(value, list) else [value]
    if not seeds or len(set(map(repr, seeds))) < len(seeds):
        expected = "different whole numbers, such as [0, 1, 2]"
        raise SpecificationError("seeds", expected=expected, received=repr(value))
    return tuple(whole(0)("seeds", seed) for seed in seeds)


def _unknown(word: str) -> SpecificationError:
    known = (*WORDS, *(f"[{table}]" for table in TABLES))
    near = difflib.get_close_matches(word, [*WORDS, *TABLES], 1, 0.5)
    return SpecificationError(
        "a word",
        expected=f"one of {', '.join(known)}",
        received=repr(word),
        advice=f"Did you mean {near[0]!r}?" if near else "",
    )


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
