"""Pictures in cells: what golden text shows, and laws that hold for every picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tui.render.cells import DEFAULT, Grid
from tui.render.image import averaging, fitted_size, image, resample
from tui.render.montage import LEAST, montage, mosaic
from tui.render.shades import NEGATIVE_RAMP, NOT_A_NUMBER, RAMP, Scale
from tui.terminal.abilities import Terminal

ASCII = Terminal(utf8=False)
NO_COLOUR = Terminal(colours=0)
SIXTEEN = Terminal(colours=16)
COLOURS = Terminal(colours=256)
TERMINALS = [ASCII, NO_COLOUR, SIXTEEN, COLOURS, Terminal(colours=16777216)]

GREYS = {0, *(0x010101 * value for value in range(8, 239, 10)), 0xFFFFFF}


def a_one() -> np.ndarray:
    pixels = np.zeros((8, 8), dtype=np.uint8)
    pixels[1:7, 4] = 255
    pixels[2, 3] = 128
    pixels[6, 3:6] = 255
    return pixels


GOLDEN = """\
................
........@@......
......++@@......
........@@......
........@@......
........@@......
......@@@@@@....
................""".replace(".", " ")


def test_ascii_shows_a_pixel_as_two_characters() -> None:
    assert image(a_one(), 16, 8, ASCII).text() == GOLDEN


def test_no_colour_is_drawn_in_characters_and_without_colours() -> None:
    grid = image(a_one(), 16, 8, NO_COLOUR)
    assert grid.text() == GOLDEN
    assert (grid.fg == DEFAULT).all()
    assert (grid.bg == DEFAULT).all()


def test_ascii_shrinks_by_area() -> None:
    pixels = np.zeros((4, 4), dtype=np.uint8)
    pixels[:2, :2] = 255
    pixels[0, 2] = 255
    assert image(pixels, 4, 2, ASCII).text() == "@@= \n    "


def shown_pixels(grid: Grid) -> np.ndarray:
    """The colours of the pixels of a half-block picture, two rows a cell."""
    upper = np.where(grid.chars == "▀", grid.fg, grid.bg)
    lower = np.where(grid.chars == "▄", grid.fg, grid.bg)
    return np.stack([upper, lower], axis=1).reshape(-1, grid.width)


def test_half_blocks_hold_two_pixels_a_cell() -> None:
    pixels = a_one()
    grid = image(pixels, 8, 4, COLOURS)
    assert grid.size == (8, 4)
    colours = shown_pixels(grid)
    assert (colours[pixels == 255] == 0xFFFFFF).all()
    assert (colours[pixels == 0] == 0).all()
    assert (colours[pixels == 128] == 0x808080).all()


def test_the_characters_alone_show_the_picture() -> None:
    pixels = a_one()
    pixels[pixels == 128] = 0
    text = image(pixels, 8, 4, COLOURS).text()
    assert text == "    ▄   \n    █   \n    █   \n   ▀▀▀  "


def test_whole_factors_keep_pixels_equal() -> None:
    pixels = a_one()
    grid = image(pixels, 30, 30, COLOURS)
    assert grid.size == (24, 12)
    expected = np.repeat(np.repeat(np.where(pixels == 255, 0xFFFFFF, 0), 3, 0), 3, 1)
    mask = np.repeat(np.repeat(pixels != 128, 3, 0), 3, 1)
    assert (shown_pixels(grid)[mask] == expected[mask]).all()


def test_an_odd_row_stands_over_the_background() -> None:
    grid = image(np.full((3, 3), 255, dtype=np.uint8), 3, 2, COLOURS)
    assert grid.size == (3, 2)
    assert (grid.chars[1] == "▀").all()
    assert (grid.bg[1] == DEFAULT).all()


def test_sixteen_colours_use_their_four_greys() -> None:
    pixels = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)
    shown = set(shown_pixels(image(pixels, 8, 4, SIXTEEN)).ravel().tolist())
    assert shown == {0x000000, 0x555555, 0xAAAAAA, 0xFFFFFF}


def test_greys_are_those_of_the_256_colour_palette() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    shown = set(shown_pixels(image(pixels, 16, 8, COLOURS)).ravel().tolist())
    assert shown == GREYS


def test_equal_neighbours_merge_into_one_run() -> None:
    grid = image(np.zeros((28, 28), dtype=np.uint8), 28, 14, COLOURS)
    assert all(len(list(grid.row_segments(y))) == 1 for y in range(grid.height))


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("value", [0.0, 3.5, -2.0, np.nan, np.inf])
def test_constant_pictures_are_drawn(terminal: Terminal, value: float) -> None:
    grid = image(np.full((5, 5), value), 10, 5, terminal)
    assert grid.width <= 10
    assert grid.height <= 5


def test_a_broken_pixel_is_seen() -> None:
    pixels = np.zeros((4, 4))
    pixels[1, 2] = np.nan
    assert image(pixels, 8, 4, ASCII).text().split("\n")[1] == "    ??  "
    assert shown_pixels(image(pixels, 4, 2, COLOURS))[1, 2] == NOT_A_NUMBER


def test_diverging_shows_the_sign() -> None:
    pixels = np.array([[-1.0, 0.0, 1.0]])
    text = image(pixels, 6, 1, ASCII, shades="diverging").text()
    assert text == NEGATIVE_RAMP[-1] * 2 + "  " + RAMP[-1] * 2
    colours = image(pixels, 3, 1, COLOURS, shades="diverging").fg[0].tolist()
    assert len(set(colours)) == 3


def test_colour_pictures_keep_their_colours() -> None:
    pixels = np.zeros((3, 2, 2), dtype=np.uint8)
    pixels[0, 0], pixels[2, 1] = 255, 255
    assert shown_pixels(image(pixels, 2, 1, COLOURS)).tolist() == [[0xFF0000] * 2, [0x0000FF] * 2]
    assert image(pixels, 4, 2, ASCII).width == 4


def test_a_shared_scale_makes_pictures_comparable() -> None:
    dim, bright = np.full((2, 2), 0.25), np.full((2, 2), 1.0)
    scale = Scale(0.0, 1.0)
    first, second = (image(each, 4, 2, ASCII, scale=scale).text() for each in (dim, bright))
    assert first == "::::\n::::"
    assert second == "@@@@\n@@@@"


@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    width=st.integers(1, 90),
    height=st.integers(1, 50),
    terminal=st.sampled_from(TERMINALS),
)
def test_a_picture_never_leaves_its_place(
    rows: int, columns: int, width: int, height: int, terminal: Terminal
) -> None:
    pixels = np.arange(rows * columns, dtype=np.float64).reshape(rows, columns)
    grid = image(pixels, width, height, terminal)
    assert 1 <= grid.width <= width
    assert 1 <= grid.height <= height
    assert grid.size == fitted_size((rows, columns), width, height, terminal.glyphs)


@given(inputs=st.integers(1, 60), outputs=st.integers(1, 60))
def test_averaging_weighs_every_pixel_alike(inputs: int, outputs: int) -> None:
    weights = averaging(inputs, outputs)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    np.testing.assert_allclose(weights.sum(axis=0), outputs / inputs)


@given(arrays(np.float64, (6, 5), elements=st.floats(-10, 10)), st.integers(1, 20))
def test_resampling_keeps_mean_and_range(pixels: np.ndarray, size: int) -> None:
    result = resample(pixels, size, size + 1)
    assert result.mean() == pytest.approx(pixels.mean(), abs=1e-9)
    assert result.min() >= pixels.min() - 1e-9
    assert result.max() <= pixels.max() + 1e-9


def test_all_maps_are_shown_where_they_fit() -> None:
    maps = np.arange(6 * 16, dtype=np.float64).reshape(6, 4, 4)
    page = montage(maps, 60, 12, COLOURS)
    assert page.shown == 6
    assert page.tile_width % 4 == 0


def test_maps_too_many_for_one_page_are_paged() -> None:
    maps = np.random.default_rng(0).random((64, 28, 28))
    page = montage(maps, 52, 19, COLOURS)
    assert 0 < page.shown < 64
    assert page.tile_width >= LEAST
    second = montage(maps, 52, 19, COLOURS, first=page.shown)
    assert second.first == page.shown
    last = montage(maps, 52, 19, COLOURS, first=63)
    assert last.shown == 1


@given(
    count=st.integers(1, 40),
    side=st.integers(1, 30),
    width=st.integers(4, 120),
    height=st.integers(3, 40),
    zoom=st.integers(-3, 6),
    terminal=st.sampled_from([ASCII, COLOURS]),
)
def test_every_shown_map_stands_inside(
    count: int, side: int, width: int, height: int, zoom: int, terminal: Terminal
) -> None:
    page = montage(np.ones((count, side, side)), width, height, terminal, zoom=zoom)
    assert page.shown >= 1
    for index in range(page.first, page.first + page.shown):
        place = page.place(index)
        assert place is not None
        x, y, wide, high = place
        assert x >= 0
        assert y >= 1
        assert x + wide <= width
        assert y + high <= height
    assert page.place(page.first + page.shown) is None


def test_the_selected_map_is_marked_without_colour() -> None:
    text = montage(np.ones((3, 4, 4)), 40, 6, ASCII, selected=1).grid.text()
    assert ">1" in text
    assert ">0" not in text


def test_mosaic_lays_the_kernels_of_a_filter_side_by_side() -> None:
    kernels = np.arange(1, 4 * 9 + 1, dtype=np.float64).reshape(4, 3, 3)
    joined = mosaic(kernels)
    assert joined.shape == (7, 7)
    np.testing.assert_array_equal(joined[:3, 4:], kernels[1])
    np.testing.assert_array_equal(joined[4:, :3], kernels[2])
    assert not joined[3].any()
    np.testing.assert_array_equal(mosaic(kernels[:1]), kernels[0])
