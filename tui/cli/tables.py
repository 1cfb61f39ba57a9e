"""A plain table on the standard output: columns aligned, nothing that needs a terminal.

And values as a person wants to read them, in its cells or in a line of their own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

NONE = "-"


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print heads and rows; numbers stand to the right, None is a dash."""
    cells = [[NONE if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    right = [
        bool(rows) and all(_is_number(row[place]) for row in cells) for place in range(len(heads))
    ]
    for line in ([str(head) for head in heads], *cells):
        padded = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ]
        print("  ".join(padded).rstrip())


def percent(share: float | None) -> str | None:
    """A share in percent with two decimals; None stays None."""
    return None if share is None else f"{share:.2%}"


def readable(name: str, value: object) -> str:
    """A value of that name as a person wants to read it; nothing where there is none."""
    if value is None:
        return ""
    if name == "started" and isinstance(value, float):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value))
    if isinstance(value, float):
        return f"{value:.2%}" if name.endswith("accuracy") else f"{value:.4g}"
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return str(value).rstrip()


def in_one_line(text: str) -> str:
    """A text of several lines as a cell."""
    return " | ".join(text.split("\n")).rstrip(" |")


def _is_number(cell: str) -> bool:
    return cell == NONE or cell.replace(",", "").replace(".", "").rstrip("%").lstrip("-").isdigit()
