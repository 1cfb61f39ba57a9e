"""Figures show the numbers that they are given, keep their words on the page, and become files."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from cnnlib import figures
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.figures import style
from cnnlib.figures.curves import BUCKETS, thin
from cnnlib.figures.mistakes import MOST
from cnnlib.figures.mosaic import mosaic
from cnnlib.metrics import Scores, calibration

NAMES = tuple("0123456789")


def random(*shape):
    return np.random.default_rng(0).normal(size=shape)


def picture(channels=1, side=28):
    return np.random.default_rng(1).integers(256, size=(channels, side, side), dtype=np.uint8)


def matrix(classes=10):
    rng = np.random.default_rng(2)
    return np.diag(rng.integers(50, 90, classes)) + rng.integers(0, 4, (classes, classes))


def history(epochs=3, per=200):
    steps = np.arange(1, epochs * per + 1)
    ends = np.arange(1, epochs + 1) * per
    return (
        {"step": steps, "loss": 2.3 / np.sqrt(steps), "accuracy": 1 - 0.9 / np.sqrt(steps)},
        {
            "epoch": np.arange(1, epochs + 1),
            "step": ends,
            "train_loss": 2 / np.sqrt(ends),
            "train_accuracy": 1 - 0.8 / np.sqrt(ends),
            "valid_loss": 2.1 / np.sqrt(ends),
            "valid_accuracy": 1 - 0.85 / np.sqrt(ends),
        },
    )


def draw_mistakes(n=20, channels=1, names=NAMES, **options):
    labels = np.arange(n) % 10
    images = np.stack([picture(channels)] * n) if n else np.zeros((0, channels, 28, 28), np.uint8)
    return figures.mistakes(
        images, labels, (labels + 1) % 10, np.linspace(1, 0.5, n), names, **options
    )


def draw_reliability():
    probabilities = np.random.default_rng(3).dirichlet(np.ones(10) / 4, size=400)
    return figures.reliability(calibration(probabilities, np.arange(400) % 10))


LONG = tuple(f"a rather long name {i}" for i in range(10))
DRAWINGS = {
    "curves": lambda: figures.curves(*history()),
    "curves, one epoch": lambda: figures.curves(*history(1, 5)),
    "curves, many epochs": lambda: figures.curves(*history(80, 20), marks=[(300, "rate × 0.5")]),
    "curves, frames": lambda: figures.curves(*map(pd.DataFrame, history())),
    "curves, nothing": lambda: figures.curves({}, {}),
    "confusion": lambda: figures.confusion(matrix(), NAMES),
    "confusion, long names": lambda: figures.confusion(matrix() * 100, LONG),
    "confusion, 47": lambda: figures.confusion(matrix(47), [f"{i}" for i in range(47)]),
    "confusion, 1": lambda: figures.confusion(matrix(1), ["all"]),
    "confusion, empty": lambda: figures.confusion(np.zeros((3, 3), int), ["a", "b", "c"]),
    "feature maps": lambda: figures.feature_maps("conv1", random(8, 24, 24), picture()),
    "feature maps, RGB": lambda: figures.feature_maps("conv1", random(64, 5, 5), picture(3)),
    "feature maps, dead": lambda: figures.feature_maps("conv1", np.zeros((2, 3, 3)), picture()[0]),
    "filters": lambda: figures.filters("conv1", random(16, 1, 5, 5)),
    "filters, channels": lambda: figures.filters("conv2", random(32, 16, 3, 3)),
    "filters, more in than out": lambda: figures.filters("conv3", random(4, 16, 1, 1)),
    "filters, one": lambda: figures.filters("conv1", random(1, 1, 3, 3)),
    "mistakes": lambda: draw_mistakes(40, indices=np.arange(40), total=77),
    "mistakes, RGB": lambda: draw_mistakes(3, channels=3),
    "mistakes, long names": lambda: draw_mistakes(9, names=[n[9:] for n in LONG]),
    "mistakes, none": lambda: draw_mistakes(0),
    "classes": lambda: figures.class_report(Scores.from_confusion(matrix()), LONG),
    "classes, empty": lambda: figures.class_report(
        Scores.from_confusion(np.zeros((2, 2), int)), "ab"
    ),
    "reliability": draw_reliability,
}


def words(fig):
    return [t.get_text() for t in fig.findobj(Text) if t.get_visible() and t.get_text()]


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_keeps_inside_its_page_and_can_be_read(name):
    fig = DRAWINGS[name]()
    fig.draw_without_rendering()
    box, (width, height) = fig.get_tightbbox(fig.canvas.get_renderer()), fig.get_size_inches()
    assert box.x0 >= -0.01
    assert box.y0 >= -0.01
    assert box.x1 <= width + 0.01
    assert box.y1 <= height + 0.01
    assert max(width, height) < 20
    shown = [t for t in fig.findobj(Text) if t.get_visible() and t.get_text().strip()]
    assert min(t.get_fontsize() for t in shown) >= 5.5
    assert fig.get_suptitle()


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("curves", {"step", "loss (nats per example)", "accuracy", "epoch"}),
        ("confusion", {"predicted class", "true class", "recall (%)", "precision (%)"}),
        ("feature maps", {"column (pixel)", "row (pixel)", "activation"}),
        ("filters", {"weight"}),
        ("filters, channels", {"filter", "input channel", "weight"}),
        ("classes", {"score", "class (examples)", "precision", "recall", "F1"}),
        (
            "reliability",
            {"confidence (probability of the predicted class)", "accuracy", "examples"},
        ),
    ],
)
def test_axes_are_labelled(name, labels):
    assert labels <= set(words(DRAWINGS[name]()))


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


def test_curves_thin_the_batches_and_keep_the_epochs():
    steps, epochs = history(5, 400)
    left, right = figures.curves(steps, epochs).axes
    for ax, what in ((left, "loss"), (right, "accuracy")):
        drawn = lines(ax)
        assert len(drawn["training, batches"]) == BUCKETS
        assert drawn["training, batches"][:, 1].mean() == pytest.approx(
            steps[what].mean(), rel=0.05
        )
        for name, key in (("training, epochs", "train"), ("validation, epochs", "valid")):
            expected = np.stack([epochs["step"], epochs[f"{key}_{what}"]], axis=1)
            np.testing.assert_array_equal(drawn[name], expected)


def test_curves_say_that_smoothing_raises_the_training_loss():
    told = figures.curves(*history(), smoothing=0.1).get_supxlabel()
    assert "label smoothing 0.1" in told
    assert "smoothing" not in figures.curves(*history()).get_supxlabel()


def test_thinning_means_every_point_once():
    x, y = np.arange(1000.0), random(1000)
    tx, ty, low, high = thin(x, y, buckets=10)
    np.testing.assert_allclose(ty, y.reshape(10, 100).mean(axis=1))
    np.testing.assert_allclose(tx, x.reshape(10, 100).mean(axis=1))
    assert (low < ty).all()
    assert (ty < high).all()
    np.testing.assert_array_equal(thin(x[:7], y[:7], buckets=10)[1], y[:7])


def test_curves_leave_out_what_is_not_finite_or_not_known():
    steps, epochs = history(2, 10)
    steps["loss"][3], steps["loss"][4] = np.nan, np.inf
    epochs["valid_loss"], epochs["valid_accuracy"] = [None, 0.5], [None, None]
    left, right = figures.curves(steps, epochs).axes
    assert len(lines(left)["training, batches"]) == 18
    assert lines(left)["validation, epochs"].tolist() == [[20, 0.5]]
    assert "validation, epochs" not in lines(right)
    assert left.get_title("left") == "Loss: best validation 0.5000 in epoch 2"
    assert right.get_title("left") == "Accuracy"


def test_curves_mark_what_happened():
    fig = figures.curves(*history(), marks=[(250, "learning rate × 0.5")])
    assert words(fig).count("learning rate × 0.5") == 2


def test_confusion_writes_every_count_and_leaves_zeros_empty():
    counts = np.array([[50, 7, 0], [0, 40, 0], [2, 1, 0]])
    ax = figures.confusion(counts, ["a", "b", "c"]).axes[0]
    written = {t.get_position(): t.get_text() for t in ax.texts}
    expected = {(j, i): f"{counts[i, j]}" for i, j in zip(*np.nonzero(counts), strict=True)}
    assert written == expected


def test_confusion_paints_errors_by_their_share_of_the_row():
    counts = np.array([[90, 10, 0], [10, 990, 0], [0, 0, 5]])
    colours = np.asarray(figures.confusion(counts, ["a", "b", "c"]).axes[0].images[0].get_array())
    bright = np.array([[style.luminance(c) for c in row] for row in colours[..., :3]])
    assert bright[0, 1] < bright[1, 0] < bright[0, 2]
    red, blue = colours[..., 0], colours[..., 2]
    assert red[0, 1] > blue[0, 1]
    assert red[0, 0] < blue[0, 0]


def test_a_mosaic_holds_every_tile_whole_and_nothing_between():
    tiles = random(7, 5, 4, 1)
    sheet = mosaic(tiles, columns=3, tile=1.0)
    w, h = sheet.size
    left = sheet.picture.copy()
    for tile, (x, y) in zip(tiles, sheet.corners, strict=True):
        part = (
            slice(round(y + 0.5), round(y + 0.5) + h),
            slice(round(x + 0.5), round(x + 0.5) + w),
        )
        np.testing.assert_array_equal(left[part][:: h // 5, :: w // 4], tile)
        left[part] = np.nan
    assert np.isnan(left).all()


def test_feature_maps_share_a_scale_that_is_symmetric_when_signs_differ():
    maps = random(3, 6, 6)
    signed = figures.feature_maps("conv1", maps, picture()).axes[1].images[0]
    assert signed.get_clim() == (-np.abs(maps).max(), np.abs(maps).max())
    assert signed.get_cmap().name == style.DIVERGING
    positive = figures.feature_maps("relu1", np.abs(maps), picture()).axes[1].images[0]
    assert positive.get_clim() == (0, np.abs(maps).max())
    assert positive.get_cmap().name == style.SEQUENTIAL
    title = figures.feature_maps("conv1", maps, picture()).get_suptitle()
    assert title == "conv1: 3 feature maps of 6 × 6"


def test_filters_are_on_a_symmetric_scale():
    weights = random(4, 2, 3, 3) + 1
    fig = figures.filters("conv2", weights)
    assert fig.axes[0].images[0].get_clim() == (-np.abs(weights).max(), np.abs(weights).max())
    assert fig.get_suptitle() == "conv2: 4 filters of 2 × 3 × 3"


def test_mistakes_say_what_was_taken_for_what():
    shown = words(draw_mistakes(2, indices=[41, 7], total=9))
    assert {"0 → 1", "1 → 2", "100 %  #41", "50 %  #7"} <= set(shown)
    assert any("2 of 9 mistakes" in text for text in shown)
    many = words(draw_mistakes(MOST + 5))
    assert sum("→" in text and len(text) == 5 for text in many) == MOST
    assert "No mistakes." in words(draw_mistakes(0))


def test_pixels_reads_gray_and_colour_bytes_and_floats():
    gray, rgb = picture(1), picture(3)
    np.testing.assert_allclose(style.pixels(gray), np.stack([gray[0] / 255] * 3, axis=-1))
    np.testing.assert_allclose(style.pixels(rgb), rgb.transpose(1, 2, 0) / 255)
    np.testing.assert_array_equal(style.pixels(gray / 255), style.pixels(gray))
    np.testing.assert_array_equal(style.pixels(gray[0]), style.pixels(gray))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: figures.confusion(matrix(), NAMES[:3]), "class names: expected 10, received 3"),
        (lambda: figures.feature_maps("conv1", random(3, 3), picture()), "feature maps of conv1"),
        (lambda: figures.feature_maps("conv1", random(1, 3, 3), picture(2)), "image: expected"),
        (
            lambda: figures.filters("dense1", random(3, 3)),
            "filters of dense1: expected (F, C, K, K)",
        ),
        (lambda: figures.class_report(Scores.from_confusion(matrix()), "ab"), "class names"),
        (lambda: figures.mistakes(random(2, 1, 3, 3), [1], [2], [0.5], NAMES), "2 pictures and 1"),
        (lambda: draw_mistakes(3, indices=[1]), "indices"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, text):
    with pytest.raises(ShapeError) as caught:
        call()
    assert text in str(caught.value)


MAGIC = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}


@pytest.mark.parametrize("format", figures.FORMATS)
def test_a_figure_becomes_the_same_bytes_each_time(format, tmp_path):
    def draw():
        return figures.filters("conv1", random(2, 1, 3, 3))

    path = figures.save(draw(), tmp_path / "new" / f"filters.{format.upper()}", dpi=60)
    content = path.read_bytes()
    assert content.startswith(MAGIC[format])
    assert content == figures.render(draw(), format, dpi=60)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_dots_per_inch_set_the_size_of_a_png():
    fig = figures.filters("conv1", random(2, 1, 3, 3))
    header = figures.render(fig, "png", dpi=60)[16:24]
    size = np.frombuffer(header, dtype=">u4")
    np.testing.assert_allclose(size, fig.get_size_inches() * 60, atol=1)


@pytest.mark.parametrize("name", ["figure.gif", "figure", "figure.png.exe"])
def test_another_format_is_refused_and_nothing_is_written(name, tmp_path):
    with pytest.raises(SpecificationError, match="expected png or svg or pdf"):
        figures.save(figures.filters("conv1", random(1, 1, 3, 3)), tmp_path / "new" / name)
    assert not list(tmp_path.iterdir())


def test_matplotlib_is_imported_to_draw_and_pyplot_never():
    code = """
import sys
import numpy as np
from cnnlib import figures
print("matplotlib" in sys.modules)
figures.render(figures.filters("conv1", np.ones((1, 1, 3, 3))), "png")
print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True", "False"]
