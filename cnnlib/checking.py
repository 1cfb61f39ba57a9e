"""What an architecture text says, as far as it can be followed: made for an editor.

``check`` never raises. It follows the layers one by one, gives a row for each that it understands,
and a diagnostic for each that it does not; so a table of shapes can grow while the sixth layer is
still half typed.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from cnnlib.arrays import Shape
from cnnlib.errors import CnnError, SpecificationError
from cnnlib.layers import Layer
from cnnlib.layers.base import show
from cnnlib.layers.chain import names_of
from cnnlib.model import LayerRow, layer_row
from cnnlib.text import build, statements


class Diagnostic(NamedTuple):
    """Something wrong in an architecture text: where, and what to do."""

    line: int
    where: str
    expected: str
    received: str
    advice: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        error = CnnError(
            self.where, expected=self.expected, received=self.received, advice=self.advice
        )
        words = str(error)
        return words if words.startswith("line ") else f"line {self.line}: {words}"


class Check(NamedTuple):
    """What ``check`` found."""

    rows: tuple[LayerRow, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether a model can be made of the text."""
        return not any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    @property
    def parameters(self) -> int:
        """Parameters of all rows."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of all rows, for one example."""
        return sum(row.multiply_adds for row in self.rows)


def check(text: str, input_shape: Shape, classes: int | None = None) -> Check:
    """Follow an architecture text on images of ``input_shape`` (C, H, W).

    Args:
        text: one layer a line.
        input_shape: of one image.
        classes: how many outputs the last layer must have, or None for any.
    """
    diagnostics: list[Diagnostic] = []
    layers, lines = _readable(text, diagnostics)
    names = names_of(layers)
    rows: list[LayerRow] = []
    shape = input_shape
    for layer, line, name in zip(layers, lines, names, strict=True):
        if diagnostics and line > min(d.line for d in diagnostics):
            break  # shapes behind an unreadable line would be guesses
        try:
            row = layer_row(line, name, layer, shape)
        except SpecificationError as error:
            error.where = f"{name} ({error.where}), after {_path(rows, input_shape)}"
            diagnostics.append(_diagnostic(error, line))
            break
        rows.append(row)
        shape = row.output_shape
    if not diagnostics:
        diagnostics += _ending(rows, shape, classes, last=lines[-1] if lines else 1)
    return Check(tuple(rows), tuple(sorted(diagnostics, key=lambda found: found.line)))


def _readable(text: str, diagnostics: list[Diagnostic]) -> tuple[list[Layer], list[int]]:
    """The layers that can be read, with their lines; a diagnostic for each of the others."""
    try:
        nodes = statements(text, Layer)
    except SpecificationError as error:
        diagnostics.append(_diagnostic(error, error.line or 1))
        head = text.splitlines()[: (error.line or 1) - 1]
        return _readable("\n".join(head), diagnostics) if head else ([], [])
    layers, lines = [], []
    for node in nodes:
        try:
            layers.append(build(node, Layer))
            lines.append(node.lineno)
        except SpecificationError as error:
            diagnostics.append(_diagnostic(error, node.lineno))
    return layers, lines


def _diagnostic(error: SpecificationError, line: int) -> Diagnostic:
    return Diagnostic(error.line or line, error.where, error.expected, error.received, error.advice)


def _path(rows: list[LayerRow], input_shape: Shape) -> str:
    """The last few shapes on the way to a layer."""
    steps = [show(input_shape)] + [f"{row.name} {show(row.output_shape)}" for row in rows]
    return " → ".join(steps[-3:])


def _ending(rows: list[LayerRow], shape: Shape, classes: int | None, last: int) -> list[Diagnostic]:
    if not rows:
        return [Diagnostic(1, "the network", "at least one layer", "none", "Write Dense(10).")]
    if len(shape) != 1:
        return [
            Diagnostic(
                last,
                "the last layer",
                "scores of classes",
                f"images of {show(shape)}",
                "End with Flatten() or GlobalAvgPool2d(), then Dense(classes).",
            )
        ]
    if classes is not None and shape[0] != classes:
        return [
            Diagnostic(
                last,
                "the last layer",
                f"{classes} outputs, one a class",
                f"{shape[0]}",
                f"End with Dense({classes}).",
            )
        ]
    return []
