"""What the README says is so: its Python runs, its commands exist, its keys are the app's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tui.cli.program import program
from tui.keys.pages import readme_table

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(1, len(blocks("python"))))  # the first: below
def test_every_python_block_runs(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[number], f"README block {number}", "exec"), {})
    assert capsys.readouterr().out


def test_the_hand_written_loop_learns_in_less_than_ten_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    block = blocks("python")[0]
    loop = block[block.index("for epoch") : block.index("accuracy")].strip()
    assert len(loop.splitlines()) < 10
    exec(compile(block, "README", "exec"), {})
    found = re.search(r"test accuracy ([\d.]+)%", capsys.readouterr().out)
    assert found
    assert float(found[1]) > 93


def command_lines() -> list[list[str]]:
    """The words of every `cnn-tui` line of the shell blocks, without comments."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[line.index("cnn-tui") + 1 :] for line in words if "cnn-tui" in line]


def test_every_command_line_is_understood() -> None:
    lines = command_lines()
    assert len(lines) > 5
    root: Any = typer.main.get_command(program)
    for words in lines:
        with root.make_context("cnn-tui", list(words)) as context:
            if words:
                name, command, rest = root.resolve_command(context, list(words))
                command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("name", ["", *typer.main.get_command(program).commands])
def test_the_reference_names_every_option_at_its_command(name: str) -> None:
    """And no other; "" is the app. But for --runs, of which one sentence tells for all."""
    reference = next(block for block in blocks("text") if block.startswith("cnn-tui ["))
    entries = re.split(r"^(?=cnn-tui )", reference, flags=re.MULTILINE)
    start = f"cnn-tui {name} " if name else "cnn-tui ["
    own = [entry for entry in entries if entry.startswith(start)]
    assert own
    named = {option for entry in own for option in re.findall(r"--[a-z-]+", entry)}
    root: Any = typer.main.get_command(program)
    command = root.commands[name] if name else root
    commands = [command] if not name else getattr(command, "commands", {"": command}).values()
    options = {o for each in commands for p in each.params for o in p.opts if o.startswith("--")}
    hidden = {"--runs", "--help", "--version", "--install-completion", "--show-completion"}
    assert named - hidden == options - hidden


def test_the_keys_are_those_of_the_app() -> None:
    advice = "run python tests/end_to_end/capture_readme.py --keys"
    assert f"<!-- keys -->\n{readme_table()}<!-- end -->" in README, advice


def test_every_pane_is_shown() -> None:
    for name in ("data", "model", "train", "features", "evaluate", "mistakes", "runs"):
        assert re.search(rf"<!-- capture {name} -->\n```text\n.*?1 Data", README, re.DOTALL), name
