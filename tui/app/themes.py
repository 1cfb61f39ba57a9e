"""Textual themes made from the palettes of the renderers, so that widgets and cells agree."""

from __future__ import annotations

from textual.theme import Theme

from tui.render.palette import PALETTES, TERMINAL, Palette, css_colour

ON_THE_TERMINAL = {
    "ansi-background": "ansi_black",
    "ansi-foreground": "ansi_white",
    "block-cursor-foreground": "ansi_black",
    "input-cursor-background": "ansi_white",
    "input-cursor-foreground": "ansi_black",
    "input-cursor-text-style": "none",
    "input-selection-foreground": "ansi_black",
    "screen-selection-background": "ansi_bright_blue",
    "screen-selection-foreground": "ansi_black",
}
"""What Textual asks of a theme that has the terminal's own colours."""


def theme(palette: Palette) -> Theme:
    """The theme of a palette."""
    c = {name: css_colour(value) for name, value in vars(palette).items() if isinstance(value, int)}
    return Theme(
        name=palette.name,
        dark=palette.dark,
        ansi=palette is TERMINAL,
        primary=c["accent"],
        secondary=c["valid"],
        accent=c["accent"],
        success=c["good"],
        warning=c["warn"],
        error=c["bad"],
        foreground=c["text"],
        background=c["background"],
        surface=c["surface"],
        panel=c["panel"],
        luminosity_spread=0.1,
        variables={
            "border": c["accent"],
            "border-blurred": c["border"],
            "block-cursor-background": c["selected"],
            "block-cursor-foreground": c["text"],
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": c["panel"],
            "block-cursor-blurred-foreground": c["text"],
            "input-selection-background": c["selected"],
            "scrollbar": c["border"],
            "scrollbar-hover": c["muted"],
            "scrollbar-active": c["accent"],
            "scrollbar-background": c["background"],
            "scrollbar-background-hover": c["background"],
            "scrollbar-background-active": c["background"],
            "muted": c["muted"],
            "faint": c["faint"],
            "frame": c["border"],
            **(ON_THE_TERMINAL if palette is TERMINAL else {}),
        },
    )


THEMES = tuple(theme(palette) for palette in PALETTES.values())
