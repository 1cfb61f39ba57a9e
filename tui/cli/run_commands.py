"""What runs there are: list, show, compare."""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, find_run, print_json

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run, RunSummary

KEYS = ("started", "name", "state", "data", "valid", "test", "seconds", "size")

ARCHITECTURE = "model.architecture"
HEADS = {"train_loss": "loss", "valid_loss": "valid loss", "valid_accuracy": "valid acc"}
MOST_EPOCHS = 20  # that a person is told of

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
    from tui.cli.tables import percent, print_table

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
                _in_one_line("  ".join([*(f"#{tag}" for tag in each.tags), each.note])),
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
            print(f"{name}: {_readable(name, value)}")
    print(f"disk: {disk_use(found) / 1e6:.1f} MB")
    print(f"epochs to fork from: {', '.join(map(str, kept_epochs(found))) or 'none'}")
    for table in ("data", "model", "training"):
        print(f"\n[{table}]")
        for name, value in description.get(table, {}).items():
            text = _readable(name, value)
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
    first, second = find_run(run, runs), find_run(other, runs)
    if out is not None:
        _draw(first, second, out)
    told = [_compared(each) for each in (first, second)]
    differences = {
        name: [told[0].get(name), told[1].get(name)]
        for name in told[0] | told[1]
        if told[0].get(name) != told[1].get(name)
    }
    courses = [_course(each) for each in (first, second)]
    if as_json:
        told_of = {"runs": [first.id, second.id], "differences": differences, "epochs": courses}
        print_json(told_of)
        return DONE
    print(f"A {first.id}\nB {second.id}\n")
    _print_comparison(differences, courses)
    if out is not None:
        print(f"\n{out} shows both")
    return DONE


def _print_comparison(
    differences: dict[str, list[Any]], courses: list[list[dict[str, Any]]]
) -> None:
    """What differs, and some of the epochs side by side, as wide as the terminal."""
    from tui.cli.tables import print_table

    room = shutil.get_terminal_size().columns - max(map(len, differences), default=0) - 4
    print_table(
        ("", "A", "B"),
        [
            (name, *(_cut(_readable(name, value), max(room // 2, 8)) for value in pair))
            for name, pair in differences.items()
            if name != ARCHITECTURE
        ],
    )
    for line in _changed_layers(*differences.get(ARCHITECTURE, ("", ""))):
        print(line)
    print()
    known = [{row["epoch"]: row for row in course} for course in courses]
    epochs = sorted(known[0].keys() | known[1].keys())
    apart = -(-len(epochs) // MOST_EPOCHS)
    told = [epoch for i, epoch in enumerate(epochs) if (len(epochs) - 1 - i) % max(apart, 1) == 0]
    for names in _side_by_side(shutil.get_terminal_size().columns):
        print_table(
            ("epoch", *(f"{HEADS[name]} {letter}" for name in names for letter in "AB")),
            [
                (epoch, *(_number(r.get(epoch, {}).get(name)) for name in names for r in known))
                for epoch in told
            ],
        )
    if apart > 1:
        print(f"one epoch in {apart}; --json tells all {len(epochs)}")


def _side_by_side(columns: int) -> list[list[str]]:
    """What is told of the epochs, as much in one table as stands beside each other."""
    tables: list[list[str]] = [[]]
    room = columns - len("epoch")
    for name, head in HEADS.items():
        width = 2 * (len(head) + 4)  # two letters and what parts them
        if tables[-1] and width > room:
            tables.append([])
            room = columns - len("epoch")
        tables[-1].append(name)
        room -= width
    return tables


def _course(run: Run) -> list[dict[str, Any]]:
    """What the journal says of each epoch."""
    from cnnlib.runs.history import RunHistory
    from tui.experiment.evaluation import epoch_rows

    return [
        {name: value if _is_finite(value) else None for name, value in row.items()}
        for row in epoch_rows(RunHistory.read(run))
    ]


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _draw(first: Run, second: Run, out: Path) -> None:
    from cnnlib.figures.compare import overlay
    from cnnlib.figures.files import check_format, save
    from cnnlib.runs.history import RunHistory

    check_format(out.suffix.lstrip(".") or "none")
    epochs = {run.id: RunHistory.read(run).epochs() for run in (first, second)}
    save(overlay(epochs), out)


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


def _readable(name: str, value: object) -> str:
    """A value as a person wants to read it; nothing where there is none."""
    if value is None:
        return ""
    if name == "started" and isinstance(value, float):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value))
    if isinstance(value, float):
        return f"{value:.2%}" if name.endswith("accuracy") else f"{value:.4g}"
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return str(value).rstrip()


def _cut(text: str, widest: int) -> str | None:
    """A text as a cell of a table."""
    line = _in_one_line(text)
    return line if not line or len(line) <= widest else line[: widest - 3] + "..."


def _changed_layers(first: str | None, second: str | None) -> Iterator[str]:
    """Where two networks differ, layer by layer."""
    import difflib

    told = list(difflib.ndiff((first or "").splitlines(), (second or "").splitlines()))
    if told and first != second:
        yield "\nnetworks (- A, + B):"
        yield from (line.rstrip() for line in told if not line.startswith("?"))


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
