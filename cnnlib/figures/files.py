"""Figures become files: whole or not at all, and the same bytes for the same figure."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlib.errors import SpecificationError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
_UNDATED: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def check_format(name: str) -> str:
    """The format in lower case, without a leading dot, when it can be written.

    Raises:
        SpecificationError: it is none of ``FORMATS``.
    """
    chosen = name.lower().lstrip(".")
    if chosen not in FORMATS:
        raise SpecificationError(
            "figure format",
            expected=" or ".join(FORMATS),
            received=repr(name),
            advice="Choose one of them, or end the file's name with it.",
        )
    return chosen


def render(fig: Figure, format: str, dpi: float = 150) -> bytes:
    """A figure as the bytes of a file, without date or version.

    Args:
        fig: the figure.
        format: one of ``FORMATS``.
        dpi: dots per inch; for svg and pdf only of the pictures inside.

    Raises:
        SpecificationError: another format.
    """
    import matplotlib

    chosen = check_format(format)
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "cnnlib", "pdf.fonttype": 42}):
        fig.savefig(buffer, format=chosen, dpi=dpi, metadata=_UNDATED[chosen])
    return buffer.getvalue()


def save(fig: Figure, path: str | Path, dpi: float = 150) -> Path:
    """Write a figure; the end of the name chooses the format.

    The file appears whole or not at all. Folders on the way are made.

    Args:
        fig: the figure.
        path: a name that ends with one of ``FORMATS``.
        dpi: as in :func:`render`.

    Returns:
        The path.

    Raises:
        SpecificationError: the name ends otherwise.
        OSError: the folder cannot be written.
    """
    from cnnlib.runs.files import write_atomically

    target = Path(path)
    content = render(fig, check_format(target.suffix), dpi)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, content)
    return target
