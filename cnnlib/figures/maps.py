"""What a convolution sees and what it looks for: its feature maps, and its filters."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlib.errors import ShapeError
from cnnlib.figures import style
from cnnlib.figures.mosaic import Mosaic, mosaic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = NDArray[np.floating[Any]]


def feature_maps(name: str, maps: Values, image: ArrayLike, *, caption: str = "") -> Figure:
    """The input picture, and beside it every map that a layer makes of it, on one colour scale.

    Args:
        name: the layer's name, such as "conv1".
        maps: the layer's output for this picture, (F, H, W).
        image: the picture, (H, W), (1, H, W) or (3, H, W); uint8, or floats in [0, 1].
        caption: what the picture is, such as "a 7, taken for a 1".

    Raises:
        ShapeError: the maps or the picture have another shape.
    """
    values = np.asarray(maps, dtype=np.float64)
    if values.ndim != 3 or values.size == 0:
        raise ShapeError(
            f"feature maps of {name}", expected="(F, H, W)", received=f"{values.shape}"
        )
    picture = style.pixels(image)
    count, height, width = values.shape
    columns = style.columns(count, sqrt(count * 1.7 * height / width))
    rows = ceil(count / columns)
    tile = min(1.25, max(0.42, 8.0 / columns, 1.9 / rows))
    sheet = mosaic(values[..., None], columns, tile)
    cmap, low, high = style.colour_scale(values)
    left = 2.4
    fig = style.figure(
        left + sheet.inches[0] + 1.3,
        max(sheet.inches[1] + 0.6, 2.5) + 0.7,
        f"{name}: {style.counted(count, 'feature map')} of {height} × {width}",
        "The number over a map is its channel. All maps share one colour scale.",
    )
    before, after = fig.subplots(1, 2, width_ratios=(left - 0.7, sheet.inches[0] + 0.7))
    h, w = picture.shape[:2]
    style.dress(before, x="column (pixel)", y="row (pixel)", title=caption or "Input")
    before.imshow(picture, interpolation="nearest", extent=(0, w, h, 0))
    before.set_anchor("N")
    scale = _show(after, sheet, cmap, low, high)
    style.dress(after, title="Feature maps", frame=False)
    after.set_xticks([])
    after.set_yticks([])
    after.set_anchor("N")
    style.colour_bar(fig, after, scale, "activation", shrink=0.9, aspect=30, pad=0.02)
    return fig


def filters(name: str, weights: Values) -> Figure:
    """The kernels of a convolution on a symmetric scale: red adds, blue takes away, white ignores.

    Args:
        name: the layer's name, such as "conv1".
        weights: (F, C, K, K). With one channel the filters fill a grid; with more, one axis
            counts the filters and the other the input channels.

    Raises:
        ShapeError: the weights have another shape.
    """
    values = np.asarray(weights, dtype=np.float64)
    if values.ndim != 4 or values.size == 0:
        raise ShapeError(f"filters of {name}", expected="(F, C, K, K)", received=f"{values.shape}")
    count, channels, height, width = values.shape
    reach = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    title = f"{name}: {style.counted(count, 'filter')} of {channels} × {height} × {width}"
    if channels == 1:
        columns = style.columns(count, sqrt(count * 1.7))
        tile = min(1.1 if columns > 3 else 1.8, max(0.4, 8.0 / columns))
        sheet = mosaic(values[:, 0, ..., None], columns, tile)
        x = y = ""
        note = "The number over a kernel is its filter."
    else:
        wide = count >= channels  # filters along the longer side, from left to right
        grid = values.transpose(1, 0, 2, 3) if wide else values
        rows, columns = grid.shape[:2]
        tile = min(0.75, 11.0 / columns, 11.0 / rows)
        sheet = mosaic(grid.reshape(-1, height, width)[..., None], columns, tile, numbered=False)
        x, y = ("filter", "input channel") if wide else ("input channel", "filter")
        note = "One square is the kernel that one filter applies to one input channel."
    fig = style.figure(
        max(sheet.inches[0] + 1.5, 4.4),
        sheet.inches[1] + (1.05 if channels == 1 else 1.4),
        title,
        f"{note} Red adds, blue takes away.",
    )
    ax = fig.subplots()
    scale = _show(ax, sheet, style.DIVERGING, -reach, reach)
    style.dress(ax, x=x, y=y, frame=False)
    ax.set_xticks([])
    ax.set_yticks([])
    if channels > 1:
        xs, ys = sheet.centres
        every = ceil(0.2 / tile)
        ax.set_xticks(xs[::every], [f"{i}" for i in range(0, len(xs), every)])
        ax.set_yticks(ys[::every], [f"{i}" for i in range(0, len(ys), every)])
        ax.tick_params(length=0, labelsize=style.SMALL)
    style.colour_bar(fig, ax, scale, "weight", shrink=0.9, aspect=30, pad=0.02)
    return fig


def _show(ax: Axes, sheet: Mosaic, cmap: str, low: float, high: float) -> Any:
    """Draw a sheet of single-channel tiles with a thin frame around each, and their numbers."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    colours = colormaps[cmap].with_extremes(bad=style.PAPER)
    drawn = ax.imshow(
        sheet.picture[..., 0], cmap=colours, vmin=low, vmax=high, interpolation="nearest"
    )
    for number, (x, y) in enumerate(sheet.corners):
        frame = Rectangle((x, y), *sheet.size, fill=False, edgecolor=style.FAINT, linewidth=0.5)
        ax.add_patch(frame)
        if sheet.numbered:
            ax.text(x, y, f"{number}", ha="left", va="bottom", fontsize=6.5, color=style.QUIET)
    return drawn
