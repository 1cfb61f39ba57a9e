"""What the terminal can do, asked once; every renderer takes the answer as an argument.

SSH forwards TERM but not COLORTERM, so 256 colours are the common case. Where the locale is not
UTF-8 everything is drawn in ASCII, and the Linux console has half blocks but no braille.
"""

from __future__ import annotations

import locale
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Colours = Literal[0, 16, 256, 16777216]
Glyphs = Literal["half", "ascii"]
Marker = Literal["braille", "half", "ascii"]

NAMES = {0: "no colour", 16: "16 colours", 256: "256 colours", 16777216: "true colour"}


@dataclass(frozen=True)
class Terminal:
    """The abilities of one terminal."""

    colours: Colours = 256
    utf8: bool = True
    width: int = 80
    height: int = 24
    ssh: bool = False
    multiplexer: str = ""
    name: str = "xterm-256color"
    plain: bool = False
    """The user chose ASCII (by `v`, or by the options)."""

    @property
    def glyphs(self) -> Glyphs:
        """How pictures are drawn: two pixels a cell by half blocks, or a ramp of characters."""
        return "half" if self.utf8 and self.colours and not self.plain else "ascii"

    @property
    def marker(self) -> Marker:
        """How lines are drawn."""
        if not self.utf8 or self.plain:
            return "ascii"
        return "half" if self.name.startswith("linux") else "braille"

    @property
    def unicode(self) -> bool:
        """Whether characters outside ASCII may be shown at all."""
        return self.utf8 and not self.plain

    def with_glyphs(self, glyphs: Glyphs) -> Terminal:
        """The same terminal, drawing this way (half blocks only where it can show them)."""
        return replace(self, plain=glyphs == "ascii")

    def describe(self) -> str:
        """One line for the help page and for `cnn-tui doctor`."""
        parts = [
            self.name or "unknown terminal",
            NAMES[self.colours],
            "UTF-8" if self.utf8 else "ASCII only",
            f"{self.width}x{self.height}",
        ]
        parts += ["over SSH"] if self.ssh else []
        parts += [self.multiplexer] if self.multiplexer else []
        return " · ".join(parts) if self.unicode else ", ".join(parts)


def ask(
    environ: Mapping[str, str] | None = None,
    *,
    codeset: str | None = None,
    size: tuple[int, int] | None = None,
) -> Terminal:
    """Read the environment (and, where not given, the locale and the size)."""
    env = os.environ if environ is None else environ
    columns, lines = size or shutil.get_terminal_size((80, 24))
    return Terminal(
        colours=_colours(env),
        utf8=_is_utf8(env, codeset),
        width=columns,
        height=lines,
        ssh=bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY")),
        multiplexer="tmux" if env.get("TMUX") else "screen" if env.get("STY") else "",
        name=env.get("TERM", ""),
    )


def _colours(env: Mapping[str, str]) -> Colours:
    term = env.get("TERM", "").lower()
    if env.get("NO_COLOR"):
        return 0
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return 16777216
    if "256" in term or term in ("xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm"):
        return 256
    return 0 if term in ("dumb", "unknown") else 16


def _is_utf8(env: Mapping[str, str], codeset: str | None) -> bool:
    if codeset is None:
        # The variables decide, not Python's UTF-8 mode, which holds even under LC_ALL=C.
        chosen = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
        if "." in chosen:
            codeset = chosen.split(".", 1)[1].split("@")[0]
        elif chosen in ("", "C", "POSIX"):
            codeset = "ascii" if chosen else _system_codeset()
        else:
            codeset = _system_codeset()
    return codeset.lower().replace("-", "").replace("_", "") == "utf8"


def _system_codeset() -> str:
    return locale.getencoding()
