"""A table as HTML, for notebooks and for the page of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_LEFT, _RIGHT = ' style="text-align:left"', ' style="text-align:right"'


def table(header: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """A table that any page shows legibly, without a style sheet.

    Args:
        header: the names of the columns.
        rows: the cells, shown by ``str`` and escaped.
        left: how many columns, from the left, hold words; the others hold numbers.

    >>> table(["class", "recall"], [["<0>", "98 %"]]).count("&lt;0&gt;")
    1
    """
    lines = [_row("th", header, left), *(_row("td", row, left) for row in rows)]
    head, *body = lines
    return f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"


def _row(tag: str, cells: Sequence[object], left: int) -> str:
    written = (
        f"<{tag}{_LEFT if place < left else _RIGHT}>{escape(str(cell))}</{tag}>"
        for place, cell in enumerate(cells)
    )
    return f"<tr>{''.join(written)}</tr>"
