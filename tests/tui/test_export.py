"""The export dialog: which figures, which format, where to; the screen itself; the paths copied."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyte
import pytest
from pane_driver import an_app, pressed, until
from textual.widgets import Input, Static

from tui.app.app import CnnTuiApp
from tui.reports.figures import DRAWN
from tui.screens import export
from tui.screens.export import FIGURES, ExportScreen
from tui.terminal.abilities import Terminal
from tui.terminal.capturing import as_ansi, as_text, strips_of

WRITER = """
import pathlib, sys
words = sys.argv[1:]
folder = pathlib.Path(words[words.index("--out") + 1])
folder.mkdir(parents=True, exist_ok=True)
for name in words[words.index("--only") + 1].split(","):
    path = folder / f"{name}.{words[words.index('--format') + 1]}"
    path.write_text("drawn")
    print(path, flush=True)
"""


@pytest.fixture(autouse=True)
def _quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that writes what it is asked for; the real one is run by the end-to-end tests."""
    real = export.figures_command

    def command(*asked: Any) -> list[str]:
        words = real(*asked)
        return [words[0], "-c", WRITER, *words[3:]]

    monkeypatch.setattr(export, "figures_command", command)


def said(app: CnnTuiApp) -> str:
    return str(app.screen.query_one("#said", Static).content)


async def test_the_figures_that_are_marked_are_written_where_it_is_wanted(
    runs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder" / ("of a long name " * 6).strip()
    async with an_app(runs, "train") as (app, pilot):
        await pressed(pilot, "e", "a", "space", "j", "space", "f")  # none, curves, confusion; svg
        app.screen.query_one(Input).value = str(folder)
        await pressed(pilot, "enter")
        await until(pilot, lambda: "paths are copied" in said(app))
        paths = [folder / "curves.svg", folder / "confusion.svg"]
        assert sorted(folder.iterdir()) == sorted(paths)
        assert app.clipboard == "\n".join(map(str, paths))
        assert "2 files: curves.svg, confusion.svg" in said(app)
        assert str(folder) in said(app)
        await pressed(pilot, "escape")
        assert not isinstance(app.screen, ExportScreen)


def test_the_dialog_offers_all_figures_there_are() -> None:
    assert list(FIGURES) == list(DRAWN)


async def test_at_first_all_figures_are_marked(runs: Path) -> None:
    async with an_app(runs, "train") as (app, pilot):
        await pressed(pilot, "e", "enter")
        await until(pilot, lambda: "paths are copied" in said(app))
        run = app.session.run
        assert run is not None
        assert {path.stem for path in run.figures.iterdir()} == set(FIGURES)


async def test_the_screen_is_captured_in_three_forms_without_the_dialog(
    runs: Path, tmp_path: Path
) -> None:
    async with an_app(runs, "train") as (app, pilot):
        shown = strips_of(app.screen)
        await pressed(pilot, "e", "a", "G", "space")
        app.screen.query_one(Input).value = str(tmp_path / "out")
        await pressed(pilot, "enter")
        await until(pilot, lambda: "paths are copied" in said(app))
    text, ansi, svg = (
        (tmp_path / "out" / f"screen-train.{kind}").read_text() for kind in ("txt", "ansi", "svg")
    )
    assert "Loss" in text
    assert "Export of" not in text
    assert len(text.splitlines()) == 24
    assert as_text(shown).splitlines()[1:20] == text.splitlines()[1:20]
    screen = pyte.Screen(80, 25)
    pyte.Stream(screen).feed(ansi.replace("\n", "\r\n"))
    assert [line.rstrip() for line in screen.display][:24] == text.splitlines()
    assert as_ansi(shown).count("\n") == 24
    drawn = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")
    assert "Accuracy" in drawn


async def test_without_a_run_the_screen_alone_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with an_app(tmp_path / "runs", attach=False) as (app, pilot):
        await pressed(pilot, "e", "enter")
        assert (tmp_path / "screen-data.txt").exists()
        await pressed(pilot, "escape", "e", "space", "enter")
        assert "nothing is marked" in said(app)


async def test_a_folder_that_cannot_be_written_is_said(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    async with an_app(runs, "train") as (app, pilot):
        await pressed(pilot, "e", "G", "space")
        app.screen.query_one(Input).value = str(tmp_path / "file")
        await pressed(pilot, "enter")
        assert "cannot write into" in said(app)


async def test_paths_are_copied_with_osc_52(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_app(runs, "train", terminal=Terminal()) as (app, pilot):
        written: list[str] = []
        driver: Any = app._driver
        monkeypatch.setattr(driver, "write", written.append)
        await pressed(pilot, "e", "a", "space", "enter")
        await until(pilot, lambda: "paths are copied" in said(app))
        run = app.session.run
        assert run is not None
        path = base64.b64encode(str(run.figures / "curves.png").encode()).decode()
        assert f"\x1b]52;c;{path}\a" in written
