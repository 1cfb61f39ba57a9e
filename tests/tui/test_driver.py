"""What the terminal sends, read as keys: Escape is a key of its own, answers are no keys."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("there is no such terminal", allow_module_level=True)

from textual import events

from tui.terminal.driver import KeyParser

Read = tuple[list[str], int]


def read(text: str, *, in_field: bool = False) -> Read:
    """The keys in what a terminal sent in one piece, and how many answers."""
    answers: list[None] = []
    parser = KeyParser(lambda: answers.append(None), lambda: in_field)
    keys = [message.key for message in parser.feed(text) if isinstance(message, events.Key)]
    keys += [message.key for message in parser.feed("") if isinstance(message, events.Key)]
    return keys, len(answers)


@pytest.mark.parametrize(
    "key",
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNPQRSTUVWXYZ0123456789+-/?:.,=]",
)
def test_escape_and_a_key_in_one_burst_are_two_keys(key: str) -> None:
    alone, _ = read(key)
    assert read("\x1b" + key) == (["escape", *alone], 0)
    assert read("\x1b" + key + "xyz") == (["escape", *alone, "x", "y", "z"], 0)


@pytest.mark.parametrize("key", ["[", "O"])
def test_escape_and_the_beginning_of_a_sequence_are_two_keys_too(key: str) -> None:
    alone, _ = read(key)
    assert read("\x1b" + key) == (["escape", *alone], 0)


def test_escape_twice_is_escape_twice() -> None:
    assert read("\x1b\x1b") == (["escape", "escape"], 0)
    assert read("\x1b\x1bj") == (["escape", "escape", "j"], 0)


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b[A", "up"),
        ("\x1bOB", "down"),
        ("\x1bOQ", "f2"),
        ("\x1b[5~", "pageup"),
        ("\x1b[Z", "shift+tab"),
        ("\x1b[1;5C", "ctrl+right"),
        ("\x1b[27u", "escape"),
    ],
)
def test_keys_of_more_than_one_character_stay_whole(sent: str, key: str) -> None:
    assert read(sent) == ([key], 0)


def test_in_a_field_option_and_an_arrow_move_by_a_word() -> None:
    assert read("\x1bb", in_field=True) == (["ctrl+left"], 0)
    assert read("\x1bf", in_field=True) == (["ctrl+right"], 0)


def test_an_answer_is_no_key() -> None:
    assert read("j\x1b[0nk") == (["j", "k"], 1)
    assert read("\x1b[0n\x1b[0n") == ([], 2)
    assert read("\x1b[?2026;2$y") == ([], 0)
