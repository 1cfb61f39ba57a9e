"""How every figure looks, in one place.

Colours are those of Okabe and Ito (2008), which people with any colour vision tell apart; colour
maps grow steadily lighter or darker, or diverge from white at zero. Figures are made without
pyplot: drawing one touches no state of the program that asks for it, and needs no display.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlib.errors import ShapeError
from cnnlib.figures.files import render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, QUIET, FAINT, PAPER = "#1F2933", "#616E7C", "#DDE2E8", "#FFFFFF"
TITLE, HEADING, TEXT, SMALL = 13.0, 10.5, 9.0, 7.5  # font sizes in points
INCH = 72.0  # points

SEQUENTIAL = "viridis"  # from nothing to much
DIVERGING = "RdBu_r"  # negative blue, zero white, positive red


def figure(width: float, height: float, title: str, note: str = "") -> Figure:
    """An empty figure with its title above and a quieter note below.

    Args:
        width, height: inches.
        title: what it shows.
        note: how to read it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    fig = _figure_of_a_notebook()(figsize=(width, height), layout=engine, facecolor=PAPER)
    FigureCanvasAgg(fig)
    fig.suptitle(title, fontsize=TITLE, fontweight="bold", color=INK)
    if note:
        fig.supxlabel(note, fontsize=SMALL, color=QUIET)
    return fig


@cache
def _figure_of_a_notebook() -> type[Figure]:
    """A figure that a notebook shows, also where nobody has imported pyplot."""
    from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        def _repr_png_(self) -> bytes:
            return render(self, "png", dpi=100)

    return NotebookFigure


def dress(
    ax: Axes,
    *,
    x: str = "",
    y: str = "",
    title: str = "",
    grid: Literal["", "x", "y", "both"] = "",
    frame: bool = True,
) -> None:
    """Name the axes of a panel and give it the common look."""
    ax.set_facecolor(PAPER)
    ax.set_xlabel(x, fontsize=TEXT, color=INK)
    ax.set_ylabel(y, fontsize=TEXT, color=INK)
    ax.set_title(title, fontsize=HEADING, color=INK, loc="left", pad=8)
    ax.tick_params(labelsize=TEXT - 0.5, labelcolor=INK, color=QUIET, length=3, width=0.8)
    ax.tick_params(which="minor", length=0, labelsize=0)
    for side, spine in ax.spines.items():
        spine.set_visible(frame and side in ("left", "bottom"))
        spine.set_color(QUIET)
        spine.set_linewidth(0.8)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(True, axis=grid, color=FAINT, linewidth=0.8)


def legend(ax: Axes, **options: Any) -> None:
    """The legend of a panel; options as in ``Axes.legend``."""
    ax.legend(fontsize=TEXT - 0.5, labelcolor=INK, frameon=False, **options)


def percent_axis(axis: Axis) -> None:
    """Write shares in [0, 1] along an axis as percentages."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{round(100 * share, 6):g} %"))


def percent(share: float) -> str:
    """0.9912 as "99.12 %"."""
    return f"{100 * share:.2f} %"


def counted(number: int, thing: str) -> str:
    """A number and its noun: "1 filter", "8 filters"."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def columns(count: int, wish: float) -> int:
    """How many tiles to put in a row: near the wish, with as few empty places as can be."""
    least = max(1, min(count, round(wish)))
    return min(range(least, min(count, least + 3) + 1), key=lambda c: (-count % c, c))


def colour_bar(
    fig: Figure,
    ax: Axes,
    scale: ScalarMappable,
    label: str,
    *,
    shares: bool = False,
    **options: Any,
) -> None:
    """The bar that says what the colours of a panel mean."""
    bar = fig.colorbar(scale, ax=ax, **options)
    bar.set_label(label, fontsize=TEXT, color=INK)
    bar.ax.tick_params(labelsize=TEXT - 0.5, labelcolor=INK, color=QUIET, length=3)
    bar.outline.set_visible(False)
    if shares:
        percent_axis(bar.ax.yaxis)


def colour_scale(values: NDArray[np.floating[Any]]) -> tuple[str, float, float]:
    """A colour map and its two ends for some values.

    Values of both signs get a diverging map with white at zero and ends at the same distance;
    others a sequential one from zero. Non-finite values are passed over.
    """
    finite = values[np.isfinite(values)]
    least = float(finite.min()) if finite.size else 0.0
    most = float(finite.max()) if finite.size else 0.0
    if least < 0:
        reach = max(-least, most)
        return DIVERGING, -reach, reach
    return SEQUENTIAL, 0.0, most or 1.0


def pixels(image: ArrayLike) -> NDArray[np.float64]:
    """A picture as matplotlib draws it.

    Args:
        image: (H, W), (1, H, W) or (3, H, W); uint8, or floats in [0, 1].

    Returns:
        (H, W, 3) in [0, 1].

    Raises:
        ShapeError: it is no gray or RGB picture.
    """
    given = np.asarray(image)
    planes = given[None] if given.ndim == 2 else given
    if planes.ndim != 3 or planes.shape[0] not in (1, 3) or planes.size == 0:
        raise ShapeError(
            "image",
            expected="a shape (H, W), (1, H, W) or (3, H, W)",
            received=f"{given.shape}",
        )
    scaled = planes / 255.0 if planes.dtype.kind in "iu" else np.nan_to_num(planes)
    channels_last = np.clip(scaled.astype(np.float64), 0.0, 1.0).transpose(1, 2, 0)
    return np.broadcast_to(channels_last, (*planes.shape[1:], 3))


def luminance(colour: Sequence[float]) -> float:
    """How bright an RGB colour in [0, 1] looks, 0 black to 1 white (ITU-R BT.709)."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]
