"""The examples that went wrong, as pictures: what each is, what it was taken for, how surely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.arrays import Labels
from cnnlib.errors import ShapeError
from cnnlib.figures import style
from cnnlib.figures.mosaic import mosaic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 40  # pictures on one figure


def mistakes(
    images: NDArray[Any],
    labels: Labels,
    predicted: Labels,
    confidences: Sequence[float] | NDArray[np.floating[Any]],
    names: Sequence[str],
    *,
    indices: Sequence[int] | Labels | None = None,
    total: int | None = None,
    title: str = "Mistakes",
) -> Figure:
    """A grid of pictures, in the order given, each under "true → predicted" and its confidence.

    Args:
        images: (n, C, H, W) with C 1 or 3; uint8, or floats in [0, 1]. The first 40 are drawn.
        labels, predicted: class numbers, (n,).
        confidences: the probability of the predicted class, (n,).
        names: the class names.
        indices: the places of these examples in their data set, (n,).
        total: how many mistakes there are, when these are only some.
        title: the title.

    Raises:
        ShapeError: the arrays differ in length, or the pictures are neither gray nor RGB.
    """
    lengths = {len(a) for a in (images, labels, predicted, confidences)}
    if len(lengths) != 1 or (indices is not None and len(indices) not in lengths):
        raise ShapeError(
            "mistakes",
            expected="as many labels, predictions, confidences and indices as pictures",
            received=f"{len(images)} pictures and {len(labels)} labels, {len(predicted)} "
            f"predictions, {len(confidences)} confidences",
        )
    count = min(len(images), MOST)
    known = max(len(images), total or 0)
    if count == 0:
        fig = style.figure(5, 2, title)
        fig.text(0.5, 0.45, "No mistakes.", ha="center", fontsize=style.TEXT, color=style.QUIET)
        return fig
    columns = min(count, 8 if count > 12 else 6)
    pairs = [(names[int(labels[i])], names[int(predicted[i])]) for i in range(count)]
    long = max(len(a) + len(b) for a, b in pairs) > 11
    tile = 1.15
    tiles = np.stack([style.pixels(image) for image in images[:count]])
    sheet = mosaic(tiles, columns, tile, above=0.52 if long else 0.4)
    fig = style.figure(
        max(sheet.inches[0] + 0.4, 5.0),
        sheet.inches[1] + 1.0,
        title,
        f"{count} of {style.counted(known, 'mistake')}. Over each: true class → predicted class, "
        + ("confidence, number of the example." if indices is not None else "confidence."),
    )
    ax = fig.subplots()
    ax.imshow(np.nan_to_num(sheet.picture, nan=1.0), interpolation="nearest")
    ax.set_axis_off()
    middle = sheet.size[0] / 2
    for i, (x, y) in enumerate(sheet.corners):
        true, taken = pairs[i]
        detail = f"{100 * float(confidences[i]):.0f} %"
        if indices is not None:
            detail += f"  #{int(indices[i])}"
        words = f"{true}\n→ {taken}" if long else f"{true} → {taken}"
        ax.annotate(
            words,
            (x + middle, y),
            xytext=(0, 11),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=style.TEXT if long else style.HEADING,
            fontweight="bold",
            color=style.INK,
            linespacing=1.05,
        )
        ax.annotate(
            detail,
            (x + middle, y),
            xytext=(0, 2.5),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=style.SMALL,
            color=style.QUIET,
        )
    return fig
