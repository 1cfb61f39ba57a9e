"""Laws of config.toml: what it says holds, what it may not say is named, nothing is passed over."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cnnlib.errors import SpecificationError
from tui.app.app import app_with
from tui.app.themes import THEMES
from tui.cli.program import program
from tui.keys.commands import COMMANDS, DENIED, PANES, command
from tui.keys.labels import LABELS, key_label
from tui.keys.pages import footer_for
from tui.render.palette import COLOUR_BLIND, DARK, LIGHT, PALETTES, TERMINAL, css_colour, hex_colour
from tui.settings.preferences import Preferences, config_path, key_name, load
from tui.terminal.abilities import Terminal


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_without_a_file_all_is_as_it_is(tmp_path):
    assert load(tmp_path / "none.toml") == Preferences()
    assert load(written(tmp_path, "")) == Preferences()


def test_what_the_file_says_holds(tmp_path):
    text = """
    [ui]
    theme = "colour-blind"
    glyphs = "ascii"
    refresh = 2
    mouse = false
    [keys]
    "train.pause" = "z, F5"
    "train.freeze" = "Ctrl+T"
    help = "?"
    """
    found = load(written(tmp_path, text))
    assert (found.theme, found.glyphs, found.refresh) == ("colour-blind", "ascii", 2.0)
    assert found.mouse is False
    keys = {entry.id: entry.keys for entry in found.commands}
    assert keys["train.pause"] == ("z", "f5")
    assert keys["train.freeze"] == ("ctrl+t",)
    assert keys["help"] == ("question_mark",)
    changed = {"train.pause", "train.freeze", "help"}
    assert {entry.id for entry in COMMANDS if keys[entry.id] != entry.keys} == changed
    assert ("z", "pause") in footer_for("train", found.commands)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[iu]\n", "'iu'"),
        ("ui = 3\n", "a table [ui]"),
        ('[ui]\nthem = "dark"\n', "Did you mean 'theme'?"),
        ('[ui]\ntheme = "pink"\n', "one of dark, light, colour-blind, terminal"),
        ("[ui]\nglyphs = 3\n", "one of auto, half, ascii"),
        ("[ui]\nrefresh = 60\n", "from 1 to 10"),
        ("[ui]\nmouse = 1\n", "true or false"),
        ("[ui]\nrefresh = true\n", "from 1 to 10"),
        ('[keys]\n"train.puase" = "p"\n', "Did you mean"),
        ('[keys]\n"train.pause" = ""\n', "keys separated by commas"),
        ('[keys]\n"train.pause" = 3\n', "keys separated by commas"),
        ('[keys]\n"train.pause" = "spaace"\n', "a key as the help page writes it"),
        ('[keys]\n"train.pause" = "ctrl+h"\n', "a key that arrives"),
        ('[keys]\n"train.pause" = "x"\n', "train.stop"),
        ('[keys]\n"train.pause" = "q"\n', "quit"),
        ('[keys]\nhelp = "p"\n', "train.pause"),
        ("[ui\n", "TOML"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path, text, told):
    path = written(tmp_path, text)
    with pytest.raises(SpecificationError) as error:
        load(path)
    assert told in str(error.value)
    assert str(path) in str(error.value)


def test_two_commands_may_change_their_keys(tmp_path):
    text = '[keys]\n"train.pause" = "x"\n"train.stop" = "p"\n'
    found = load(written(tmp_path, text)).commands
    keys = {entry.id: entry.keys for entry in found}
    assert (keys["train.pause"], keys["train.stop"]) == (("x",), ("p",))


def test_every_key_of_the_table_can_be_written_as_it_is_shown():
    for key in {key for entry in COMMANDS for key in entry.keys} | set(LABELS):
        assert key_name(key_label(key)) == key
    for key in ("ctrl+h", "ctrl+a", "alt+1", "f10"):
        assert key_name(key) in DENIED
    for nonsense in ("", "++", "hyper+x", "ctrl+", "ü", "f13", "pp"):
        assert key_name(nonsense) is None


async def test_the_app_obeys_the_new_keys_and_not_the_old(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = load(written(tmp_path, '[ui]\ntheme = "light"\n[keys]\nhelp = "Z"\n'))
    app = app_with(found.commands)(
        Terminal(), data="mnist-5k", runs=tmp_path / "runs", preferences=found
    )
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.theme == LIGHT.name
        assert app.session.palette is LIGHT
        await pilot.press("question_mark")
        assert app.screen is app.main
        await pilot.press("Z")
        await pilot.pause()
        assert app.screen is not app.main
        await pilot.press("escape", "3")
        assert app.current_pane.pane_name == "train"


@pytest.mark.parametrize("name", PALETTES)
async def test_every_theme_shows_every_pane_legibly(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path))
    prefers = Preferences(theme=name.removeprefix("cnn-"))
    app = app_with(COMMANDS)(
        Terminal(), data="mnist-5k", runs=tmp_path / "runs", preferences=prefers
    )
    async with app.run_test(size=(80, 24)) as pilot:
        for digit, _ in enumerate(PANES, start=1):
            await pilot.press(str(digit))
            await pilot.pause(0.1)
            for strip in app.screen._compositor.render_strips():
                for segment in strip:
                    style = segment.style
                    if segment.text.strip(" ▀▄█") and style and style.color and style.bgcolor:
                        same = style.color == style.bgcolor
                        assert not same or style.color.name == "default", segment


async def test_themes_go_round(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    app = app_with(COMMANDS)(Terminal(), data="mnist-5k", runs=tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        seen = [app.theme]
        for _ in PALETTES:
            await pilot.press("t")
            await pilot.pause(0.1)
            seen.append(app.theme)
        assert seen == [*PALETTES, DARK.name]


def test_wrong_preferences_are_one_line_and_exit_code_2(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_TUI_CONFIG", str(written(tmp_path, '[ui]\ntheme = "pink"\n')))
    assert config_path() == tmp_path / "config.toml"
    monkeypatch.setattr("tui.terminal.guard.require_terminal", lambda: None)
    assert CliRunner().invoke(program, []).exit_code != 0
    with pytest.raises(SpecificationError):
        load()


def test_the_keys_of_a_place_stay_apart():
    for pane, _ in PANES:
        keys = [key for e in COMMANDS if e.pane in (None, pane) for key in e.keys]
        assert max(Counter(keys).values()) == 1
    assert command("theme").keys


# Viénot, Brettel and Mollon 1999: linear RGB as it is seen without the long or the middle cones.
SEEN = {
    "protanopia": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deuteranopia": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
}


def linear(colour: int) -> list[float]:
    return [((colour >> shift & 255) / 255) ** 2.2 for shift in (16, 8, 0)]


def seen(colour: int, eyes: str) -> list[float]:
    return [
        max(0.0, sum(a * b for a, b in zip(row, linear(colour), strict=True))) ** (1 / 2.2)
        for row in SEEN[eyes]
    ]


@pytest.mark.parametrize("eyes", SEEN)
def test_colour_blind_eyes_tell_the_colours_apart(eyes):
    palette = COLOUR_BLIND
    groups = [(palette.train, palette.valid), (palette.good, palette.warn, palette.bad)]
    for group in (*groups, palette.series):
        for one, other in itertools.combinations(group, 2):
            apart = max(abs(a - b) for a, b in zip(seen(one, eyes), seen(other, eyes), strict=True))
            assert apart > 0.15, (hex(one), hex(other), apart)


def test_the_terminals_own_colours_are_named_and_no_others():
    for name, value in vars(TERMINAL).items():
        if isinstance(value, int) and name != "dark":
            assert -17 <= value < 0
            assert css_colour(value).startswith("ansi_")
            assert hex_colour(value).startswith(("default", "color("))
    assert [theme.name for theme in THEMES if theme.ansi] == [TERMINAL.name]
