"""A run told on one page, from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cnnlib.runs.directory import Run
from tui.cli import run as command


@pytest.fixture
def told(runs: Path) -> Run:
    """A run that was trained, in a folder of its own."""
    return Run(next(runs.iterdir()))


def report(run: Run, *words: str) -> int:
    return command(["report", run.id, "--runs", str(run.path.parent), *words])


def test_html_is_one_file_that_tells_all(told: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(told) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == told.path / "report.html"
    page = path.read_text(encoding="utf-8")
    description = told.description()
    for words in (
        description["data"]["sha256"],
        description["run"]["versions"]["numpy"],
        description["training"]["optimizer"],
        str(told.description_path),
        *(f"<h2>{part}" for part in ("Training", "Confusion matrix", "Classes", "Confidence")),
        *(f"<h2>{part}" for part in ("Worst mistakes", "Feature maps", "Network", "Repeat it")),
        *(f"<h2>{part}" for part in ("Settings", "Data", "Made with")),
    ):
        assert words in page
    content = json.loads(told.report_path.read_text())
    assert f"<b>{100 * content['accuracy']:.2f} %</b>" in page
    assert page.count("<img") == 30 + 1 + 8 + 16  # mistakes, the image, maps of two layers
    assert len(page) < 500_000


def test_markdown_shows_its_figures(
    told: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "about.md"
    assert report(told, "--out", str(path), "--json") == 0
    paths = [Path(each) for each in json.loads(capsys.readouterr().out)]
    assert paths[0] == path
    text = path.read_text(encoding="utf-8")
    shown = [path.parent / name for name in re.findall(r"\]\(<([^>]+)>\)", text)]
    assert {each.resolve() for each in shown} == {each.resolve() for each in paths[1:]}
    assert {each.stem for each in shown} >= {"curves", "confusion", "mistakes"}
    assert any(each.stem.startswith("feature-maps-") for each in shown)
    assert all(each.read_bytes().startswith(b"\x89PNG") for each in shown)
    for words in (told.description()["data"]["sha256"], "## Made with", "cnn-tui train --config"):
        assert words in text


def test_without_a_file_name_markdown_goes_into_the_run(told: Run) -> None:
    assert report(told, "--format", "md") == 0
    assert "](<figures/confusion.png>)" in told.report_markdown_path.read_text(encoding="utf-8")


def test_a_run_without_a_report_is_measured(told: Run) -> None:
    told.report_path.unlink()
    assert report(told, "--format", "html") == 0
    assert "Worst mistakes" in (told.path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "pdf"), "html or md"),
        (("--out", "x.docx"), "html or md"),
        (("--sample", "100000"), "from 0 to 999"),
    ],
)
def test_other_words_are_refused(
    told: Run, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(told, *words) == 2
    assert said in capsys.readouterr().err
    assert not (told.path / "report.html").exists()


def test_a_run_that_has_just_begun_has_no_page(make_run, capsys) -> None:
    fake = make_run()
    fake.begin()
    assert report(fake.run) == 1
    assert capsys.readouterr().err.count("\n") == 1
