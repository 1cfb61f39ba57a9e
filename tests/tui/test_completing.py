"""Laws of completion: what is offered fits where the cursor stands."""

from __future__ import annotations

import pytest

from cnnlib.layers import Layer
from cnnlib.text import family
from tui.drafting.completing import complete, tokens


def offered(line: str, column: int | None = None) -> list[str]:
    return [
        choice.text for choice in complete(line, len(line) if column is None else column).choices
    ]


@pytest.mark.parametrize("name", family(Layer))
def test_every_layer_is_completed_from_its_letters_small_or_large(name):
    for typed in (name[:2], name[:2].lower(), name):
        assert any(text.startswith(f"{name}(") for text in offered(typed))
    about = {choice.text: choice.about for choice in complete(name, len(name)).choices}
    assert all(about.values())


@pytest.mark.parametrize("name", family(Layer))
def test_every_option_is_offered_until_it_is_given(name):
    options = [option.name for option in family(Layer)[name].options()]
    assert offered(f"{name}(") == [f"{option}=" for option in options]
    for option in options:
        assert f"{option}=" not in offered(f"{name}({option}=1, ")
        assert offered(f"{name}({option}=1, {option[:2]}") == [
            f"{each}=" for each in options if each.startswith(option[:2]) and each != option
        ]
    for given in range(1, len(options)):
        text = f"{name}({', '.join('1' for _ in range(given))}, "
        assert offered(text) == [f"{option}=" for option in options[given:]]


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("Conv2d(32, padding=", ['"same"', '"valid"', "0"]),
        ('Conv2d(32, padding="s', ['"same"']),
        ("Conv2d(32, bias=T", ["True"]),
        ("Residual([Co", ["Conv2d("]),
        ("Residual([Conv2d(8, ke", ["kernel="]),
        ("Residual([Conv2d(8), Re", ["ReLU()", "Residual("]),
        ("Dense(10)", []),
        ("Dense(10", []),
        ("", []),
        ("  ", []),
        ("zzz", []),
        ("# Co", []),
        ("Nothing(ke", []),
        ("Conv2d(nothing=", []),
    ],
)
def test_what_fits_is_offered(line, choices):
    assert offered(line) == choices


def test_nothing_is_offered_within_a_word():
    assert offered("Conv2d(8)", 2) == []
    assert offered("Conv2d()", 7)


def test_words_are_known_for_what_they_are():
    line = 'Conv2d(32, padding="same", bias=True) Foo() # Conv2d'
    found = [(line[token.start : token.stop], token.kind) for token in tokens(line)]
    assert found == [
        ("Conv2d", "layer"),
        ("32", "number"),
        ("padding", "option"),
        ('"same"', "string"),
        ("bias", "option"),
        ("True", "constant"),
        ("Foo", "unknown"),
        ("# Conv2d", "comment"),
    ]
