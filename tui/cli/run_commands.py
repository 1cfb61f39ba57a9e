"""What runs there are: list, show, compare, delete."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, find_run, print_json

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run, RunSummary

commands = typer.Typer(
    help="What runs there are: list, show, compare, delete.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@commands.command("list")
def list_all(runs: Runs = DEFAULT_RUNS, as_json: Json = False) -> int:
    """All runs, the newest first, also the damaged ones."""
    from cnnlib.runs.directory import list_runs

    found = list_runs(runs)
    if as_json:
        print_json([_plain(summary) for summary in found])
        return DONE
    if not found:
        print(f"no run in {runs} yet. Begin one: cnn-tui train")
        return DONE
    from tui.cli.tables import percent, print_table

    print_table(
        ("run", "state", "data", "epochs", "valid", "test", "seconds", "note"),
        [
            (
                each.id,
                each.state,
                each.data,
                f"{each.epoch}/{each.epochs}",
                percent(each.valid_accuracy),
                percent(each.test_accuracy),
                f"{each.seconds:.1f}",
                each.note,
            )
            for each in found
        ],
    )
    return DONE


@commands.command("show")
def show(run: RunWords, runs: Runs = DEFAULT_RUNS, as_json: Json = False) -> int:
    """What a run was asked to do, and what became of it."""
    from cnnlib.runs.directory import summary

    found = find_run(run, runs)
    description, told = found.description(), _plain(summary(found))
    if as_json:
        print_json({"summary": told, "description": description})
        return DONE
    for name, value in told.items():
        if name != "architecture" and value not in (None, ""):
            print(f"{name}: {value}")
    for table in ("data", "model", "training"):
        print(f"\n[{table}]")
        for name, value in description.get(table, {}).items():
            text = str(value).rstrip()
            print(f"{name}:\n{_indented(text)}" if "\n" in text else f"{name}: {text}")
    return DONE


@commands.command("compare")
def compare(
    run: RunWords,
    other: Annotated[str, typer.Argument(metavar="RUN", help="The run to compare with.")],
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Where the settings of two runs differ, and their results side by side."""
    first, second = find_run(run, runs), find_run(other, runs)
    told = [_compared(each) for each in (first, second)]
    differences = {
        name: [told[0].get(name), told[1].get(name)]
        for name in told[0] | told[1]
        if told[0].get(name) != told[1].get(name)
    }
    if as_json:
        print_json({"runs": [first.id, second.id], "differences": differences})
        return DONE
    from tui.cli.tables import print_table

    print_table(
        ("", first.id, second.id),
        [(name, *map(_in_one_line, pair)) for name, pair in differences.items()],
    )
    return DONE


@commands.command("delete")
def delete(run: RunWords, runs: Runs = DEFAULT_RUNS) -> int:
    """Delete the directory of a run; refused while a trainer is at work on it."""
    from cnnlib.runs.lock import RunLock

    found = find_run(run, runs)
    with RunLock(found):
        shutil.rmtree(found.path)
    print(f"{found.path} is deleted")
    return DONE


def _plain(summary: RunSummary) -> dict[str, Any]:
    return dataclasses.asdict(summary) | {"path": str(summary.path)}


def _compared(run: Run) -> dict[str, Any]:
    """Settings and results of a run in one table."""
    from cnnlib.runs.directory import summary

    description, told = run.description(), _plain(summary(run))
    settings = {
        f"{table}.{name}": value
        for table in ("data", "model", "training")
        for name, value in description.get(table, {}).items()
    }
    results = ("state", "epoch", "valid_accuracy", "test_accuracy", "seconds")
    return settings | {name: told[name] for name in results}


def _in_one_line(value: object) -> str | None:
    return None if value is None else " | ".join(str(value).split("\n")).rstrip(" |")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
