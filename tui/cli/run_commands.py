"""What runs there are: list, show, compare."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, find_run, print_json
from tui.cli.tables import in_one_line, percent, print_table, readable

if TYPE_CHECKING:
    from cnnlib.runs.directory import RunSummary

KEYS = ("started", "name", "state", "data", "valid", "test", "seconds", "size")

commands = typer.Typer(
    help="What runs there are; label, fork, compare, delete and restore them.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@commands.command("list")
def list_all(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORDS]...", help="Only runs in whose line all of these stand."),
    ] = None,
    sort: Annotated[str, typer.Option(metavar="KEY", help=f"By {', '.join(KEYS)}.")] = "started",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="Only runs in this state.")
    ] = None,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Only runs with this tag.")] = None,
    trash: Annotated[bool, typer.Option("--trash", help="The deleted runs instead.")] = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """All runs, the newest first, also the damaged ones; with words, a state or a tag, some."""
    from cnnlib.errors import SpecificationError
    from cnnlib.runs import directory
    from cnnlib.runs.trash import disk_use, trashed

    if sort not in KEYS:
        raise SpecificationError("sort", expected=f"one of {', '.join(KEYS)}", received=repr(sort))
    every = (
        [directory.summary(run) for run in trashed(runs)] if trash else directory.list_runs(runs)
    )
    found = [
        each
        for each in every
        if each.has(" ".join(words or ())) and state in (None, each.state)
        if tag is None or tag in each.tags
    ]
    sizes = {each.path: disk_use(directory.Run(each.path)) for each in found}
    if sort == "size":
        found.sort(key=lambda each: sizes[each.path], reverse=not reverse)
    elif not (trash and sort == "started"):  # the trash lists the last deleted first
        found = directory.sort(found, sort, reverse=reverse)
    if as_json:
        print_json([_plain(each) | {"bytes": sizes[each.path]} for each in found])
        return DONE
    if not found:
        print(_none(runs, bool(every), trash))
        return DONE
    print_table(
        ("run", "name", "state", "data", "epochs", "valid", "test", "seconds", "MB", "tags, note"),
        [
            (
                each.id,
                each.name,
                each.state,
                each.data,
                f"{each.epoch}/{each.epochs}",
                percent(each.valid_accuracy),
                percent(each.test_accuracy),
                f"{each.seconds:.1f}",
                f"{sizes[each.path] / 1e6:.1f}",
                in_one_line("  ".join([*(f"#{tag}" for tag in each.tags), each.note])),
            )
            for each in found
        ],
    )
    print(f"{len(found)} of {len(every)}, {sum(sizes.values()) / 1e6:.1f} MB")
    return DONE


def _none(runs: Path, others: bool, trash: bool) -> str:
    """Why nothing is listed."""
    if others:
        return "no such run"
    return (
        f"nothing in the trash of {runs}"
        if trash
        else (f"no run in {runs} yet. Begin one: cnn-tui train")
    )


@commands.command("show")
def show(run: RunWords, runs: Runs = DEFAULT_RUNS, as_json: Json = False) -> int:
    """What a run was asked to do, and what became of it."""
    from cnnlib.runs.directory import summary
    from cnnlib.runs.trash import disk_use
    from tui.experiment.checkpoints import kept_epochs

    found = find_run(run, runs)
    description, told = found.description(), _plain(summary(found))
    if as_json:
        print_json({"summary": told, "description": description, "bytes": disk_use(found)})
        return DONE
    for name, value in told.items():
        if name != "architecture" and value not in (None, "", ()):
            print(f"{name}: {readable(name, value)}")
    print(f"disk: {disk_use(found) / 1e6:.1f} MB")
    print(f"epochs to fork from: {', '.join(map(str, kept_epochs(found))) or 'none'}")
    for table in ("data", "model", "training"):
        print(f"\n[{table}]")
        for name, value in description.get(table, {}).items():
            text = readable(name, value)
            print(f"{name}:\n{_indented(text)}" if "\n" in text else f"{name}: {text}".rstrip())
    return DONE


@commands.command("compare")
def compare(
    run: RunWords,
    other: Annotated[str, typer.Argument(metavar="RUN", help="The run to compare with.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw both courses over each other: .png, .svg, .pdf."),
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Where the settings of two runs differ, their results and their epochs side by side."""
    from tui.cli import comparison

    first, second = find_run(run, runs), find_run(other, runs)
    if out is not None:
        comparison.draw(first, second, out)
    differences = comparison.differences(first, second)
    courses = [comparison.course(each) for each in (first, second)]
    if as_json:
        print_json({"runs": [first.id, second.id], "differences": differences, "epochs": courses})
        return DONE
    print(f"A {first.id}\nB {second.id}\n")
    comparison.print_comparison(differences, courses)
    if out is not None:
        print(f"\n{out} shows both")
    return DONE


def _plain(summary: RunSummary) -> dict[str, Any]:
    return dataclasses.asdict(summary) | {"path": str(summary.path)}


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
