"""The examples of the docstrings run, and give what they say they give."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cnnlib
import data

PROGRAMS = {"cnnlib.rank_main"}  # a module that is only ever run


def modules() -> list[str]:
    found = [cnnlib.__name__, data.__name__]
    for package in (cnnlib, data):
        found += [
            module.name
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
            if module.name not in PROGRAMS
        ]
    return found


@pytest.mark.parametrize("name", modules())
def test_every_example_runs(name: str) -> None:
    module = importlib.import_module(name)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(module, optionflags=options)
    assert not result.failed, f"{result.failed} of {result.attempted} examples in {name}"


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    examples = [
        example
        for name in modules()
        for test in finder.find(importlib.import_module(name))
        for example in test.examples
    ]
    assert len(examples) > 50
