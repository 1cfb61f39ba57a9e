"""What data there is: list, show, fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tui.cli.exits import DONE
from tui.cli.options import Json, Resize, print_json

if TYPE_CHECKING:
    from data import Description, Entry

commands = typer.Typer(
    help="What data there is: list, show, fetch.", rich_markup_mode=None, no_args_is_help=True
)
NameOrPath = Annotated[
    str, typer.Argument(metavar="NAME|PATH", help="A name of the catalogue, or a path.")
]


@commands.command("list")
def list_data(as_json: Json = False) -> int:
    """The data sets that are known by name, and where each of them is."""
    from data import catalogue

    entries = catalogue()
    if as_json:
        print_json(
            [
                {
                    "name": entry.name,
                    "title": entry.title,
                    "train": entry.train,
                    "test": entry.test,
                    "image_shape": list(entry.image_shape),
                    "classes": list(entry.classes),
                    "licence": entry.licence,
                    "citation": entry.citation,
                    "verification": entry.verification,
                    "download_bytes": entry.download_bytes,
                    "state": entry.state,
                }
                for entry in entries
            ]
        )
        return DONE
    from tui.cli.tables import print_table

    print_table(
        ("name", "train", "test", "image", "classes", "where"),
        [
            (
                entry.name,
                f"{entry.train:,}",
                f"{entry.test:,}",
                "x".join(map(str, entry.image_shape)),
                len(entry.classes),
                _where(entry),
            )
            for entry in entries
        ],
    )
    return DONE


@commands.command("show")
def show_data(
    name: NameOrPath,
    split_seed: Annotated[int, typer.Option(metavar="N", help="Seed of a held-out test.")] = 0,
    resize: Resize = None,
    as_json: Json = False,
) -> int:
    """Shapes, types, classes, pixels, background and duplicates of a data set."""
    from data import describe, load, progress_bar
    from tui.settings.training import Settings

    size = Settings(resize=resize or "").image_size
    with progress_bar() as progress:
        dataset = load(name, seed=split_seed, size=size, progress=progress)
    description = describe(dataset)
    if as_json:
        about = {"licence": dataset.licence, "citation": dataset.citation}
        print_json(description.to_dict() | about)
    else:
        _print_description(description)
        for name, text in (("licence", dataset.licence), ("citation", dataset.citation)):
            if text:
                print(f"{name}: {text}")
    return DONE


@commands.command("fetch")
def fetch_data(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of the catalogue.")],
    as_json: Json = False,
) -> int:
    """Download a data set into the cache, verify it, and say where it is."""
    from data import fetch_named, progress_bar

    with progress_bar() as progress:
        folder = fetch_named(name, progress)
    if as_json:
        print_json({"name": name, "path": None if folder is None else str(folder)})
    else:
        print(f"{name}: {folder if folder is not None else 'comes with the installation'}")
    return DONE


def _where(entry: Entry) -> str:
    if entry.state != "to download":
        return entry.state
    return f"{entry.state}, {entry.download_bytes / 1e6:.0f} MB"


def _print_description(description: Description) -> None:
    from tui.cli.tables import percent, print_table

    channels, height, width = description.image_shape
    print(f"{description.title} ({description.name})")
    print(f"from {description.source}")
    print(f"images of {channels} x {height} x {width} (C x H x W), content {description.sha256}")
    print()
    splits = description.splits.join(description.pixels)
    print_table(
        ("split", "images", "pixels", "labels", "MB", "min", "max", "mean", "std", "background"),
        [
            (
                name,
                f"{row['images']:,}",
                row["dtype"],
                row["labels"],
                f"{row['megabytes']:.1f}",
                row["min"],
                row["max"],
                f"{row['mean']:.2f}",
                f"{row['std']:.2f}",
                f"{percent(row['background_share'])} are {row['background']}",
            )
            for name, row in splits.iterrows()
        ],
    )
    print()
    print_table(
        ("class", "train", "share", "test", "share"),
        [
            (
                name,
                f"{row['train']:,.0f}",
                percent(row["train_share"]),
                f"{row['test']:,.0f}",
                percent(row["test_share"]),
            )
            for name, row in description.counts.iterrows()
        ],
    )
    print()
    print_table(
        ("repeated images", "images", "of them with another label"),
        [
            (name, row["images"], row["other_label"])
            for name, row in description.duplicates.iterrows()
        ],
    )
