"""What can be done with runs as things: label, fork, delete, restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui.cli.exits import DONE
from tui.cli.options import DEFAULT_RUNS, Json, Runs, RunWords, find_run, print_json

if TYPE_CHECKING:
    from cnnlib.runs.directory import Run


def rename(
    run: RunWords,
    name: Annotated[str, typer.Argument(metavar="NAME", help="How to show it from now on.")],
    runs: Runs = DEFAULT_RUNS,
) -> int:
    """Show a run under another name; the name of its directory stays."""
    from cnnlib.runs import labels

    found = find_run(run, runs)
    labels.rename(found, name)
    print(f"{found.id} is shown as {name.strip()}")
    return DONE


def note(
    run: RunWords,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The note; empty removes it.")],
    runs: Runs = DEFAULT_RUNS,
) -> int:
    """Write a note on a run."""
    from cnnlib.runs import labels

    found = find_run(run, runs)
    labels.annotate(found, text)
    print(f"{found.id}: {text.strip() or 'no note'}")
    return DONE


def tag(
    run: RunWords,
    tags: Annotated[
        list[str], typer.Argument(metavar="TAG...", help="Single words; commas part them too.")
    ],
    remove: Annotated[bool, typer.Option("--remove", help="Remove them instead.")] = False,
    runs: Runs = DEFAULT_RUNS,
) -> int:
    """Put tags on a run, or remove them."""
    from cnnlib.runs import labels

    found = find_run(run, runs)
    words = labels.tags_in(" ".join(tags)) or tags  # nothing but commas is refused as it is
    left = labels.tag(found, () if remove else words, words if remove else ())
    print(f"{found.id}: {' '.join(left) or 'no tag'}")
    return DONE


def fork(
    run: RunWords,
    epoch: Annotated[
        int | None, typer.Option(metavar="N", help="After which epoch; the last kept by default.")
    ] = None,
    lr: Annotated[
        float | None, typer.Option("--lr", metavar="X", help="Main rate of its schedule.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="Epochs in all.")] = None,
    schedule: Annotated[str | None, typer.Option(metavar="CALL", help="Its schedule.")] = None,
    augment: Annotated[str | None, typer.Option(metavar="CALLS", help="Its augmentation.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Its seed from there on.")] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="Ends the name of it.")] = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Make a new run that goes on after an epoch of another one; resume it to train it."""
    from tui.experiment import fork as make

    found = find_run(run, runs)
    changes = {
        "lr": lr,
        "epochs": epochs,
        "schedule": schedule,
        "augment": augment,
        "seed": seed,
    }
    made = make(found, _beside(found, runs), epoch, name, **changes)
    if as_json:
        print_json({"run": made.id, "path": str(made.path), "forked_from": found.id})
    else:
        print(f"{made.id} goes on from there. Train it: cnn-tui resume {made.id}")
    return DONE


def delete(
    run: RunWords,
    forever: Annotated[
        bool, typer.Option("--forever", help="At once, instead of into the trash.")
    ] = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Move a run to the trash; refused while a trainer is at work on it."""
    import shutil

    from cnnlib.runs import trash

    found = find_run(run, runs)
    place = trash.delete(found)
    if forever:
        shutil.rmtree(place)
    if as_json:
        print_json({"run": found.id, "trash": None if forever else str(place)})
    elif forever:
        print(f"{found.path} is deleted for good")
    else:
        print(f"{found.id} is in the trash. Undo it: cnn-tui runs restore {place.name}")
    return DONE


def restore(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="The last deleted by default.")
    ] = None,
    runs: Runs = DEFAULT_RUNS,
) -> int:
    """Take a deleted run out of the trash."""
    from cnnlib.runs import trash

    print(f"{trash.restore(runs, run).id} is back")
    return DONE


def empty_trash(runs: Runs = DEFAULT_RUNS) -> int:
    """Delete for good what is in the trash."""
    from cnnlib.runs import trash

    count = trash.empty(runs)
    print(f"{count} deleted for good")
    return DONE


def _beside(run: Run, runs: Path) -> Path:
    """The directory of runs that a run is in."""
    return run.path.parent if run.path.parent.exists() else runs


def add_to(commands: typer.Typer) -> None:
    """Add these to the commands for runs."""
    for function in (rename, note, tag, fork, delete, restore):
        commands.command(function.__name__)(function)
    commands.command("empty-trash")(empty_trash)
