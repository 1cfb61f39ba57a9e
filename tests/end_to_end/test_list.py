"""The list of what is tried names tests that exist, and has no row without one or a reason."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
LIST = (HERE / "README.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_exists() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in HERE.parent.rglob("test_*.py"))
    files = {path.name for path in HERE.parent.rglob("test_*.py")}
    for name in re.findall(r"`(test_\w+(?:\.py)?)`", LIST):
        assert name in files or f"def {name}(" in sources, name


def test_every_row_says_something() -> None:
    rows = re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", LIST, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 33))
    assert all(len(said) > 20 for _, said in rows)
