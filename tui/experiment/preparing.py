"""A run directory for settings that were found to fit together: data, network, training."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import data
from cnnlib.architectures import ARCHITECTURES, fitted
from cnnlib.checking import check
from cnnlib.errors import SpecificationError
from cnnlib.ranks.launcher import Launch
from cnnlib.runs import directory
from cnnlib.runs.directory import Run
from data import Dataset
from tui.experiment.assembly import assemble, cores
from tui.experiment.loading import divide, load_dataset
from tui.settings.training import Settings

VERSIONS_OF = ("cnn-tui", "numpy", "pandas", "safetensors")


def prepare(
    settings: Settings,
    root: Path,
    name: str = "",
    *,
    network: str = "",
    dataset: Dataset | None = None,
    command: Sequence[str] | None = None,
    launch: Launch | None = None,
    fill: Callable[[Run], None] = lambda draft: None,
) -> Run:
    """Check that data, network and training fit together, and make a run directory of them.

    Args:
        settings: what the training is asked to do.
        root: the directory in which runs are kept; made when it is not there.
        name: ends the name of the run's directory; that of the network when empty.
        network: what the network is called; when empty, as the known one that it is.
        dataset: the data set of the settings, where it is loaded already.
        command: the words that asked for the run; those of this process when absent.
        launch: the processes that will share the training, where a launcher started them. Their
            number is noted; the setting for this machine alone is left open.
        fill: writes into the directory what it must hold before anybody sees it.

    Raises:
        SpecificationError: something does not fit; nothing was written.
        DataError: the data cannot be loaded; nothing was written.
        RunError: the directory cannot be made.
    """
    if dataset is None:
        dataset = load_dataset(settings)
    network = network or _name_of(settings.architecture)
    settings = _settled(settings, dataset, launch)
    description = _description(settings, dataset, launch.size if launch else settings.ranks)
    words = shlex.join(["cnn-tui", *(command or sys.argv)[1:]])
    description["model"] = {"name": network, **description["model"]}
    origin: dict[str, Any] = {"command": words, **_git_commit(), "versions": _versions()}
    if launch:
        origin |= {"launcher": launch.launcher, "launched_ranks": launch.size}
    return directory.create(root, name or network, {"run": origin, **description}, fill)


def _name_of(architecture: str) -> str:
    known = (name for name, text in ARCHITECTURES.items() if text == architecture)
    return next(known, "cnn")


def _settled(settings: Settings, dataset: Dataset, launch: Launch | None) -> Settings:
    """The settings as they are written down: a path made absolute, a known network fitted, and
    the ranks of this machine counted, for another number of them would give other bits.
    """
    architecture = fitted(settings.architecture, len(dataset.classes))
    ranks = 0 if launch else settings.ranks_on(cores())
    settings = replace(settings, architecture=architecture, ranks=ranks)
    if settings.data not in {entry.name for entry in data.catalogue()}:
        settings = replace(settings, data=str(Path(settings.data).expanduser().resolve()))
    return settings


def _description(settings: Settings, dataset: Dataset, ranks: int) -> dict[str, dict[str, Any]]:
    """The tables of run.toml that repeat the run, and what was found."""
    splits = divide(dataset, settings)
    if settings.validation and (splits.valid is None or not len(splits.valid)):
        raise SpecificationError(
            "validation",
            expected=f"a share that holds out some of the {len(dataset.train)} training images",
            received=f"{settings.validation:g}, which holds out none",
            advice="0 is for none.",
        )
    found = check(settings.architecture, dataset.image_shape, len(dataset.classes))
    for diagnostic in found.diagnostics:
        if diagnostic.severity == "error":
            raise SpecificationError(
                diagnostic.where,
                expected=diagnostic.expected,
                received=diagnostic.received,
                advice=diagnostic.advice,
                line=diagnostic.line,
            )
    if settings.batch_size > len(splits.train):
        raise SpecificationError(
            "batch_size",
            expected=f"at most the {len(splits.train)} training images",
            received=str(settings.batch_size),
        )
    assemble("", replace(settings, ranks=ranks), splits)  # refuses what does not fit together
    description = settings.to_description()
    description["data"] |= {
        "title": dataset.title,
        "source": dataset.source,
        "sha256": dataset.sha256,
        "classes": list(dataset.classes),
        "train": len(splits.train),
        "valid": len(splits.valid) if splits.valid is not None else 0,
        "test": len(splits.test),
    }
    description["model"] |= {
        "input_shape": list(dataset.image_shape),
        "parameters": found.parameters,
        "multiply_adds": found.multiply_adds,
    }
    return description


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in VERSIONS_OF:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _git_commit() -> dict[str, str]:
    """The commit of the working directory, with "+" where it has changes; {} outside of git."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], capture_output=True, text=True, timeout=5, check=True
        ).stdout.strip()

    try:
        head = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"git": head + ("+" if changed else "")}
