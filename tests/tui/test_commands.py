"""Laws of the table of commands."""

from __future__ import annotations

from collections import Counter

import pytest
from textual.actions import parse

from tui.app.app import CnnTuiApp
from tui.keys.bindings import bindings_for
from tui.keys.commands import COMMANDS, DENIED, PLACES, command, commands_for
from tui.keys.labels import key_label
from tui.keys.pages import footer_for, help_for, readme_table
from tui.panes import pane_class

NAMES = [name for name, _ in PLACES]


@pytest.mark.parametrize("pane", NAMES)
def test_no_key_means_two_things_in_one_place(pane):
    keys = [key for entry in (*commands_for(None), *commands_for(pane)) for key in entry.keys]
    assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_no_command_uses_a_key_that_gets_lost():
    assert [entry.id for entry in COMMANDS if DENIED.intersection(entry.keys)] == []


def test_ids_are_unique_and_every_command_says_what_it_does():
    assert len({entry.id for entry in COMMANDS}) == len(COMMANDS)
    for entry in COMMANDS:
        assert entry.keys
        assert entry.title
        assert entry.help
        assert entry.pane in (None, *NAMES)
        assert command(entry.id) is entry


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.id)
def test_every_action_exists_and_can_be_parsed(entry):
    owner = CnnTuiApp if entry.pane is None else pane_class(entry.pane)
    assert callable(getattr(owner, entry.method, None))
    namespace, name, _ = parse(entry.action)
    assert (namespace, f"action_{name}") == ("", entry.method)


@pytest.mark.parametrize("name", NAMES)
def test_panes_call_themselves_as_the_table_does(name):
    assert pane_class(name).pane_name == name


@pytest.mark.parametrize("pane", NAMES)
def test_the_footer_fits_a_terminal_of_80_columns_and_ends_with_help_and_quit(pane):
    entries = footer_for(pane)
    assert [word for _, word in entries[-2:]] == ["help", "quit"]
    assert sum(len(key) + len(word) + 3 for key, word in entries) <= 80


@pytest.mark.parametrize("pane", [None, *NAMES])
def test_bindings_and_help_tell_of_every_command(pane):
    entries = commands_for(pane)
    assert [binding[3] for binding in bindings_for(pane)] == [entry.id for entry in entries]
    told = {text for _, text in help_for(pane)}
    assert {entry.help for entry in entries if not entry.id.startswith("pane.")} <= told


def test_the_key_page_has_a_row_for_every_command():
    assert readme_table().count("\n") == len(COMMANDS) + 2


def test_keys_are_written_for_people():
    assert key_label("question_mark") == "?"
    assert key_label("ctrl+p") == "Ctrl+P"
    assert key_label("f2") == "F2"
    assert key_label("G") == "G"
