"""How a key is written for people, on the help page, in the footer and in the settings file."""

from __future__ import annotations

LABELS = {
    "question_mark": "?",
    "colon": ":",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "slash": "/",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "space": "Space",
    "backspace": "Backspace",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


def key_label(key: str) -> str:
    """How a key is written for people: "question_mark" -> "?", "ctrl+p" -> "Ctrl+P"."""
    if key in LABELS:
        return LABELS[key]
    if "+" in key:
        return "+".join(part.title() for part in key.split("+"))
    return key.upper() if len(key) > 1 and key[0] == "f" and key[1:].isdigit() else key
