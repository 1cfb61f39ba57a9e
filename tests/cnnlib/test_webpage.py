"""The page of a run: whole, self-contained, true to the report, whatever the names are."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnlib.model import Sequential
from cnnlib.report import Report, evaluate
from cnnlib.webpage import LayerMaps, Story, web_page
from cnnlib.webpage.charts import Axis, Line, chart
from cnnlib.webpage.pictures import coloured, picture

NAMES = ("cat", "<b>dog</b>", 'a "quoted" & owl')
VOID = {"meta", "img", "br", "line", "circle", "polyline", "polygon", "input"}


class Reader(HTMLParser):
    """What a page holds; an end tag that fits no open one is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def report_of(count: int = 90, classes: int = 3, seed: int = 0) -> Report:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    logits = rng.normal(size=(count, classes))
    logits[np.arange(count), labels] += 2
    probabilities = np.exp(logits)
    names = NAMES if classes == 3 else tuple(f"class {k}" for k in range(classes))
    return evaluate(probabilities / probabilities.sum(axis=1, keepdims=True), labels, names)


def story_of(report: Report, **other: Any) -> Story:
    rng = np.random.default_rng(1)
    model = Sequential.parse("Conv2d(40)\nReLU()\nFlatten()\nDense(3)", (1, 8, 8))
    image = rng.integers(0, 255, (1, 8, 8)).astype(np.uint8)
    steps = {"step": np.arange(1, 101), "loss": 1 / np.arange(1, 101), "accuracy": np.ones(100)}
    epochs = {
        "epoch": [1, 2], "step": [50, 100], "train_loss": [0.5, 0.1], "train_accuracy": [0.6, 0.9],
        "valid_loss": [0.4, None], "valid_accuracy": [0.8, None], "learning_rate": [1e-3, 1e-4],
        "is_best": [True, False],
    }  # fmt: skip
    options: dict[str, Any] = {
        "title": "a <run>",
        "summary": "of </style><script>alert(1)</script>",
        "facts": {"epochs": "2 of 2"},
        "steps": steps,
        "epochs": epochs,
        "layers": model.summary(),
        "mistakes": [image] * len(report.mistakes),
        "image": image,
        "caption": "a <7>",
        "maps": [LayerMaps("conv1", "Conv2d(40)", dict(model.activations(image))["conv1"])],
        "commands": {"Again:": "cnn-tui train --name '<x>'"},
        "settings": {"architecture": "Conv2d(40)\nReLU()"},
        "data": {"sha256": "ab" * 32},
        "versions": {"numpy": np.__version__},
    }
    return Story(**{**options, **other})


def test_the_page_is_well_formed_and_asks_for_nothing() -> None:
    report = report_of()
    page = web_page(report, story_of(report))
    found = Reader(page)
    addresses = [
        value
        for _, attributes in found.tags
        for name, value in attributes.items()
        if name in ("src", "href", "data", "srcset", "action") and value
    ]
    assert addresses
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert not {tag for tag, _ in found.tags} & {"script", "link", "iframe", "object", "b>"}
    assert not re.search(r"url\(|@import|https?://", page)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_names_are_shown_as_they_are_written() -> None:
    report = report_of()
    found = Reader(web_page(report, story_of(report)))
    for words in (*NAMES, "a <run>", "a <7>", "--name '<x>'", "</style><script>alert(1)</script>"):
        assert words in found.text


def test_the_numbers_are_those_of_the_report() -> None:
    report = report_of()
    found = Reader(web_page(report, story_of(report)))
    assert f"{100 * report.scores.accuracy:.2f} %" in found.text
    cells = [w for w in found.words if w.strip().isdigit()]
    for count in report.confusion[report.confusion > 0].tolist():
        assert str(count) in cells
    for name, value in zip(report.classes, report.scores.f1, strict=True):
        assert re.search(rf"{re.escape(name)}[^a-z]*{100 * value:.2f} %", found.text)
    assert "ab" * 32 in found.text
    assert "0.4000 in epoch 1" in found.text


def test_what_is_not_there_is_left_out() -> None:
    report = report_of(count=3, seed=2)
    found = Reader(web_page(report, Story("bare")))
    for word in ("Training", "Worst mistakes", "Feature maps", "Network", "Settings", "Data"):
        assert f" {word} " not in found.text
    probabilities = np.eye(3)[[0, 1, 2, 0]]
    right = evaluate(probabilities, np.array([0, 1, 2, 0]), NAMES)
    assert "100.00 %" in Reader(web_page(right, Story("all right"))).text


@pytest.mark.parametrize("classes", [2, 47, 120])
def test_any_number_of_classes_fits(classes: int) -> None:
    report = report_of(500, classes)
    found = Reader(web_page(report, Story("wide")))
    drawn = [tag for tag, attributes in found.tags if attributes.get("class") == "confusion"]
    assert len(drawn) == (classes <= 50)
    assert f"class {classes - 1}" in found.text


def pixels_of(tag: str) -> np.ndarray:
    content = re.search(r"base64,([^\"]+)", tag)
    assert content
    with Image.open(io.BytesIO(base64.b64decode(content[1]))) as found:
        return np.asarray(found)


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_hold_the_very_pixels(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, 5, 7)).astype(np.uint8)
    tag = picture(image, "words", 84)
    expected = image[0] if channels == 1 else image.transpose(1, 2, 0)
    assert np.array_equal(pixels_of(tag), expected)
    assert 'width="84" height="60"' in tag


def test_maps_share_a_scale_with_white_at_zero() -> None:
    values = np.zeros((2, 3, 3))
    values[0, 0, 0], values[1, 2, 2] = -4.0, 2.0
    cold, warm = (pixels_of(tag).astype(int) for tag in coloured(values, ["a", "b"]))
    assert (cold[1, 1] > 240).all()
    assert cold[0, 0, 2] > cold[0, 0, 0] + 50
    assert warm[2, 2, 0] > warm[2, 2, 2] + 50


def points(svg: str) -> list[tuple[float, float]]:
    found = re.search(r'<polyline class="line train" points="([^"]*)"', svg)
    assert found
    return [tuple(map(float, pair.split(","))) for pair in found[1].split()]  # type: ignore[misc]


def test_a_chart_stands_where_its_axes_say() -> None:
    across, up = Axis(0, 10, "step", str), Axis(0, 1, "", str)
    x, y = np.array([0.0, 5.0, 7.0, 10.0]), np.array([0.0, 0.5, np.nan, 1.0])
    drawn = points(chart([Line("one", "train", x, y)], across, up, "words"))
    assert len(drawn) == 3
    assert drawn[1][0] == pytest.approx((drawn[0][0] + drawn[2][0]) / 2, abs=0.1)
    assert drawn[1][1] == pytest.approx((drawn[0][1] + drawn[2][1]) / 2, abs=0.1)
    assert drawn[0][1] > drawn[2][1]  # up is less in SVG


@pytest.mark.parametrize(
    ("low", "high", "log"), [(0, 1, False), (0.93, 0.9951, False), (3e-4, 2.5, True), (5, 5, False)]
)
def test_ticks_are_few_and_inside(low: float, high: float, log: bool) -> None:
    ticks = Axis(low, high, "", str, log).ticks()
    assert len(ticks) <= 8
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    assert len(ticks) >= 2 or low == high
