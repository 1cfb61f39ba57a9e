"""Augmentations: the same examples change alike however they are cut, and images stay images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib.arrays import Draw
from cnnlib.augmentations import (
    Affine,
    Augmentation,
    Cutout,
    Flip,
    Noise,
    Shift,
    augment,
    parse_pipeline,
)
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.text import family
from cnnlib.warping import warp

STRONG: list[Augmentation] = [
    Shift(3),
    Affine(rotate=1.0, scale=0.5, shear=0.5, shift=3.0),
    Noise(0.5),
    Cutout(5),
    Flip(0.5),
]
IDLE: list[Augmentation] = [
    Shift(0),
    Affine(rotate=0, scale=0, shear=0, shift=0),
    Noise(0.0),
    Cutout(0),
    Flip(0.0),
]
every = pytest.mark.parametrize("augmentation", STRONG, ids=repr)


def pictures(count: int, shape: tuple[int, int, int] = (1, 9, 12), seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    images = rng.random((count, *shape), dtype=np.float32)
    images[rng.random(images.shape) < 0.3] = 0
    images[rng.random(images.shape) < 0.1] = 1
    return images


def draw(count: int, seed: int = 0) -> Draw:
    return Draw(seed, "augment", (2, 17), 0, count)


def test_every_augmentation_is_here() -> None:
    registered = set(family(Augmentation).values())
    assert {type(thing) for thing in STRONG} == registered
    assert {type(thing) for thing in IDLE} == registered


@every
@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.sampled_from([(1, 9, 12), (3, 8, 5), (1, 1, 1)]), st.data())
def test_a_batch_is_its_parts(
    augmentation: Augmentation, count: int, shape: tuple[int, int, int], data: st.DataObject
) -> None:
    images = pictures(count, shape)
    whole = augmentation(images, draw(count))
    cut = data.draw(st.integers(0, count))
    for start, stop in ((0, cut), (cut, count)):
        part = augmentation(images[start:stop], draw(count).part(start, stop - start))
        assert np.array_equal(part, whole[start:stop])


@every
def test_one_example_alone_is_changed_as_in_its_batch(augmentation: Augmentation) -> None:
    images = pictures(70, (1, 28, 28))
    whole = augmentation(images, draw(70))
    for index in range(70):
        alone = augmentation(images[index : index + 1], draw(70).part(index, 1))
        assert np.array_equal(alone[0], whole[index])


@every
def test_images_stay_images_and_the_input_is_only_read(augmentation: Augmentation) -> None:
    images = pictures(40, (3, 10, 7))
    images.flags.writeable = False
    result = augmentation(images, draw(40))
    assert result.dtype == np.float32
    assert result.shape == images.shape
    assert not np.shares_memory(result, images)
    assert result.flags.c_contiguous
    assert result.min() >= 0
    assert result.max() <= 1


GEOMETRIC = [thing for thing in STRONG if not isinstance(thing, Noise)]


@pytest.mark.parametrize("augmentation", GEOMETRIC, ids=repr)
def test_the_channels_of_an_image_move_together(augmentation: Augmentation) -> None:
    one = pictures(20)
    three = np.repeat(one, 3, axis=1)
    result = augmentation(three, draw(20))
    for channel in range(3):
        assert np.array_equal(result[:, channel : channel + 1], augmentation(one, draw(20)))


@every
def test_the_address_decides_and_nothing_else(augmentation: Augmentation) -> None:
    images = pictures(40)
    first = augmentation(images, draw(40))
    assert np.array_equal(augmentation(images, draw(40)), first)
    assert not np.array_equal(augmentation(images, draw(40, seed=1)), first)
    assert not np.array_equal(augmentation(images, draw(40).child(1)), first)
    same = np.repeat(images[:1], 40, axis=0)
    assert len(np.unique(augmentation(same, draw(40)), axis=0)) > 1


@pytest.mark.parametrize("augmentation", IDLE, ids=repr)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 8)])
def test_options_of_zero_change_nothing(
    augmentation: Augmentation, shape: tuple[int, int, int]
) -> None:
    images = pictures(20, shape)
    result = augmentation(images, draw(20))
    assert np.array_equal(result, images)
    assert not np.shares_memory(result, images)


@every
def test_no_image_gives_no_image(augmentation: Augmentation) -> None:
    assert augmentation(pictures(0), draw(0)).shape == (0, 1, 9, 12)


@every
def test_arrays_that_are_no_images_are_refused(augmentation: Augmentation) -> None:
    images = pictures(4)
    with pytest.raises(ShapeError, match=r"float images \(N, C, H, W\), N = 4"):
        augmentation((images * 255).astype(np.uint8), draw(4))
    with pytest.raises(ShapeError):
        augmentation(images[:, 0], draw(4))
    with pytest.raises(ShapeError, match="N = 3"):
        augmentation(images, draw(3))


def test_shift_moves_by_every_distance_alike() -> None:
    images = np.zeros((2000, 1, 7, 7), np.float32)
    images[:, 0, 3, 3] = 1
    moved = Shift(1)(images, draw(2000))
    assert np.array_equal(moved.sum(axis=(1, 2, 3)), np.ones(2000))
    counts = moved.sum(axis=(0, 1))
    assert counts[2:5, 2:5].sum() == 2000
    assert counts[2:5, 2:5].min() > 2000 / 9 * 0.75


def test_shift_brings_in_black() -> None:
    ones = np.ones((300, 1, 4, 4), np.float32)
    kept = Shift(4)(ones, draw(300)).sum(axis=(1, 2, 3))
    assert set(kept) <= {a * b for a in range(5) for b in range(5)}
    assert {0, 16} <= set(kept)


def test_cutout_blackens_one_square() -> None:
    ones = np.ones((500, 1, 12, 10), np.float32)
    result = Cutout(4)(ones, draw(500))[:, 0]
    for image in result:
        rows, columns = np.nonzero(image == 0)
        assert 2 <= np.ptp(rows) + 1 <= 4
        assert 2 <= np.ptp(columns) + 1 <= 4
        assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert (result == 0).any(axis=0).all(), "every pixel is hit sometimes"


def test_flip_mirrors_the_asked_share() -> None:
    images = pictures(1000)
    assert np.array_equal(Flip(1.0)(images, draw(1000)), images[..., ::-1])
    result = Flip(0.25)(images, draw(1000))
    flipped = (result == images[..., ::-1]).all(axis=(1, 2, 3))
    untouched = (result == images).all(axis=(1, 2, 3))
    assert (flipped | untouched).all()
    assert 200 < flipped.sum() < 300


def test_noise_has_its_deviation_and_no_bias() -> None:
    gray = np.full((50, 1, 20, 20), 0.5, np.float32)
    noise = Noise(0.05)(gray, draw(50)) - gray
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.002)


def naive_warp(image: np.ndarray, matrix: np.ndarray, move: np.ndarray) -> np.ndarray:
    """One (H, W) image, pixel by pixel from the definition, in float64."""
    height, width = image.shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    result = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            x, y = centre + matrix @ (np.array([j, i]) - centre) + move
            for row in (math.floor(y), math.floor(y) + 1):
                for column in (math.floor(x), math.floor(x) + 1):
                    if 0 <= row < height and 0 <= column < width:
                        weight = (1 - abs(y - row)) * (1 - abs(x - column))
                        result[i, j] += weight * image[row, column]
    return result


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 2), st.integers(0, 10**6))
def test_warp_is_bilinear_sampling(height: int, width: int, channels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = rng.random((3, channels, height, width))
    matrix = rng.normal(size=(3, 2, 2)) + np.eye(2)
    move = rng.normal(size=(3, 2)) * 3
    result = warp(images, matrix, move)
    for n in range(3):
        for c in range(channels):
            expected = naive_warp(images[n, c], matrix[n], move[n])
            np.testing.assert_allclose(result[n, c], expected, atol=1e-12)


def test_affine_is_its_formula() -> None:
    rule = Affine(rotate=0.6, scale=0.3, shear=0.4, shift=2.0)
    images = pictures(30, (1, 9, 12)).astype(np.float64)
    result = rule(images, draw(30))
    for n, numbers in enumerate(2 * draw(30).uniform(6).astype(np.float64) - 1):
        a, k = rule.rotate * numbers[0], rule.shear * numbers[3]
        f, g = 1 + rule.scale * numbers[1:3]
        turn = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
        back = np.linalg.inv(turn @ np.array([[f, k * g], [0, g]]))
        move = -back @ (rule.shift * numbers[4:])
        np.testing.assert_allclose(result[n, 0], naive_warp(images[n, 0], back, move), atol=1e-5)


def test_warp_far_away_is_black() -> None:
    images = np.ones((4, 1, 6, 6), np.float32)
    far = np.array([[1e6, 0], [0, -1e6], [-7, 0], [0, 7]], np.float32)
    assert not warp(images, np.tile(np.eye(2, dtype=np.float32), (4, 1, 1)), far).any()


def test_warp_works_through_many_blocks() -> None:
    images = pictures(100, (1, 28, 28))
    rng = np.random.default_rng(4)
    matrix = (np.eye(2) + 0.1 * rng.normal(size=(100, 2, 2))).astype(np.float32)
    move = rng.normal(size=(100, 2)).astype(np.float32)
    whole = warp(images, matrix, move)
    for index in (0, 15, 16, 99):
        one = slice(index, index + 1)
        assert np.array_equal(warp(images[one], matrix[one], move[one])[0], whole[index])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"rotate": math.pi}, "turned"),
        ({"shift": 2.0}, "moved"),
        ({"scale": 0.4}, "scaled"),
        ({"shear": 0.8}, "slanted"),
    ],
)
def test_each_option_of_affine_does_what_it_says(options: dict[str, float], expected: str) -> None:
    """Seen in the first and second moments of a blob that starts round, in the middle."""
    y, x = np.mgrid[-30:31, -30:31].astype(np.float32)
    blob = np.exp(-((x / 6) ** 2) / 2 - (y / 3) ** 2 / 2)[None, None]
    still = {"rotate": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0}
    images = Affine(**(still | options))(np.repeat(blob, 200, axis=0), draw(200))[:, 0]
    mass = images.sum(axis=(1, 2))
    mean_x, mean_y = ((images * axis).sum(axis=(1, 2)) / mass for axis in (x, y))
    xx, yy, xy = ((images * axis).sum(axis=(1, 2)) / mass for axis in (x * x, y * y, x * y))
    if expected == "moved":
        assert 1.8 < np.abs(mean_x).max() <= 2.001
        assert 1.8 < np.abs(mean_y).max() <= 2.001
        return
    np.testing.assert_allclose([mean_x, mean_y], 0, atol=0.02)
    if expected == "turned":
        np.testing.assert_allclose(xx + yy, 36 + 9, rtol=0.02)
        np.testing.assert_allclose(xx * yy - xy**2, 36 * 9, rtol=0.03)
        assert xx.min() < 10
        assert xx.max() > 35
    elif expected == "scaled":
        np.testing.assert_allclose(xy, 0, atol=0.1)
        width, height = np.sqrt(xx) / 6, np.sqrt(yy) / 3
        for side in (width, height):
            assert 0.58 < side.min() < 0.65
            assert 1.35 < side.max() < 1.43
        assert abs(np.corrcoef(width, height)[0, 1]) < 0.3
    else:
        np.testing.assert_allclose(yy, 9, rtol=0.03)
        slant = xy / yy
        assert 0.7 < np.abs(slant).max() <= 0.81


def test_a_pipeline_is_read_and_applied_in_order() -> None:
    pipeline = parse_pipeline("Shift(2), Noise(std=0.05)")
    assert pipeline == (Shift(2), Noise(0.05))
    assert parse_pipeline("  ") == ()
    assert parse_pipeline(", ".join(map(repr, STRONG))) == tuple(STRONG)
    images = pictures(10)
    by_hand = Noise(0.05)(Shift(2)(images, draw(10).child(0)), draw(10).child(1))
    assert np.array_equal(augment(images, pipeline, draw(10)), by_hand)
    assert augment(images, (), draw(10)) is images


def test_two_of_a_kind_in_a_pipeline_draw_apart() -> None:
    images = pictures(60, (1, 9, 9))
    halves = [Flip(0.5)(images, draw(60).child(k)) for k in (0, 1)]
    assert not np.array_equal(*halves)


@pytest.mark.parametrize("text", ["Shift(2), Nois()", "Shift(2", "Shift(-1)", "2, 3"])
def test_a_pipeline_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        parse_pipeline(text)
    assert "\n" not in str(caught.value)
