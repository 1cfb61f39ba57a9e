"""Predictions, layers and data sets as cells: golden text in ASCII, and odd inputs."""

import numpy as np
import pytest

from data import Dataset, Split, describe
from tui.render.dataset import class_rows, class_table, summary
from tui.render.layers import layer_caption, layer_list, map_page, outputs
from tui.render.prediction import prediction
from tui.terminal.abilities import Terminal

ASCII = Terminal(utf8=False)
HALF = Terminal()


def text_of(lines: str) -> str:
    """Without the spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in lines.split("\n")).rstrip("\n")


def test_a_prediction_is_picture_verdict_and_bars() -> None:
    pixels = np.zeros((1, 2, 2), dtype=np.uint8)
    pixels[0, 0] = 255
    grid, used = prediction(pixels, 1, [0.7, 0.25, 0.05], "abc", 22, 7, ASCII, classes=2)
    assert text_of(grid.text()) == (
        "       @@@@@@@@\n       @@@@@@@@\n\n\n"
        "true b  predicted a\na ##########      .700\nb ####            .250"
    )
    assert used == 7


def test_long_names_take_a_line_each() -> None:
    names = ["a rather long name", "another long name"]
    grid, used = prediction(None, 0, [0.2, 0.8], names, 24, 6, ASCII, classes=2)
    assert text_of(grid.text()).split("\n")[:2] == [
        "true a rather long name",
        "predicted another",
    ]
    assert used == 4


def test_a_network_for_other_classes_has_numbers() -> None:
    grid, _ = prediction(None, 0, [0.1, 0.2, 0.7], ["cat", "dog"], 24, 6, ASCII, classes=3)
    assert "true cat  predicted 2" in grid.text()


def test_probabilities_that_are_no_numbers_are_dashes() -> None:
    grid, _ = prediction(None, 0, [float("nan")] * 2, ["cat", "dog"], 24, 4, ASCII, classes=2)
    assert grid.text().count("-") == 2


def test_the_list_of_layers_marks_one() -> None:
    layers = [("conv1", (8, 28, 28)), ("dense1", (10,))]
    assert text_of(layer_list(layers, 1, 22, ASCII).text()) == (
        "  layer         output\n  conv1        8x28x28\n> dense1            10"
    )


def test_outputs_are_bars_and_many_are_a_square() -> None:
    few = outputs(np.array([1.0, -0.5]), ["yes", "no"], 20, 3, ASCII)
    assert text_of(few.text()) == "yes ##########  1.00\nno  #####      -0.50"
    many = outputs(np.arange(900.0), [], 40, 10, ASCII)
    assert many.size == (20, 10)
    broken = outputs(np.array([np.nan, 1.0]), [], 20, 3, ASCII).text()
    assert "-" in broken.split("\n")[0]


def test_captions_name_the_range_or_the_signs() -> None:
    values = np.linspace(-1, 2, 8).reshape(2, 2, 2)
    assert layer_caption(values, "ReLU()", None, ASCII) == "2x2x2  from -1.00 to 2.00  ReLU()"
    weights = np.zeros((8, 1, 3, 3))
    assert layer_caption(values, "", weights, HALF) == "8 filters of 1x3x3  orange +, blue -"
    assert layer_caption(values, "", weights, ASCII).isascii()


def test_an_empty_map_says_so() -> None:
    maps = np.stack([np.zeros((3, 3)), np.eye(3)])
    text = map_page(maps, 1, 40, 5, ASCII).grid.text()
    assert "0 zero" in text
    assert ">1" in text
    alone = map_page(maps, 0, 40, 5, ASCII, alone=True)
    assert alone.shown == 1
    assert "0 zero" in alone.grid.text()


@pytest.fixture
def shapes() -> Dataset:
    """Two classes of tiny pictures, one of them repeated in the test split."""
    images = np.arange(8 * 4, dtype=np.uint8).reshape(8, 1, 2, 2)
    train = Split(images[:6], np.array([0, 0, 0, 0, 1, 1]))
    test = Split(images[[0, 7]], np.array([0, 1]))
    return Dataset("tiny", "Tiny", train, test, ("ring", "a square with corners"), "nowhere")


def test_a_summary_counts_and_warns(shapes: Dataset) -> None:
    text = text_of(summary(shapes, describe(shapes), 60, 18, ASCII).text())
    lines = text.split("\n")
    assert lines[:4] == [
        "name     tiny",
        "source   nowhere",
        "images   6 train, 2 test",
        "shape    1x2x2 grey, uint8",
    ]
    assert "0 within splits, 1 test in train" in text
    assert "licence  not known" in text
    ring = next(line for line in lines if line.startswith("ring"))
    assert ring.split()[:5] == ["ring", "4", "66.7%", "1", "50.0%"]
    assert ring.count("#") == 2 * next(line for line in lines if "a squa" in line).count("#")


def test_until_it_is_described_the_summary_says_reading(shapes: Dataset) -> None:
    text = summary(shapes, None, 60, 18, ASCII).text()
    assert "images   6 train, 2 test" in text
    assert text.count("reading...") == 2


def test_classes_that_do_not_fit_are_scrolled(shapes: Dataset) -> None:
    known = describe(shapes)
    assert "ring" not in class_table(known, 60, 2, ASCII, first=1).text()
    assert class_rows(shapes, 10) == 5  # the classes come first in a low place
    assert class_rows(shapes, 18) == 9
    low = summary(shapes, describe(shapes), 60, 8, ASCII).text()
    assert "ring" in low
    assert "sha256" not in low


@pytest.mark.parametrize(("width", "height"), [(0, 0), (3, 2), (10, 1), (1, 30)])
def test_no_place_is_too_small(shapes: Dataset, width: int, height: int) -> None:
    for terminal in (ASCII, HALF):
        assert summary(shapes, describe(shapes), width, height, terminal).size == (width, height)
        grid, _ = prediction(
            shapes.train.images[0], 0, [0.5, 0.5], ["a", "b"], width, height, terminal, classes=2
        )
        assert grid.size == (width, height)
        outputs(np.arange(20.0), [], width, height, terminal)
        map_page(np.ones((3, 4, 4)), 0, width, height, terminal)
