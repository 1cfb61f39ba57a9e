"""The filter line of the mistakes: what it lets through, and what it refuses in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlib.errors import SpecificationError
from cnnlib.report import Mistake
from tui.mistakes.filtering import parse_filter
from tui.mistakes.notes import NOTHING, Note

DIGITS = [str(digit) for digit in range(10)]
CLOTHES = ["T-shirt/top", "Ankle boot", "Bag"]


def a_mistake(label: int, predicted: int, confidence: float = 0.5, loss: float = 1.0) -> Mistake:
    return Mistake(0, label, predicted, confidence, loss, ())


def passes(text: str, mistake: Mistake, classes: list[str] = DIGITS) -> bool:
    return all(term.holds(mistake) for term in parse_filter(text, classes))


def test_classes_and_figures() -> None:
    assert passes("t=2 p=7", a_mistake(2, 7))
    assert not passes("t=2 p=7", a_mistake(2, 1))
    assert passes("conf>0.9", a_mistake(2, 7, confidence=0.95))
    assert not passes("conf > 0.9", a_mistake(2, 7, confidence=0.9))
    assert passes("LOSS<3 T=4", a_mistake(4, 7, loss=2.0))
    assert passes("", a_mistake(1, 2))


def test_names_of_several_words() -> None:
    assert passes("t=ankle boot p=Bag", a_mistake(1, 2), CLOTHES)
    assert not passes("t=Ankle boot", a_mistake(0, 2), CLOTHES)
    assert passes("t=1", a_mistake(1, 2), CLOTHES)


def test_what_is_noted_and_known_about_an_image() -> None:
    noted, mistake = Note(True, "odd #ink #thick-pen"), a_mistake(2, 7)

    def holds(text: str, note: Note = NOTHING, wrong_label: bool = False) -> bool:
        terms = parse_filter(text, DIGITS)
        return all(term.holds(mistake, note, wrong_label=wrong_label) for term in terms)

    assert holds("tag=INK p=7", noted)
    assert holds("tag=#thick-pen is=marked", noted)
    assert not holds("tag=odd", noted)
    assert not holds("tag=ink p=3", noted)
    assert not holds("is=marked")
    assert holds("is=noted", noted)
    assert holds("is=error", wrong_label=True)
    assert not holds("is=error", noted)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_class_lets_its_own_through(wanted: int, label: int, predicted: int) -> None:
    assert passes(f"t={wanted}", a_mistake(label, predicted)) == (wanted == label)
    assert passes(f"p={wanted}", a_mistake(label, predicted)) == (wanted == predicted)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("seven", "t=2 p=7"),
        ("x t=1", "t=2 p=7"),
        ("t=12", "one of 0, 1"),
        ("t>1", "one of 0, 1"),
        ("conf>much", "a number"),
        ("loss=", "a number"),
        ("tag=", "one word"),
        ("tag=two words", "one word"),
        ("is=odd", "marked, noted, error"),
    ],
)
def test_nonsense_is_refused_with_what_was_expected(text: str, hint: str) -> None:
    with pytest.raises(SpecificationError) as refused:
        parse_filter(text, DIGITS)
    assert hint in str(refused.value)


def test_a_word_that_is_none_is_named_alone() -> None:
    with pytest.raises(SpecificationError) as refused:
        parse_filter("t=3 p=7 con>0.9", DIGITS)
    assert "received con>0.9" in str(refused.value)
