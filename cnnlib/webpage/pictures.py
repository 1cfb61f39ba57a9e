"""Arrays as pictures inside a page: PNG of their own size, which the browser enlarges."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlib.figures.style import colour_scale, pixels


def picture(image: ArrayLike, words: str, width: int = 84) -> str:
    """An image (H, W), (1, H, W) or (3, H, W), bytes or numbers in [0, 1], so many points wide."""
    return _tag(np.rint(255 * pixels(image)).astype(np.uint8), words, width)


def coloured(values: NDArray[np.floating[Any]], words: list[str], width: int = 72) -> list[str]:
    """Maps (F, H, W) in colours that they share: one scale, white or dark at zero."""
    from matplotlib import colormaps

    name, low, high = colour_scale(values)
    shares = np.nan_to_num((values - low) / (high - low))
    colours = colormaps[name](np.clip(shares, 0, 1), bytes=True)[..., :3]
    return [_tag(plane, word, width) for plane, word in zip(colours, words, strict=True)]


def _tag(rgb: NDArray[np.uint8], words: str, width: int) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    gray = (rgb == rgb[..., :1]).all()
    Image.fromarray(rgb[..., 0] if gray else rgb).save(buffer, "PNG", optimize=True)
    content = base64.b64encode(buffer.getvalue()).decode("ascii")
    height = max(1, round(width * rgb.shape[0] / rgb.shape[1]))
    return (
        f'<img src="data:image/png;base64,{content}" alt="{escape(words)}" title="{escape(words)}" '
        f'width="{width}" height="{height}">'
    )
