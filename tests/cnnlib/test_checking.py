"""``check`` follows any text as far as it can, says what is wrong and where, and never raises."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_cases import CASES

from cnnlib.architectures import ARCHITECTURES
from cnnlib.checking import Check, check
from cnnlib.errors import SpecificationError
from cnnlib.layers import Layer
from cnnlib.model import Sequential
from cnnlib.text import MAX_TEXT, family

MNIST = (1, 28, 28)
NETWORKS = {**ARCHITECTURES, **{str(c): c.text for c in CASES if len(c.text) > 100}}


def sane(text: str, found: Check) -> None:
    """What holds of every check, whatever the text."""
    lines = max(1, text.count("\n") + text.count("\r") + text.count("\f") + 1)
    for diagnostic in found.diagnostics:
        assert 1 <= diagnostic.line <= lines
        assert "\n" not in str(diagnostic)
        assert str(diagnostic).startswith("line ")
        assert diagnostic.expected or diagnostic.received
    assert list(found.diagnostics) == sorted(found.diagnostics, key=lambda d: d.line)
    for row in found.rows:
        assert min(row.output_shape) >= 1
        assert row.parameters >= 0
        assert row.multiply_adds >= 0
    assert found.ok == (not found.diagnostics)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_answered(text: str) -> None:
    sane(text, check(text, MNIST, classes=10))


WORDS = [
    *family(Layer),
    *("(", ")", "[", "]", ",", "=", "\n", "\n", " ", '"same"', '"', "#", "\\", "'", ":", "\0"),
    *("kernel", "stride", "layers", "units", "padding", "3", "0", "-1", "2.5", "1e999", "None"),
    *("True", "lambda", "import os", "x", "99999999999999999999", "0x_", "\t", "é", "**", "*"),
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join))
def test_any_words_are_answered(text: str) -> None:
    sane(text, check(text, MNIST, classes=10))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(family(Layer))), st.text("0123456789.,-=[]()eklnrst\"' ", max_size=30))
def test_any_options_are_answered(name: str, options: str) -> None:
    text = f"{name}({options})"
    sane(text, check(text, MNIST))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_prefix_of_a_network_is_answered(name: str) -> None:
    text = NETWORKS[name]
    whole = check(text, MNIST)
    for length in range(len(text) + 1):
        prefix = text[:length]
        found = check(prefix, MNIST)
        sane(prefix, found)
        if prefix.endswith(("\n", ")")) and prefix.count("(") == prefix.count(")"):
            assert found.rows == whole.rows[: len(found.rows)]
            assert len(found.rows) == sum(map(bool, prefix.splitlines()))


@pytest.mark.parametrize("name", NETWORKS)
def test_rows_are_those_of_the_summary(name: str) -> None:
    found = check(NETWORKS[name], MNIST)
    assert found.ok or len(found.rows[-1].output_shape) == 3
    model = Sequential.parse(NETWORKS[name], MNIST)
    assert found.rows == model.summary()
    assert found.parameters == model.flat_parameters.size
    assert found.multiply_adds == sum(row.multiply_adds for row in model.summary())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join))
def test_what_is_right_can_be_built_and_what_is_wrong_cannot(text: str) -> None:
    found = check(text, (1, 6, 6))
    if found.ok and found.parameters < 1e6:
        assert Sequential.parse(text, (1, 6, 6)).summary()
    if found.diagnostics and "the last layer" not in {d.where for d in found.diagnostics}:
        with pytest.raises(SpecificationError):
            Sequential.parse(text, (1, 6, 6))


DIAGNOSED = [
    ("", 1, "the network: expected at least one layer, received none. Write Dense(10)."),
    ("Conv2d(8)\n\nConvolution(8)", 3, "received 'Convolution'"),
    ("# a net\nRelu()", 2, "Did you mean 'ReLU'?"),
    ("Conv2d(8, kernal=3)", 1, "Did you mean 'kernel'?"),
    ("Conv2d()", 1, "filters"),
    ("Conv2d(8, kernel=2.5)", 1, "a whole number"),
    ("Conv2d(8, kernel=31)", 1, "at most 28 pixels on an input of 1×28×28, received 31"),
    ("Conv2d(8)\nReLU()\nMaxPool2d(2)\nConv2d(8, kernel=15)", 4, "8×13×13"),
    ("Conv2d(8, groups=3)", 1, "a divisor of filters=8"),
    ("Dense(10)", 1, "Put Flatten() or GlobalAvgPool2d() before it."),
    ("Flatten()\nConv2d(8)", 2, "784 features"),
    ("Conv2d(8)", 1, "End with Flatten() or GlobalAvgPool2d(), then Dense(classes)."),
    ("Flatten()\nDense(9)", 2, "End with Dense(10)."),
    ("Flatten()\nDropout(1.0)\nDense(10)", 2, "below 1"),
    ("Flatten()\nDense(10", 2, "a call such as"),
    ("Residual([Conv2d(8)])\nFlatten()\nDense(10)", 1, "of one shape (8×26×26)"),
    ("Residual([])", 1, "at least one"),
    ("x = Conv2d(8)", 1, "x = Conv2d(8)"),
    ("Flatten()\nDense(open('f'))", 2, "a whole number"),
    ("Flatten()\nDense(10).units", 2, "Dense(10).units"),
]


@pytest.mark.parametrize(("text", "line", "words"), DIAGNOSED)
def test_a_diagnostic_names_the_line_and_what_to_do(text: str, line: int, words: str) -> None:
    found = check(text, MNIST, classes=10)
    sane(text, found)
    assert not found.ok
    assert found.diagnostics[0].line == line
    assert words in str(found.diagnostics[0])


def test_all_unreadable_lines_are_named_and_the_rows_before_them_kept() -> None:
    found = check("Conv2d(8)\nRelu()\nMaxPool2d(2)\nDens(10)", MNIST)
    assert [d.line for d in found.diagnostics] == [2, 4]
    assert [row.name for row in found.rows] == ["conv1"]


def test_rows_keep_the_lines_of_the_text() -> None:
    found = check("# a net\nFlatten()\n\nDense(\n    10\n)\n", MNIST)
    assert found.ok
    assert [(row.line, row.name) for row in found.rows] == [(2, "flatten1"), (4, "dense1")]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "[" * 300 + "]" * 300,
        "Residual([" * 60 + "ReLU()" + "])" * 60,
        "-" * 3000 + "1",
        "Dense(" + "9" * 5000 + ")",
        "Flatten()\nDense(" + "9" * 4200 + ")\nDense(" + "9" * 4200 + ")\nDense(3)",
        "Conv2d(3, padding=" + "9" * 4200 + ")\nFlatten()",
        "Flatten()\nDense(" + "9" * 4200 + ")\nReLU()\nLayerNorm()",
        "ReLU()\n" * 3000,
        "#" * (MAX_TEXT + 1),
        "Flatten()\n" + "Dense(3\n" * 2000,
        "\ud800",
        "ReLU()\0",
        "Dense(1if 1else 2)",
        "Dropout(" + "9" * 400 + ")",
        "LeakyReLU(-1e999)",
        "Conv2d(3, padding='\\d')",
    ],
    ids=lambda text: f"{text[:12]!r}... {len(text)}",
)
def test_hostile_texts_are_answered_without_a_warning(text: str) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found = check(text, MNIST, classes=10)
    sane(text, found)
    assert heard == []
