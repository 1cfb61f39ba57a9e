"""Tables of a page, in the looks of its style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape


def rows_of(header: Sequence[str], rows: Iterable[Sequence[object]], words: int = 1) -> str:
    """A table; its first columns hold words, so many of them, the others numbers."""

    def row(tag: str, cells: Sequence[object]) -> str:
        looks = ["" if place < words else ' class="number"' for place in range(len(cells))]
        return "".join(
            f"<{tag}{look}>{escape(str(cell))}</{tag}>"
            for look, cell in zip(looks, cells, strict=True)
        )

    body = "".join(f"<tr>{row('td', cells)}</tr>" for cells in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{row("th", header)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def pairs(table: Mapping[str, object]) -> str:
    """Names and values; a value of several lines stands as it is written."""
    rows = []
    for name, value in table.items():
        text = str(value).strip()
        shown = f"<pre>{escape(text)}</pre>" if "\n" in text else escape(text) or "–"
        look = ' class="hash"' if len(text) > 30 and " " not in text else ""
        rows.append(f"<tr><th>{escape(name)}</th><td{look}>{shown}</td></tr>")
    return f'<div class="scroll"><table><tbody>{"".join(rows)}</tbody></table></div>'
